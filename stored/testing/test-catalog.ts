import { must } from "#lib/base/assert.ts";
import type { CatalogVolume, VolumeState } from "#proto/job.ts";

/** Media rows for tests: what a Director's catalog would hold. */
export class TestCatalog {
  readonly volumes = new Map<string, CatalogVolume>();
  /** Limit of new Volumes; 0: none. */
  maxBytes = 0;
  /** Most Volumes that are made. */
  volumesMax = 100;
  /** Whether one more job may append to a Volume that was written to. */
  takesMoreJobs = true;

  /** Adds a Volume, never written. */
  add(volume: string, more: Partial<CatalogVolume> = {}): CatalogVolume {
    const row: CatalogVolume = {
      volume,
      pool: "Default",
      poolType: "Backup",
      mediaType: "File",
      status: "Append",
      bytes: 0,
      blocks: 0,
      files: 0,
      jobs: 0,
      mounts: 0,
      writes: 0,
      errors: 0,
      maxBytes: this.maxBytes,
      maxFiles: 0,
      maxJobs: 0,
      firstWritten: 0,
      slot: 0,
      inChanger: false,
      endFile: 0,
      endBlock: 0,
      labelDate: 0,
      useDurationS: 0,
      ...more,
    };
    this.volumes.set(volume, row);
    return row;
  }

  find(refused: readonly string[]): CatalogVolume | undefined {
    const found = [...this.volumes.values()].find(
      (row) =>
        ["Append", "Recycle"].includes(row.status) &&
        !refused.includes(row.volume) &&
        (this.takesMoreJobs || row.firstWritten === 0),
    );
    if (found !== undefined) return found;
    if (this.volumes.size >= this.volumesMax) return undefined;
    return this.add(`Vol-${String(this.volumes.size + 1).padStart(4, "0")}`);
  }

  learn(state: VolumeState): void {
    this.volumes.set(state.volume, { ...must(this.volumes.get(state.volume), "a known Volume"), ...state });
  }
}
