import { preciousAmong } from "#catalog/queries/media-care.ts";
import { listAppendable, updateMediaIfStatus, type MediaWanted } from "#catalog/queries/media.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { chooseVolume, isTaken, type Candidate } from "./choose-volume.ts";
import type { FinderParts, VolumeWish } from "./next-volume.ts";
import { poolLimits } from "./pool-limits.ts";
import { isPoolFull } from "./volume-limits.ts";

/** Volumes that one wish may have as they are, and what is noted of the others. */
export class VolumeCandidates {
  /** What has been done, for the log of the job. */
  readonly lines: string[] = [];
  /** Volumes that would have done but for what stands here; told when nothing is found. */
  readonly passedOver = new Map<string, string>();
  readonly #parts: Pick<FinderParts, "catalog" | "claims" | "clock">;
  readonly #wish: VolumeWish;
  /** With newvolume=yes a Volume with data is closed once. */
  #hasClosed = false;

  constructor(parts: Pick<FinderParts, "catalog" | "claims" | "clock">, wish: VolumeWish) {
    this.#parts = parts;
    this.#wish = wish;
  }

  /** What the wish asks of a Volume of this Pool. */
  wanted(pool: PoolRow): MediaWanted {
    return { poolId: pool.PoolId, mediaType: this.#wish.mediaType };
  }

  /** The Volume to append to, one in the changer first; null: none will do. */
  async append(pool: PoolRow): Promise<MediaRow | null> {
    const { catalog } = this.#parts;
    const wanted = this.wanted(pool);
    if (this.#wish.isAutochanger) {
      const inside = await listAppendable(catalog, { ...wanted, inChangerOf: this.#wish.storageId });
      const chosen = await this.choose(inside, pool);
      if (chosen !== null) return chosen;
    }
    return await this.choose(await listAppendable(catalog, wanted), pool);
  }

  /** Chooses among these, and gives the Volumes that have reached a limit their new status. */
  async choose(rows: readonly MediaRow[], pool: PoolRow): Promise<MediaRow | null> {
    const { catalog, clock } = this.#parts;
    const usable = (await this.withoutPrecious(rows)).filter((row) => !this.#wish.refused.includes(row.VolumeName));
    const limits = await poolLimits(catalog, pool);
    // In a Pool that is full an empty Volume waits; those with data are told to be spent.
    const open = isPoolFull(limits) ? usable.filter((row) => row.VolJobs > 0) : usable;
    const candidates = (await this.#withoutBegun(open)).map((row) => this.#candidate(row));
    const choice = chooseVolume(candidates, limits, clock.nowMs());
    for (const { row, limit } of choice.spent) {
      if (await updateMediaIfStatus(catalog, row.MediaId, "Append", { VolStatus: limit.status })) this.lines.push(limit.text);
    }
    return choice.volume;
  }

  /** With newvolume=yes the Volume that would be taken is closed, and others with data are left for other jobs. */
  async #withoutBegun(rows: readonly MediaRow[]): Promise<readonly MediaRow[]> {
    const { claims, catalog } = this.#parts;
    const begun = rows.filter((row) => row.VolJobs > 0 && !claims.isHeldBy(row.VolumeName, this.#wish.jobId));
    if (!this.#wish.beginsAnew || claims.holdsAny(this.#wish.jobId) || begun.length === 0) return rows;
    const [first] = begun;
    if (
      first !== undefined &&
      first === rows[0] &&
      !this.#hasClosed &&
      (await updateMediaIfStatus(catalog, first.MediaId, "Append", { VolStatus: "Used" }))
    ) {
      this.#hasClosed = true;
      this.lines.push(`newvolume=yes: a new Volume begins. Marking Volume "${first.VolumeName}" as Used.`);
    }
    for (const row of begun) this.passedOver.set(row.VolumeName, "holds data, and newvolume=yes was asked for");
    return rows.filter((row) => !begun.includes(row));
  }

  #candidate(row: MediaRow): Candidate {
    const { claims } = this.#parts;
    const { jobId, device } = this.#wish;
    return {
      row,
      jobs: claims.jobsOn(row.VolumeName, row.VolJobs, jobId),
      isElsewhere: claims.isElsewhere(row.VolumeName, device, jobId),
      isMine: claims.isHeldBy(row.VolumeName, jobId),
    };
  }

  /** Without those that are precious; these are noted. */
  async withoutPrecious(rows: readonly MediaRow[]): Promise<readonly MediaRow[]> {
    const precious = await preciousAmong(
      this.#parts.catalog,
      rows.map((row) => row.MediaId),
    );
    for (const row of rows) if (precious.has(row.MediaId)) this.passedOver.set(row.VolumeName, "is precious");
    return rows.filter((row) => !precious.has(row.MediaId));
  }

  /** Of Volumes that are ready to be written from their beginning those that take this job too: running jobs may have them already. */
  async untaken(rows: readonly MediaRow[], pool: PoolRow): Promise<readonly MediaRow[]> {
    const limits = await poolLimits(this.#parts.catalog, pool);
    return rows.map((row) => this.#candidate(row)).flatMap((each) => (isTaken(each, limits) ? [] : [each.row]));
  }

  /** Volumes that may be written from their beginning: no job has them, and the daemon has not refused them. */
  async free(rows: readonly MediaRow[]): Promise<readonly MediaRow[]> {
    const { refused, device, jobId } = this.#wish;
    const here = rows.filter(
      (row) => !refused.includes(row.VolumeName) && !this.#parts.claims.isElsewhere(row.VolumeName, device, jobId),
    );
    return await this.withoutPrecious(here);
  }
}
