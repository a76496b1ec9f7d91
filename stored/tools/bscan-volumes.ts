import { catalogTime } from "#lib/base/local-time.ts";
import type { JobDescription } from "#lib/job-description/job-description.ts";
import type { Catalog } from "#catalog/catalog.ts";
import {
  createMedia,
  defaultsFromPool,
  findMedia,
  listMediaOfPool,
  updateMedia,
  type MediaChanges,
} from "#catalog/queries/media.ts";
import { ensurePool, findPool, type PoolRecord } from "#catalog/queries/pools.ts";
import { ensureMediaType } from "#catalog/queries/storages.ts";
import { poolTable, poolTypes, type PoolRow } from "#catalog/schema/pool.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { VolumeLabel } from "#stored/volume/volume-label.ts";
import { endOf } from "#stored/mount/volume-facts.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** What may be changed: nothing, rows of Volumes only, or everything. */
export type BscanScope = "nothing" | "media" | "all";

/** What was added or updated. */
export interface BscanCounts {
  media: number;
  pools: number;
  jobs: number;
  files: number;
}

/** What was found of a Volume that was read to its end. Times: milliseconds since 1970, 0 not known. */
export interface VolumeFindings {
  readonly bytes: number;
  /** Address of the end of a tape; undefined: it is none. */
  readonly tapeEnd: number | undefined;
  readonly blocks: number;
  readonly jobs: number;
  readonly firstWritten: number;
  readonly lastWritten: number;
  readonly isPreLabel: boolean;
  /** Storage that a job says it wrote to; 0: none says. */
  readonly storageId: number;
}

/** How bscan works on a catalog. */
export interface BscanOptions {
  readonly scope: BscanScope;
  readonly voice: ToolVoice;
  readonly isVerbose: boolean;
}

/** Most that a flag's column holds in both databases. */
const FLAG_MAX = 127;

/** The last millisecond that a column of times holds in both databases. */
const TIME_MAX_MS = Date.UTC(9999, 11, 30);

const poolColumns: Readonly<Record<string, { readonly kind: string }>> = poolTable.columns;

/** Puts Volumes and pools into the catalog; rows that are there keep what the Volume does not know. */
export class BscanVolumes {
  readonly #catalog: Catalog;
  readonly #scope: BscanScope;
  readonly #voice: ToolVoice;
  readonly #isVerbose: boolean;
  readonly #counts: BscanCounts;
  /** Pools that this run made, which nothing has described yet. */
  readonly #barePools = new Set<string>();
  readonly #newVolumes = new Set<number>();

  constructor(catalog: Catalog, options: BscanOptions, counts: BscanCounts) {
    this.#catalog = catalog;
    this.#scope = options.scope;
    this.#voice = options.voice;
    this.#isVerbose = options.isVerbose;
    this.#counts = counts;
  }

  /** The row of a Volume; null where none is there and none may be made. */
  async volume(label: VolumeLabel, volType: number): Promise<MediaRow | null> {
    const pool = await this.pool(label.pool, label.poolType);
    const known = await findMedia(this.#catalog, label.volume);
    if (known !== null) {
      this.#tell(`Media record for ${label.volume} found in DB.`);
      if (known.MediaType !== label.mediaType)
        this.#voice.message(`VOL_LABEL: MediaType mismatch. DB=${known.MediaType} Vol=${label.mediaType}`);
      else this.#tell(`VOL_LABEL: OK for Volume: ${label.volume}`);
      return known;
    }
    this.#counts.media += 1;
    if (this.#scope === "nothing" || pool === null) {
      this.#voice.message(`VOL_LABEL: Media record not found for Volume: ${label.volume}`);
      return null;
    }
    const made = await this.#catalog.transaction(async (tx) => {
      await ensureMediaType(tx, label.mediaType);
      return await createMedia(tx, {
        ...defaultsFromPool(pool),
        VolumeName: label.volume,
        MediaType: label.mediaType,
        PoolId: pool.PoolId,
        LabelDate: timeOf(label.labelDate),
        VolStatus: "Full",
        VolType: volType,
      });
    });
    this.#newVolumes.add(made.MediaId);
    this.#voice.message(`Created Media record for Volume: ${label.volume}`);
    return made;
  }

  /** Makes a Volume's row agree with what the Volume holds; what only the past knows (mounts, errors, status) stays. */
  async volumeEnd(media: MediaRow, found: VolumeFindings): Promise<void> {
    const row = (await findMedia(this.#catalog, media.VolumeName)) ?? media;
    if (row.VolBytes !== media.VolBytes || row.VolBlocks !== media.VolBlocks) {
      this.#voice.warning(`Volume "${media.VolumeName}" was written to while it was read: its row is left to its Director.`);
      return;
    }
    const { files, endFile, endBlock } = endOf(found.bytes, found.tapeEnd);
    const firstWritten = timeOf(found.firstWritten);
    const lastWritten = timeOf(found.lastWritten);
    const isNew = this.#newVolumes.has(media.MediaId);
    const wanted: MediaChanges = {
      VolBytes: found.bytes,
      VolBlocks: found.blocks,
      // The row of a Volume that is known also counts jobs that were sent here and wrote nothing.
      VolJobs: isNew ? found.jobs : Math.max(row.VolJobs, found.jobs),
      VolFiles: files,
      EndFile: endFile,
      EndBlock: endBlock,
      ...(row.FirstWritten === null && firstWritten !== null ? { FirstWritten: firstWritten } : {}),
      ...(row.InitialWrite === null && firstWritten !== null ? { InitialWrite: firstWritten } : {}),
      ...(lastWritten !== null && (row.LastWritten === null || row.LastWritten < lastWritten)
        ? { LastWritten: lastWritten }
        : {}),
      ...(isNew && found.isPreLabel ? { VolStatus: "Append" } : {}),
      ...(row.StorageId === 0 && found.storageId > 0 ? { StorageId: found.storageId } : {}),
    };
    const isSame = Object.entries(wanted).every(([key, value]) => row[key as keyof MediaRow] === value);
    if (isSame) return;
    if (!isNew) this.#counts.media += 1;
    if (this.#scope === "nothing") return;
    await updateMedia(this.#catalog, media.MediaId, wanted);
    this.#tell(`Updated Media record at end of Volume: ${media.VolumeName}`);
  }

  /** The row of a pool, made if it is not there; null where none may be made. */
  async pool(name: string, type: string): Promise<PoolRow | null> {
    const known = await findPool(this.#catalog, name);
    if (known !== null) {
      if (known.PoolType !== type) this.#voice.message(`VOL_LABEL: PoolType mismatch. DB=${known.PoolType} Vol=${type}`);
      return known;
    }
    this.#counts.pools += 1;
    if (this.#scope === "nothing") {
      this.#voice.message(`VOL_LABEL: Pool record not found for Pool: ${name}`);
      return null;
    }
    const made = await ensurePool(this.#catalog, {
      Name: name,
      PoolType: this.#poolTypeOf(type),
      UseCatalog: 1,
      AcceptAnyVolume: 1,
    });
    this.#barePools.add(name);
    this.#voice.message(`Created Pool record for Pool: ${name}`);
    return made;
  }

  /** Gives a pool that this run made, and the Volumes in it, what a job says of it. */
  async describePool(name: string, type: string, described: JobDescription["pool"]): Promise<void> {
    if (!this.#barePools.delete(name)) return;
    const columns = Object.keys(poolColumns).filter((column) => !/Id$|^(Name|NumVols|PoolType|LabelFormat)$/.test(column));
    const said = columns.filter((column) => {
      const value = described.numbers[column];
      return value !== undefined && (value <= FLAG_MAX || poolColumns[column]?.kind !== "flag");
    });
    const numbers = Object.fromEntries(said.map((column) => [column, described.numbers[column] ?? 0]));
    const idOf = async (other: string): Promise<number> =>
      other === "" ? 0 : (((await findPool(this.#catalog, other)) ?? (await this.pool(other, "Backup")))?.PoolId ?? 0);
    const record: PoolRecord = {
      Name: name,
      PoolType: this.#poolTypeOf(type),
      LabelFormat: described.labelFormat,
      ...numbers,
      ScratchPoolId: await idOf(described.scratchPool),
      RecyclePoolId: await idOf(described.recyclePool),
      NextPoolId: await idOf(described.nextPool),
    };
    const pool = await ensurePool(this.#catalog, record);
    for (const media of await listMediaOfPool(this.#catalog, pool.PoolId)) {
      if (!this.#newVolumes.has(media.MediaId)) continue;
      await updateMedia(this.#catalog, media.MediaId, { ...defaultsFromPool(pool), RecyclePoolId: pool.RecyclePoolId });
    }
  }

  /** A type that is none is damage; the pool's Volumes are worth more than its type. */
  #poolTypeOf(type: string): (typeof poolTypes)[number] {
    const known = poolTypes.find((each) => each.toLowerCase() === type.toLowerCase());
    if (known === undefined)
      this.#voice.error(`the label names a pool of type "${type.slice(0, 40)}"; Backup is taken for it.`);
    return known ?? "Backup";
  }

  #tell(text: string): void {
    if (this.#isVerbose) this.#voice.message(text);
  }
}

/** A DATETIME of the catalog; null for 0, and for what a damaged label says. */
export function timeOf(ms: number): string | null {
  return isTime(ms) ? catalogTime(ms) : null;
}

/** The same in unix seconds, as Job.JobTDate has it; 0 for none. */
export function secondOf(ms: number): number {
  return isTime(ms) ? Math.floor(ms / 1000) : 0;
}

function isTime(ms: number): boolean {
  return ms > 0 && ms <= TIME_MAX_MS;
}
