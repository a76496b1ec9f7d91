import { OperatorError } from "#lib/errors/operator-error.ts";
import { parseCatalogTime } from "#lib/base/local-time.ts";
import { findMedia, lastWrittenMedia, listOldest, listPrunable, moveMedia } from "#catalog/queries/media.ts";
import { findPool, findPoolById } from "#catalog/queries/pools.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { labelValues } from "./label-values.ts";
import { addVolume, hasRoom, nextVolumeName, whyNoNewVolume } from "./new-volume.ts";
import type { FinderParts, VolumeWish } from "./next-volume.ts";
import { RecycledVolumes } from "./recycled-volumes.ts";
import { poolLimits } from "./pool-limits.ts";
import type { SearchTurn } from "./search-turn.ts";
import { VolumeCandidates } from "./volume-candidates.ts";
import { isPoolFull } from "./volume-limits.ts";
import type { PoolPolicy } from "./pool-policy.ts";

/** Full and Used Volumes that one wish has pruned at most: each costs a look at all its jobs. */
const PRUNED_MAX = 200;
/** The job waits for it: what has not been looked at by then is looked at first when a job asks again. */
const PRUNING_MS_MAX = 20_000;
/** Volumes that a refusal names at most. */
const NAMED_MAX = 5;

/** The search for one wish, step by step; every step answers a Volume or null. */
export class VolumeSearch {
  readonly #parts: FinderParts;
  readonly #wish: VolumeWish;
  readonly #policy: PoolPolicy;
  readonly #leftOff: Map<number, number>;
  readonly #turn: SearchTurn;
  readonly #signal: AbortSignal;
  /** As it was when the search last had its turn. */
  #pool: PoolRow;
  readonly #candidates: VolumeCandidates;
  readonly #recycled: RecycledVolumes;

  /** `leftOff`: where the pruning for a Pool ran out of time, by PoolId: the MediaId to begin with. It outlives the search. */
  constructor(
    parts: FinderParts,
    wish: VolumeWish,
    pool: PoolRow,
    leftOff: Map<number, number>,
    turn: SearchTurn,
    signal: AbortSignal,
  ) {
    this.#leftOff = leftOff;
    this.#turn = turn;
    this.#parts = parts;
    this.#wish = wish;
    this.#candidates = new VolumeCandidates(parts, wish);
    this.#recycled = new RecycledVolumes(parts, this.#candidates);
    this.#pool = pool;
    this.#policy = parts.policy(pool.Name);
    this.#signal = signal;
  }

  /** What has been done, for the log of the job. */
  get lines(): string[] {
    return this.#candidates.lines;
  }

  /** The Volume to append to. Throws VOLUME_NONE_AVAILABLE and the like with the reason when there is none. */
  async find(): Promise<MediaRow> {
    this.#requirePool();
    if (this.#wish.noSpace && !(await this.#relieve()))
      return (await this.#recycled.recycle(this.#pool)) ?? this.#none("the device has no room");
    return (
      (await this.#candidates.append(this.#pool)) ??
      (await this.#recycled.recycle(this.#pool)) ??
      (await this.#prune()) ??
      (await this.#fromScratch()) ??
      (await this.#create()) ??
      (await this.#giveUpOldest()) ??
      (await this.#recycleCurrent(null)) ??
      this.#none((await this.#whyNoNew()) ?? "none could be made")
    );
  }

  /** The Volume in the drive if it is good to append to, recycled where that makes it good. Throws with the reason if not. */
  async check(name: string): Promise<MediaRow> {
    this.#requirePool();
    const row = await findMedia(this.#parts.catalog, name);
    if (row === null) return this.#notThis(name, "is not in the catalog");
    if (row.PoolId !== this.#pool.PoolId) return this.#notThis(name, `is not in Pool "${this.#pool.Name}"`);
    if (row.MediaType !== this.#wish.mediaType)
      return this.#notThis(name, `has Media Type "${row.MediaType}", not "${this.#wish.mediaType}"`);
    if (row.Enabled !== 1) return this.#notThis(name, "is not enabled");
    if (this.#parts.claims.isElsewhere(name, this.#wish.device, this.#wish.jobId))
      return this.#notThis(name, "is in use elsewhere");
    if ((await this.#candidates.withoutPrecious([row])).length === 0) return this.#notThis(name, "is precious");
    if (row.VolStatus === "Append")
      return (
        (await this.#candidates.choose([row], this.#pool)) ??
        this.#notThis(name, this.#candidates.passedOver.get(name) ?? "takes no more jobs")
      );
    if (row.VolStatus === "Recycle")
      return (await this.#candidates.untaken([row], this.#pool))[0] ?? this.#notThis(name, "takes no more jobs");
    if (row.VolStatus === "Purged" && row.Recycle === 1)
      return (await this.#recycled.recycled(row)) ?? this.#notThis(name, "is retired");
    return (await this.#recycleCurrent(row)) ?? this.#notThis(name, `has status ${row.VolStatus}`);
  }

  #requirePool(): void {
    const { Name } = this.#pool;
    if (!this.#policy.isEnabled)
      throw new OperatorError("POOL_DISABLED", `Pool "${Name}" is disabled, so nothing is written to its Volumes`);
    const { mediaType } = this.#policy;
    if (mediaType !== "" && mediaType !== this.#wish.mediaType)
      throw new OperatorError(
        "VOLUME_NONE_AVAILABLE",
        `no ${mediaType} Volume: Pool "${Name}" takes Media Type "${mediaType}" only, and device "${this.#wish.device}" writes "${this.#wish.mediaType}"`,
      );
  }

  async #relieve(): Promise<boolean> {
    const { storage, device, jobId } = this.#wish;
    const answer = await this.#aside(async () => await this.#parts.relief.relieve({ storage, device, jobId }, this.#signal));
    if (answer.isHopeless === true) throw new OperatorError("SPACE_EXHAUSTED", answer.lines.at(-1) ?? "no room can be made");
    this.lines.push(...answer.lines);
    return answer.isFreed;
  }

  /** Does what may take long while other jobs get their Volumes. What they have changed of the Pool is read again. */
  async #aside<T>(work: () => Promise<T>): Promise<T> {
    const result = await this.#turn.aside(work);
    this.#pool = (await findPoolById(this.#parts.catalog, this.#pool.PoolId)) ?? this.#pool;
    return result;
  }

  async #prune(): Promise<MediaRow | null> {
    if (this.#pool.AutoPrune !== 1 && !this.#wish.prunesVolumes) return null;
    const scratch = await this.#scratchPool();
    const prunable = await listPrunable(
      this.#parts.catalog,
      { ...this.#candidates.wanted(this.#pool), ...(scratch === null ? {} : { scratchPoolId: scratch.PoolId }) },
      PRUNED_MAX,
    );
    const { clock } = this.#parts;
    const deadline = clock.monotonicMs() + PRUNING_MS_MAX;
    const rows = await this.#candidates.free(prunable);
    const first = Math.max(
      0,
      rows.findIndex((row) => row.MediaId === this.#leftOff.get(this.#pool.PoolId)),
    );
    this.#leftOff.delete(this.#pool.PoolId);
    for (const row of [...rows.slice(first), ...rows.slice(0, first)]) {
      if (clock.monotonicMs() > deadline) {
        this.#leftOff.set(this.#pool.PoolId, row.MediaId);
        break;
      }
      if (this.#isWriting(row)) continue;
      const isFreed = await this.#freed(row, "prune");
      // Other jobs had their turn meanwhile: they may have taken what was freed, or freed another.
      const found =
        (await this.#candidates.append(this.#pool)) ??
        (await (isFreed ? this.#takeFreed() : this.#recycled.recycle(this.#pool)));
      if (found !== null) return found;
    }
    return null;
  }

  /** A job that runs may be in the middle of the Volume. */
  #isWriting(row: MediaRow): boolean {
    return this.#parts.claims.isHeld(row.VolumeName);
  }

  async #freed(row: MediaRow, how: "prune" | "purge"): Promise<boolean> {
    this.#signal.throwIfAborted();
    // One that may still be appended to must not be given to another job while its jobs are deleted.
    using held = how === "purge" ? this.#parts.claims.withhold(row.VolumeName) : null;
    if (held === undefined) return false;
    const answer = await this.#aside(async () => await this.#parts.pruner[how](row, this.#signal));
    this.lines.push(...answer.lines);
    return answer.isPurged;
  }

  /** A purged Volume may have moved to its Recycle Pool: the own Pool is looked at first, then the scratch pool. */
  async #takeFreed(): Promise<MediaRow | null> {
    return (await this.#recycled.recycle(this.#pool)) ?? (await this.#fromScratch());
  }

  async #scratchPool(): Promise<PoolRow | null> {
    const { catalog } = this.#parts;
    if (!this.#policy.takesScratch) return null;
    const { ScratchPoolId, PoolId } = this.#pool;
    const scratch = ScratchPoolId > 0 ? await findPoolById(catalog, ScratchPoolId) : await findPool(catalog, "Scratch");
    return scratch === null || scratch.PoolId === PoolId || !this.#parts.policy(scratch.Name).isEnabled ? null : scratch;
  }

  async #fromScratch(): Promise<MediaRow | null> {
    const { catalog } = this.#parts;
    const scratch = await this.#scratchPool();
    if (scratch === null || !hasRoom(this.#pool) || isPoolFull(await poolLimits(catalog, this.#pool))) return null;
    const row = (await this.#candidates.append(scratch)) ?? (await this.#recycled.recycle(scratch));
    if (row === null) return null;
    await catalog.transaction(async (tx) => await moveMedia(tx, row, this.#pool), { idempotent: true });
    this.lines.push(`Using Volume "${row.VolumeName}" from '${scratch.Name}' pool.`);
    return (await findMedia(catalog, row.VolumeName)) ?? row;
  }

  async #whyNoNew(): Promise<string | undefined> {
    return whyNoNewVolume(this.#pool, this.#policy, await poolLimits(this.#parts.catalog, this.#pool));
  }

  async #create(): Promise<MediaRow | null> {
    const { catalog, clock } = this.#parts;
    const { mediaType, storageId, facts } = this.#wish;
    if ((await this.#whyNoNew()) !== undefined) return null;
    const values = labelValues(
      catalog,
      { ...facts, NumVols: String(this.#pool.NumVols) },
      { nowMs: clock.nowMs(), environment: process.env },
    );
    const name = await nextVolumeName(catalog, this.#pool.LabelFormat ?? "", values);
    const row = await addVolume(catalog, this.#pool, this.#policy, {
      VolumeName: name,
      MediaType: mediaType,
      StorageId: storageId,
      VolStatus: "Append",
    });
    this.lines.push(`Created new Volume="${name}", Pool="${this.#pool.Name}", MediaType="${mediaType}" in catalog.`);
    return row;
  }

  /** Purge Oldest Volume, else Recycle Oldest Volume. */
  async #giveUpOldest(): Promise<MediaRow | null> {
    const { purgesOldest, recyclesOldest } = this.#policy;
    if (!purgesOldest && !recyclesOldest) return null;
    const rows = await this.#candidates.free(await listOldest(this.#parts.catalog, this.#candidates.wanted(this.#pool)));
    const oldest = rows.find((row) => !this.#isWriting(row) && (purgesOldest || row.VolStatus !== "Append"));
    if (oldest === undefined) return null;
    this.lines.push(
      purgesOldest ? `Purging oldest volume "${oldest.VolumeName}"` : `Pruning oldest volume "${oldest.VolumeName}"`,
    );
    return (await this.#freed(oldest, purgesOldest ? "purge" : "prune")) ? await this.#takeFreed() : null;
  }

  /** Recycle Current Volume: the one in the drive, or the one that the storage wrote last, is pruned when its retention has passed. */
  async #recycleCurrent(inDrive: MediaRow | null): Promise<MediaRow | null> {
    const { catalog, clock } = this.#parts;
    if (!this.#policy.recyclesCurrent) return null;
    const row =
      inDrive ?? (await lastWrittenMedia(catalog, { ...this.#candidates.wanted(this.#pool), storageId: this.#wish.storageId }));
    if (row === null || row.Recycle !== 1 || !["Full", "Used"].includes(row.VolStatus) || this.#isWriting(row)) return null;
    const written = row.LastWritten === null ? null : parseCatalogTime(row.LastWritten);
    if (written === null || written + row.VolRetention * 1000 > clock.nowMs()) return null;
    if ((await this.#candidates.free([row])).length === 0 || !(await this.#freed(row, "prune"))) return null;
    const freed = await findMedia(catalog, row.VolumeName);
    if (freed === null || freed.PoolId !== this.#pool.PoolId || freed.VolStatus !== "Purged") return await this.#takeFreed();
    return await this.#recycled.recycled(freed);
  }

  #notThis(name: string, why: string): never {
    throw new OperatorError("VOLUME_NONE_AVAILABLE", `Volume "${name}" ${why}`);
  }

  #none(why: string): never {
    const named = [...this.#candidates.passedOver].slice(0, NAMED_MAX).map(([name, reason]) => `Volume "${name}" ${reason}`);
    const more =
      this.#candidates.passedOver.size > NAMED_MAX ? [`and ${this.#candidates.passedOver.size - NAMED_MAX} more`] : [];
    throw new OperatorError(
      "VOLUME_NONE_AVAILABLE",
      `no Volume of Pool "${this.#pool.Name}" with Media Type "${this.#wish.mediaType}" can be appended to, and ${[why, ...named, ...more].join("; ")}`,
    );
  }
}
