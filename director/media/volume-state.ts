import { Semaphore } from "#lib/base/lock.ts";
import { catalogTime, parseCatalogTime } from "#lib/base/local-time.ts";
import type { MediaChanges } from "#catalog/queries/media.ts";
import { volumeStatuses, type MediaRow, type VolumeStatus } from "#catalog/schema/media.ts";
import type { CatalogVolume, VolumeState } from "#proto/job.ts";

/** Statuses that a Volume leaves when a daemon has begun to write on it. */
const WRITABLE: readonly VolumeStatus[] = ["Append", "Recycle", "Purged"];

/**
 * What a daemon's statement about a Volume changes in its row. `Append` never undoes what an operator or a limit has set in the
 * meantime (Used, Read-Only, Disabled ...); Full, Used and Error always count.
 */
export function changesOf(state: VolumeState, row: Pick<MediaRow, "VolStatus" | "InitialWrite" | "LabelDate">): MediaChanges {
  const status = statusAfter(state.status, row.VolStatus);
  const firstWritten = time(state.firstWritten);
  return {
    ...(status === null ? {} : { VolStatus: status }),
    VolBytes: state.bytes,
    VolBlocks: state.blocks,
    VolFiles: state.files,
    VolJobs: state.jobs,
    VolMounts: state.mounts,
    VolWrites: state.writes,
    VolErrors: state.errors,
    VolType: state.volType,
    EndFile: state.endFile,
    EndBlock: state.endBlock,
    FirstWritten: firstWritten,
    LastWritten: time(state.lastWritten),
    ...(state.labelDate > 0 ? { LabelDate: time(state.labelDate) } : {}),
    ...(row.InitialWrite === null && firstWritten !== null ? { InitialWrite: firstWritten } : {}),
  };
}

/** A Media row as the storage daemon needs it. */
export function catalogVolume(
  row: MediaRow,
  pool: { readonly name: string; readonly type: string },
  toUnixSeconds: (time: string | null) => number,
): CatalogVolume {
  return {
    volume: row.VolumeName,
    pool: pool.name,
    poolType: pool.type,
    mediaType: row.MediaType,
    status: row.VolStatus,
    bytes: row.VolBytes,
    blocks: row.VolBlocks,
    files: row.VolFiles,
    jobs: row.VolJobs,
    mounts: row.VolMounts,
    writes: row.VolWrites,
    errors: row.VolErrors,
    maxBytes: row.MaxVolBytes,
    maxFiles: row.MaxVolFiles,
    maxJobs: row.MaxVolJobs,
    firstWritten: toUnixSeconds(row.FirstWritten),
    slot: row.Slot,
    inChanger: row.InChanger === 1,
    endFile: row.EndFile,
    endBlock: row.EndBlock,
    labelDate: toUnixSeconds(row.LabelDate),
    useDurationS: row.VolUseDuration,
  };
}

function statusAfter(said: string, before: VolumeStatus): VolumeStatus | null {
  const status = volumeStatuses.find((each) => each === said);
  if (status === undefined || status === before) return null;
  if (status === "Append" || status === "Recycle") return WRITABLE.includes(before) ? status : null;
  return status;
}

function time(seconds: number): string | null {
  return seconds > 0 ? catalogTime(seconds * 1000) : null;
}

/**
 * Order of what daemons say of Volumes. Statements of several jobs about one Volume come over several connections, so an older
 * one can arrive after a newer one; the older one is then left out.
 */
export class VolumeRevisions {
  readonly #newest = new Map<string, number>();
  readonly #turn = new Semaphore(1);

  /**
   * Does work that accepts statements and stores what was accepted, one after the other: else the store of an older statement could come
   * after that of a newer one of another job.
   */
  async inTurn(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    using _turn = await this.#turn.acquire(signal);
    await work();
  }

  /**
   * True if the statement is newer than all that were accepted. Of a Volume that nothing was accepted about since the Director
   * started, the count of writes tells, which only grows from one label to the next.
   */
  accept(state: VolumeState, row: Pick<MediaRow, "VolWrites" | "LabelDate">): boolean {
    const newest = this.#newest.get(state.volume);
    const labelled = (row.LabelDate === null ? null : parseCatalogTime(row.LabelDate)) ?? 0;
    const isNewer =
      newest === undefined ? state.writes >= row.VolWrites || state.labelDate * 1000 > labelled : state.revision > newest;
    if (isNewer) this.#newest.set(state.volume, state.revision);
    return isNewer;
  }
}
