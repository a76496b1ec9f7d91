import { Mutex } from "#lib/base/lock.ts";
import type { Clock } from "#lib/base/clock.ts";
import { parseCatalogTime } from "#lib/base/local-time.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { Catalog } from "#catalog/catalog.ts";
import { findMedia, updateMediaIfStatus } from "#catalog/queries/media.ts";
import { findPool } from "#catalog/queries/pools.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import type { CatalogVolume } from "#proto/job.ts";
import { capacityWarning } from "./capacity.ts";
import type { LabelFacts } from "./label-values.ts";
import { poolLimits } from "./pool-limits.ts";
import type { PoolPolicy } from "./pool-policy.ts";
import type { SpaceRelief } from "./space-relief.ts";
import type { VolumeClaims } from "./volume-claims.ts";
import { limitReached } from "./volume-limits.ts";
import type { VolumePruner } from "./volume-pruner.ts";
import { SearchTurn } from "./search-turn.ts";
import { VolumeSearch } from "./volume-search.ts";
import { catalogVolume } from "./volume-state.ts";

/** What a storage daemon asks for, and for whom. */
export interface VolumeWish {
  readonly jobId: number;
  readonly pool: string;
  readonly mediaType: string;
  readonly device: string;
  readonly storageId: number;
  /** Storage resource, by name. */
  readonly storage: string;
  readonly isAutochanger: boolean;
  /** The last Volume could not be written because the device's file system has no room. */
  readonly noSpace: boolean;
  /** Volumes that the daemon could not use while asking this. */
  readonly refused: readonly string[];
  /** The Job says Prune Volumes: prune whatever the Pool says. */
  readonly prunesVolumes: boolean;
  /** The job was run with newvolume=yes: it begins on a Volume that holds nothing yet. */
  readonly beginsAnew: boolean;
  /** Values for the variables of Label Format; date, Counters and environment aside. */
  readonly facts: LabelFacts;
}

/** Answer to a wish, and lines for the job's log. */
export type VolumeAnswer = { readonly lines: readonly string[] } & (
  | { readonly kind: "use"; readonly volume: CatalogVolume }
  | {
      readonly kind: "none";
      readonly reason: string;
      /** Waiting does not help: the job is to end. */
      readonly isFinal?: boolean;
    }
);

/** What a finder works with; one a catalog. */
export interface FinderParts {
  readonly catalog: Catalog;
  readonly claims: VolumeClaims;
  readonly clock: Clock;
  readonly pruner: VolumePruner;
  readonly relief: SpaceRelief;
  /** What the configuration in force says of a Pool. */
  readonly policy: (pool: string) => PoolPolicy;
}

/**
 * Finds Volumes to append to, in the order of docs/manual/pools-and-volumes.md. One wish at a time, so that two jobs never make or take the
 * same Volume; a search that waits (for room, for pruning) lets the others have their turn meanwhile.
 */
export class VolumeFinder {
  readonly #parts: FinderParts;
  readonly #turns = new Mutex();
  readonly #leftOff = new Map<number, number>();

  constructor(parts: FinderParts) {
    this.#parts = parts;
  }

  /** "Which Volume shall I append to?" */
  async find(wish: VolumeWish, signal: AbortSignal): Promise<VolumeAnswer> {
    return await this.#answer(wish, signal, async (search) => await search.find());
  }

  /** "Is this Volume, which is in the drive, good to append to?" */
  async check(wish: VolumeWish, name: string, signal: AbortSignal): Promise<VolumeAnswer> {
    return await this.#answer(wish, signal, async (search) => await search.check(name));
  }

  /** Gives Volumes that a job has filled to a limit their new status; answers the lines for its log. */
  async settle(
    volumes: readonly MediaRow[],
    poolName: string,
  ): Promise<{ readonly lines: readonly string[]; readonly warnings: readonly string[] }> {
    const { catalog, clock } = this.#parts;
    const pool = await findPool(catalog, poolName);
    if (pool === null) return { lines: [], warnings: [] };
    const limits = await poolLimits(catalog, pool);
    const lines: string[] = [];
    for (const row of volumes) {
      const limit = limitReached(row, limits, clock.nowMs());
      if (limit !== null && (await updateMediaIfStatus(catalog, row.MediaId, "Append", { VolStatus: limit.status })))
        lines.push(limit.text);
    }
    const { warnsAtPercent } = this.#parts.policy(poolName);
    const warnings = volumes.map((row) => capacityWarning(row, warnsAtPercent)).filter((line) => line !== undefined);
    return { lines, warnings };
  }

  async #answer(
    wish: VolumeWish,
    signal: AbortSignal,
    look: (search: VolumeSearch) => Promise<MediaRow>,
  ): Promise<VolumeAnswer> {
    using turn = await SearchTurn.acquire(this.#turns, signal);
    const pool = await findPool(this.#parts.catalog, wish.pool);
    if (pool === null) return { kind: "none", reason: `Pool "${wish.pool}" is not in the catalog`, lines: [] };
    const search = new VolumeSearch(this.#parts, wish, pool, this.#leftOff, turn, signal);
    try {
      return await this.#use(wish, pool, await look(search), search.lines);
    } catch (error) {
      if (!(error instanceof OperatorError) || signal.aborted) throw error;
      const isFinal = error.code === "SPACE_EXHAUSTED";
      return { kind: "none", reason: describeError(error), isFinal, lines: search.lines };
    }
  }

  async #use(wish: VolumeWish, pool: PoolRow, chosen: MediaRow, lines: readonly string[]): Promise<VolumeAnswer> {
    const { catalog, claims, policy } = this.#parts;
    const row = (await findMedia(catalog, chosen.VolumeName)) ?? chosen;
    if (claims.isElsewhere(row.VolumeName, wish.device, wish.jobId))
      return { kind: "none", reason: `Volume "${row.VolumeName}" is in use elsewhere`, lines };
    claims.take(row.VolumeName, { jobId: wish.jobId, device: wish.device, jobs: row.VolJobs });
    const volume = catalogVolume(row, { name: pool.Name, type: pool.PoolType }, unixSeconds);
    return { kind: "use", volume: { ...volume, autoLabel: policy(pool.Name).autoLabel }, lines };
  }
}

function unixSeconds(time: string | null): number {
  const ms = time === null ? null : parseCatalogTime(time);
  return ms === null ? 0 : Math.floor(ms / 1000);
}
