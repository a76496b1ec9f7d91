import { findMediaCare } from "#catalog/queries/media-care.ts";
import { findMedia, listPurged, listRecyclable, recycleMedia, updateMediaIfStatus } from "#catalog/queries/media.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import type { FinderParts } from "./next-volume.ts";
import type { VolumeCandidates } from "./volume-candidates.ts";

/** Makes Volumes that hold nothing any more ready to be written from their beginning. */
export class RecycledVolumes {
  readonly #parts: Pick<FinderParts, "catalog">;
  readonly #candidates: VolumeCandidates;

  constructor(parts: Pick<FinderParts, "catalog">, candidates: VolumeCandidates) {
    this.#parts = parts;
    this.#candidates = candidates;
  }

  /** A Volume of the Pool that is ready, else one that was purged; null: there is none. */
  async recycle(pool: PoolRow): Promise<MediaRow | null> {
    const { catalog } = this.#parts;
    const wanted = this.#candidates.wanted(pool);
    const ready = await this.#candidates.free(await listRecyclable(catalog, wanted));
    for (const row of await this.#candidates.untaken(ready, pool)) if (!(await this.#isWorn(row))) return row;
    for (const purged of await this.#candidates.free(await listPurged(catalog, wanted))) {
      const row = await this.recycled(purged);
      if (row !== null) return row;
    }
    return null;
  }

  /** The Volume, ready to be written from its beginning; null if its medium has been written often enough. */
  async recycled(row: MediaRow): Promise<MediaRow | null> {
    const { catalog } = this.#parts;
    if (await this.#isWorn(row)) return null;
    await recycleMedia(catalog, row.MediaId);
    this.#candidates.lines.push(`Recycled volume "${row.VolumeName}"`);
    return (await findMedia(catalog, row.VolumeName)) ?? row;
  }

  /** True if the medium has been written as often as it may be: the Volume is retired. */
  async #isWorn(row: MediaRow): Promise<boolean> {
    const { catalog } = this.#parts;
    const { maxWrites, writes } = await findMediaCare(catalog, row.MediaId);
    if (maxWrites === 0 || writes < maxWrites) return false;
    await updateMediaIfStatus(catalog, row.MediaId, row.VolStatus, { VolStatus: "Disabled" });
    const name = row.VolumeName;
    this.#candidates.lines.push(
      `Max writes reached: Volume "${name}" was written ${writes} times (Max Writes=${maxWrites}). Marking Volume "${name}" as Disabled.`,
    );
    return true;
  }
}
