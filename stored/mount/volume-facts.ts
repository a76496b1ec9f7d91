import type { CatalogVolume, VolumeState } from "#proto/job.ts";
import type { VolumeNews } from "../device/volume-news.ts";

let lastRevision = 0;

/** A revision for a statement about a Volume: microseconds of the clock, made to grow always. */
export function nextRevision(nowMs: number): number {
  lastRevision = Math.max(lastRevision + 1, nowMs * 1000);
  return lastRevision;
}

/** What is true of a Volume while it is mounted: the catalog's numbers when it was mounted, and what was done since. */
export class VolumeFacts {
  readonly catalog: CatalogVolume;
  readonly #volType: number;
  /** JobStatus words of the catalog: Append, Full, Used, Error. */
  status = "Append";
  bytes = 0;
  #blocks = 0;
  #writes = 0;
  #jobs = 0;
  #errors = 0;
  #lastWritten: number;
  #firstWritten: number;
  #labelDate: number;
  readonly #isNew: boolean;
  #sinceMount: { readonly blocks: number; readonly writes: number } = { blocks: 0, writes: 0 };
  /** Address of the end of a tape. */
  #tapeEnd: number | undefined;

  /** `isLabelNew`: the label was written at this mount, so all earlier counts are void. */
  constructor(
    catalog: CatalogVolume,
    facts: {
      readonly volType: number;
      readonly bytes: number;
      readonly tapeEnd?: number | undefined;
      readonly isLabelNew: boolean;
      readonly extraBlocks: number;
      readonly nowMs: number;
    },
  ) {
    this.catalog = catalog;
    this.#volType = facts.volType;
    this.bytes = facts.bytes;
    this.#tapeEnd = facts.tapeEnd;
    this.#isNew = facts.isLabelNew;
    this.#blocks = (facts.isLabelNew ? 0 : catalog.blocks) + facts.extraBlocks;
    this.#writes = facts.isLabelNew ? 1 : catalog.writes;
    this.#lastWritten = Math.floor(facts.nowMs / 1000);
    this.#firstWritten = facts.isLabelNew ? this.#lastWritten : catalog.firstWritten || this.#lastWritten;
    this.#labelDate = facts.isLabelNew ? this.#lastWritten : catalog.labelDate;
  }

  get name(): string {
    return this.catalog.volume;
  }

  /** As many jobs are on the Volume as its Pool lets write to it. */
  get isTaken(): boolean {
    return this.catalog.maxJobs > 0 && this.#jobsOn >= this.catalog.maxJobs;
  }

  get #jobsOn(): number {
    return (this.#isNew ? 0 : this.catalog.jobs) + this.#jobs;
  }

  /** A job begins to write to the Volume. */
  jobBegins(): void {
    this.#jobs += 1;
  }

  errorHappens(): void {
    this.#errors += 1;
  }

  /** What the device's thread tells: counted since the mount. */
  written(volume: VolumeNews, nowMs: number): void {
    this.bytes = volume.bytes;
    this.#tapeEnd = volume.tapeEnd;
    this.#sinceMount = volume;
    this.#lastWritten = Math.floor(nowMs / 1000);
  }

  /** The statement for the catalog: absolute, so that telling it twice does no harm. */
  state(nowMs: number): VolumeState {
    const { catalog } = this;
    return {
      ...endOf(this.bytes, this.#tapeEnd),
      volume: catalog.volume,
      revision: nextRevision(nowMs),
      status: this.status,
      bytes: this.bytes,
      blocks: this.#blocks + this.#sinceMount.blocks,
      jobs: this.#jobsOn,
      mounts: catalog.mounts + 1,
      writes: this.#writes + this.#sinceMount.writes,
      errors: catalog.errors + this.#errors,
      firstWritten: this.#firstWritten,
      lastWritten: this.#lastWritten,
      labelDate: this.#labelDate,
      volType: this.#volType,
    };
  }
}

/** Where a Volume ends, as the catalog keeps it: of a disk Volume its last byte, of a tape where the next block goes. */
export function endOf(bytes: number, tapeEnd: number | undefined): Pick<VolumeState, "files" | "endFile" | "endBlock"> {
  const address = tapeEnd ?? Math.max(0, bytes - 1);
  const endFile = Math.floor(address / 2 ** 32);
  return { files: endFile, endFile, endBlock: address % 2 ** 32 };
}

/** The statement that a Volume which was not mounted is not to be written to any more. */
export function errorState(catalog: CatalogVolume, volType: number, nowMs: number): VolumeState {
  return {
    volume: catalog.volume,
    revision: nextRevision(nowMs),
    status: "Error",
    bytes: catalog.bytes,
    blocks: catalog.blocks,
    files: catalog.files,
    jobs: catalog.jobs,
    mounts: catalog.mounts,
    writes: catalog.writes,
    errors: catalog.errors + 1,
    firstWritten: catalog.firstWritten,
    lastWritten: Math.floor(nowMs / 1000),
    labelDate: catalog.labelDate,
    endFile: catalog.endFile,
    endBlock: catalog.endBlock,
    volType,
  };
}
