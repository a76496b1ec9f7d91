import { Mutex } from "#lib/base/lock.ts";
import type { Clock } from "#lib/base/clock.ts";
import { catalogTime, parseCatalogTime } from "#lib/base/local-time.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { Catalog } from "#catalog/catalog.ts";
import { nextCounter } from "#catalog/queries/counters.ts";
import {
  createMedia,
  defaultsFromPool,
  findMedia,
  listAppendable,
  listPrunable,
  listPurged,
  listRecyclable,
  moveMedia,
  newestMediaId,
  recycleMedia,
  sumPoolBytes,
  updateMediaIfStatus,
  type MediaWanted,
} from "#catalog/queries/media.ts";
import { findPool, findPoolById } from "#catalog/queries/pools.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import type { CatalogVolume } from "#proto/job.ts";
import { chooseVolume, type Candidate } from "./choose-volume.ts";
import {
  countersIn,
  expandLabelFormat,
  forbidsCreation,
  isSimpleFormat,
  simpleName,
  type LabelVariables,
} from "./label-format.ts";
import type { SpaceRelief } from "./space-relief.ts";
import type { VolumeClaims } from "./volume-claims.ts";
import { limitReached, type PoolLimits } from "./volume-limits.ts";
import type { VolumePruner } from "./volume-pruner.ts";
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
  /** Values for the variables of Label Format, Counters aside. */
  readonly variables: LabelVariables;
}

/** Answer to a wish, and lines for the job's log. */
export type VolumeAnswer = { readonly lines: readonly string[] } & (
  | { readonly kind: "use"; readonly volume: CatalogVolume }
  | { readonly kind: "none"; readonly reason: string }
);

/** What a finder works with; one a catalog. */
export interface FinderParts {
  readonly catalog: Catalog;
  readonly claims: VolumeClaims;
  readonly clock: Clock;
  readonly pruner: VolumePruner;
  readonly relief: SpaceRelief;
}

/** Names tried when the next numbers are taken already. */
const NAMES_TRIED_MAX = 100;

/**
 * Finds Volumes to append to: one with room, else one to recycle, else one from the scratch pool, else a new one. One wish at a
 * time, so that two jobs never make or take the same Volume.
 */
export class VolumeFinder {
  readonly #catalog: Catalog;
  readonly #claims: VolumeClaims;
  readonly #clock: Clock;
  readonly #pruner: VolumePruner;
  readonly #relief: SpaceRelief;
  readonly #turn = new Mutex();

  constructor(parts: FinderParts) {
    this.#catalog = parts.catalog;
    this.#claims = parts.claims;
    this.#clock = parts.clock;
    this.#pruner = parts.pruner;
    this.#relief = parts.relief;
  }

  /** "Which Volume shall I append to?" */
  async find(wish: VolumeWish, signal: AbortSignal): Promise<VolumeAnswer> {
    using _held = await this.#turn.acquire(signal);
    const pool = await findPool(this.#catalog, wish.pool);
    if (pool === null) return { kind: "none", reason: `Pool "${wish.pool}" is not in the catalog`, lines: [] };
    const lines: string[] = [];
    try {
      if (wish.noSpace) lines.push(...(await this.#relief.relieve(wish, signal)).lines);
      const row =
        (await this.#append(wish, pool, lines)) ??
        (await this.#recycle(wish, pool, lines)) ??
        (await this.#prune(wish, pool, lines, signal)) ??
        (await this.#fromScratch(wish, pool, lines)) ??
        (await this.#create(wish, pool, lines));
      return this.#use(wish, pool, row, lines);
    } catch (error) {
      if (error instanceof OperatorError) return { kind: "none", reason: describeError(error), lines };
      throw error;
    }
  }

  /** "Is this Volume, which is in the drive, good to append to?" */
  async check(wish: VolumeWish, name: string, signal: AbortSignal): Promise<VolumeAnswer> {
    using _held = await this.#turn.acquire(signal);
    const pool = await findPool(this.#catalog, wish.pool);
    const row = await findMedia(this.#catalog, name);
    if (pool === null || row === null) return { kind: "none", reason: `Volume "${name}" is not in the catalog`, lines: [] };
    const lines: string[] = [];
    const fault = await this.#fault(wish, pool, row, lines);
    if (fault !== null) return { kind: "none", reason: `Volume "${name}" ${fault}`, lines };
    if (row.VolStatus === "Purged") return this.#use(wish, pool, await this.#recycled(row, lines), lines);
    return this.#use(wish, pool, row, lines);
  }

  /** Why the Volume in the drive cannot be appended to; null if it can. */
  async #fault(wish: VolumeWish, pool: PoolRow, row: MediaRow, lines: string[]): Promise<string | null> {
    if (row.PoolId !== pool.PoolId) return `is not in Pool "${pool.Name}"`;
    if (row.MediaType !== wish.mediaType) return `has Media Type "${row.MediaType}", not "${wish.mediaType}"`;
    if (row.Enabled !== 1) return "is not enabled";
    if (row.VolStatus === "Recycle" || (row.VolStatus === "Purged" && row.Recycle === 1)) return null;
    if (row.VolStatus !== "Append") return `has status ${row.VolStatus}`;
    const { volume } = await this.#choose([row], wish, pool, lines);
    return volume === null ? "takes no more jobs" : null;
  }

  async #append(wish: VolumeWish, pool: PoolRow, lines: string[]): Promise<MediaRow | null> {
    const wanted = { poolId: pool.PoolId, mediaType: wish.mediaType };
    if (wish.isAutochanger) {
      const inside = await this.#choose(
        await listAppendable(this.#catalog, { ...wanted, inChangerOf: wish.storageId }),
        wish,
        pool,
        lines,
      );
      if (inside.volume !== null) return inside.volume;
    }
    return (await this.#choose(await listAppendable(this.#catalog, wanted), wish, pool, lines)).volume;
  }

  /** Chooses, and gives the Volumes that have reached a limit their new status. */
  async #choose(
    rows: readonly MediaRow[],
    wish: VolumeWish,
    pool: PoolRow,
    lines: string[],
  ): Promise<{ readonly volume: MediaRow | null }> {
    const candidates = rows.filter((row) => !wish.refused.includes(row.VolumeName)).map((row) => this.#candidate(row, wish));
    const choice = chooseVolume(candidates, await this.#poolLimits(pool), this.#clock.nowMs());
    for (const { row, limit } of choice.spent) {
      if (await updateMediaIfStatus(this.#catalog, row.MediaId, "Append", { VolStatus: limit.status })) lines.push(limit.text);
    }
    return choice;
  }

  #candidate(row: MediaRow, wish: VolumeWish): Candidate {
    return {
      row,
      jobs: this.#claims.jobsOn(row.VolumeName, row.VolJobs, wish.jobId),
      isElsewhere: this.#claims.isElsewhere(row.VolumeName, wish.device, wish.jobId),
      isMine: this.#claims.isHeldBy(row.VolumeName, wish.jobId),
    };
  }

  async #recycle(wish: VolumeWish, pool: PoolRow, lines: string[]): Promise<MediaRow | null> {
    const wanted: MediaWanted = { poolId: pool.PoolId, mediaType: wish.mediaType };
    const isFree = (row: MediaRow) =>
      !wish.refused.includes(row.VolumeName) && !this.#claims.isElsewhere(row.VolumeName, wish.device, wish.jobId);
    const ready = (await listRecyclable(this.#catalog, wanted)).find(isFree);
    if (ready !== undefined) return ready;
    const purged = (await listPurged(this.#catalog, wanted)).find(isFree);
    return purged === undefined ? null : await this.#recycled(purged, lines);
  }

  async #prune(wish: VolumeWish, pool: PoolRow, lines: string[], signal: AbortSignal): Promise<MediaRow | null> {
    if (pool.AutoPrune !== 1) return null;
    for (const row of await listPrunable(this.#catalog, { poolId: pool.PoolId, mediaType: wish.mediaType })) {
      if (wish.refused.includes(row.VolumeName)) continue;
      const answer = await this.#pruner.prune(row, signal);
      lines.push(...answer.lines);
      const free = answer.isPurged ? await this.#recycle(wish, pool, lines) : null;
      if (free !== null) return free;
    }
    return null;
  }

  async #recycled(row: MediaRow, lines: string[]): Promise<MediaRow> {
    await recycleMedia(this.#catalog, row.MediaId);
    lines.push(`Recycled volume "${row.VolumeName}"`);
    return (await findMedia(this.#catalog, row.VolumeName)) ?? row;
  }

  async #fromScratch(wish: VolumeWish, pool: PoolRow, lines: string[]): Promise<MediaRow | null> {
    const scratch =
      pool.ScratchPoolId > 0 ? await findPoolById(this.#catalog, pool.ScratchPoolId) : await findPool(this.#catalog, "Scratch");
    if (scratch === null || scratch.PoolId === pool.PoolId || !hasRoom(pool)) return null;
    const row = (await this.#append(wish, scratch, lines)) ?? (await this.#recycle(wish, scratch, lines));
    if (row === null) return null;
    await this.#catalog.transaction(async (tx) => await moveMedia(tx, row, pool), { idempotent: true });
    lines.push(`Using Volume "${row.VolumeName}" from '${scratch.Name}' pool.`);
    return (await findMedia(this.#catalog, row.VolumeName)) ?? row;
  }

  async #create(wish: VolumeWish, pool: PoolRow, lines: string[]): Promise<MediaRow> {
    const format = pool.LabelFormat ?? "";
    if (forbidsCreation(format) || !hasRoom(pool)) {
      const why = forbidsCreation(format)
        ? "and the Pool has no Label Format"
        : `and the Pool has its ${pool.MaxVols} Volumes already`;
      throw new OperatorError(
        "VOLUME_NONE_AVAILABLE",
        `no Volume of Pool "${pool.Name}" with Media Type "${wish.mediaType}" can be appended to, ${why}`,
      );
    }
    const name = isSimpleFormat(format) ? await this.#numberedName(format) : await this.#expandedName(format, wish);
    const row = await createMedia(this.#catalog, {
      ...defaultsFromPool(pool),
      VolumeName: name,
      MediaType: wish.mediaType,
      VolStatus: "Append",
      PoolId: pool.PoolId,
      StorageId: wish.storageId,
      Enabled: 1,
      RecyclePoolId: pool.RecyclePoolId,
      ScratchPoolId: pool.ScratchPoolId,
    });
    lines.push(`Created new Volume="${name}", Pool="${pool.Name}", MediaType="${wish.mediaType}" in catalog.`);
    return row;
  }

  async #numberedName(format: string): Promise<string> {
    const first = (await newestMediaId(this.#catalog)) + 1;
    for (let number = first; number < first + NAMES_TRIED_MAX; number++) {
      const name = simpleName(format, number);
      if ((await findMedia(this.#catalog, name)) === null) return name;
    }
    throw new OperatorError(
      "VOLUME_NONE_AVAILABLE",
      `the names ${simpleName(format, first)} and ${NAMES_TRIED_MAX - 1} after it are taken`,
      { hint: "change LabelFormat of the Pool" },
    );
  }

  async #expandedName(format: string, wish: VolumeWish): Promise<string> {
    const counters = new Map<string, string>();
    for (const counter of countersIn(format))
      counters.set(counter, String(await this.#catalog.transaction(async (tx) => await nextCounter(tx, counter))));
    const name = expandLabelFormat(format, (variable) => counters.get(variable) ?? wish.variables(variable));
    if ((await findMedia(this.#catalog, name)) === null) return name;
    throw new OperatorError("VOLUME_NONE_AVAILABLE", `Label Format "${format}" gives "${name}", which exists already`, {
      hint: "add something that changes, such as a Counter",
    });
  }

  #use(wish: VolumeWish, pool: PoolRow, row: MediaRow, lines: readonly string[]): VolumeAnswer {
    this.#claims.take(row.VolumeName, { jobId: wish.jobId, device: wish.device, jobs: row.VolJobs });
    return { kind: "use", volume: catalogVolume(row, { name: pool.Name, type: pool.PoolType }, unixSeconds), lines };
  }

  async #poolLimits(pool: PoolRow): Promise<PoolLimits> {
    const poolBytes = pool.MaxPoolBytes > 0 ? await sumPoolBytes(this.#catalog, pool.PoolId) : 0;
    return { useOnce: pool.UseOnce === 1, maxPoolBytes: pool.MaxPoolBytes, poolBytes };
  }

  /** Gives Volumes that a job has filled to a limit their new status; answers the lines for its log. */
  async settle(volumes: readonly MediaRow[], poolName: string): Promise<readonly string[]> {
    const pool = await findPool(this.#catalog, poolName);
    if (pool === null) return [];
    const limits = await this.#poolLimits(pool);
    const lines: string[] = [];
    for (const row of volumes) {
      const limit = limitReached(row, limits, this.#clock.nowMs());
      if (limit !== null && (await updateMediaIfStatus(this.#catalog, row.MediaId, "Append", { VolStatus: limit.status })))
        lines.push(limit.text);
    }
    return lines;
  }
}

function hasRoom(pool: PoolRow): boolean {
  return pool.MaxVols === 0 || pool.NumVols < pool.MaxVols;
}

function unixSeconds(time: string | null): number {
  const ms = time === null ? null : parseCatalogTime(time);
  return ms === null ? 0 : Math.floor(ms / 1000);
}

/** Values of the built-in variables of Label Format. */
export function labelVariables(facts: Readonly<Record<string, string>>, nowMs: number): LabelVariables {
  const [date, time] = catalogTime(nowMs).split(" ") as [string, string];
  const [year, month, day] = date.split("-");
  const [hour, minute, second] = time.split(":");
  const own: Record<string, string | undefined> = {
    Year: year,
    Month: month,
    Day: day,
    Hour: hour,
    Minute: minute,
    Second: second,
    WeekDay: String(new Date(nowMs).getDay()),
    ...facts,
  };
  return (name) => (Object.hasOwn(own, name) ? own[name] : undefined);
}
