import { must } from "#lib/base/assert.ts";
import type { Clock } from "#lib/base/clock.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { Catalog } from "#catalog/catalog.ts";
import { catalogOptions } from "./config/catalog-options.ts";
import type { DirectorConfig } from "./config/load.ts";
import type { CatalogDesk } from "./job/job-context.ts";
import { recordResources } from "./job/catalog-rows.ts";
import { VolumeFinder, type FinderParts } from "./media/next-volume.ts";
import { VolumeClaims } from "./media/volume-claims.ts";
import type { Pressure } from "./pressure/pressure.ts";
import type { RetentionParts } from "./retention/parts.ts";
import { VolumeRevisions } from "./media/volume-state.ts";

/** What the choice of Volumes of one catalog rests on, and what prunes after jobs. */
export interface MediaHelpers extends Pick<FinderParts, "pruner" | "relief" | "policy"> {
  readonly retention: RetentionParts;
  /** Keeps the levels of Storages; undefined: nobody does. */
  readonly pressure: Pressure | undefined;
}

/** The open catalogs of the configuration, by the names of their resources. */
export class CatalogDesks implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #helpers: (catalog: Catalog, claims: VolumeClaims) => MediaHelpers;
  readonly #desks = new Map<string, CatalogDesk>();
  readonly #owned = new AsyncDisposableStack();

  constructor(clock: Clock, helpers: (catalog: Catalog, claims: VolumeClaims) => MediaHelpers) {
    this.#clock = clock;
    this.#helpers = helpers;
  }

  get names(): readonly string[] {
    return [...this.#desks.keys()];
  }

  /** Opens the catalogs that are not open yet, and brings the rows of resources in line. Throws CATALOG_MISSING, CATALOG_VERSION ... */
  async follow(config: DirectorConfig): Promise<void> {
    for (const resource of config.catalogs.values()) {
      if (!this.#desks.has(resource.name)) {
        const catalog = this.#owned.use(await Catalog.open(catalogOptions(resource, config.director.workingDirectory)));
        const claims = new VolumeClaims();
        const { retention, pressure, ...helpers } = this.#helpers(catalog, claims);
        await retention.clockGuard.begin(catalog);
        this.#desks.set(resource.name, {
          catalog,
          claims,
          finder: new VolumeFinder({ catalog, claims, clock: this.#clock, ...helpers }),
          revisions: new VolumeRevisions(),
          retention,
          pressure,
        });
      }
      await recordResources(this.desk(resource.name).catalog, resource.name, config);
    }
  }

  /** The open catalog of a Catalog resource. Throws JOB_UNKNOWN_RESOURCE. */
  desk(name: string): CatalogDesk {
    const desk = this.#desks.get(name);
    if (desk !== undefined) return desk;
    throw new OperatorError("JOB_UNKNOWN_RESOURCE", `there is no Catalog "${name}"`);
  }

  /** What pruning in an open catalog works with. */
  retentionOf(catalog: Catalog): RetentionParts {
    return must(
      [...this.#desks.values()].find((desk) => desk.catalog === catalog),
      "the desk of an open catalog",
    ).retention;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}
