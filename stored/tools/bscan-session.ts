import { BatchBuilder } from "#lib/wire/record.ts";
import type { JobEndDescription } from "#lib/job-description/job-description.ts";
import { DescriptionJoiner } from "#lib/job-description/description-records.ts";
import type { FilesPresent } from "#catalog/queries/rebuild.ts";
import type { SessionKey } from "#stored/volume/block.ts";
import type { SessionLabel } from "#stored/volume/session-label.ts";

/** Where a run of a session's blocks lies on one Volume. */
export interface ScannedRegion {
  firstIndex: number;
  lastIndex: number;
  startAddress: number;
  endAddress: number;
}

/** What a session is in the catalog. */
export type CatalogJob =
  /** Not looked up yet. */
  | { readonly kind: "unknown" }
  /** Its rows are made or completed. `isOurs`: this run made the job, or a run before it left it incomplete. */
  | { readonly kind: "job"; readonly jobId: number; readonly isOurs: boolean; readonly present: FilesPresent | undefined }
  /** Nothing of it is stored. `isMissing`: because nothing is to be changed, though the catalog lacks it. */
  | { readonly kind: "ignored"; readonly isMissing?: boolean };

/** A session that is met on the Volumes, from its first block to its last. */
export class ScannedSession {
  readonly key: SessionKey;
  label: SessionLabel | undefined;
  job: CatalogJob = { kind: "unknown" };
  readonly builder = new BatchBuilder();
  readonly start = new DescriptionJoiner();
  readonly end = new DescriptionJoiner();
  /** Event number of the next batch. */
  event = 1;
  files = 0;
  bytes = 0;
  #lastFileIndex = 0;
  region: ScannedRegion | undefined;
  /** What the client said of its half, once it is known. */
  endDescription: JobEndDescription | undefined;
  /** Number of the Volume among those of this run, and how many the catalog knew before. */
  volIndex = 0;
  volIndexBase = 0;
  volume = "";
  hasEnded = false;
  /** Row of the Storage that the job wrote to; 0: not known. */
  storageId = 0;

  constructor(key: SessionKey) {
    this.key = key;
  }

  /** Takes in a block that lies at these addresses, with the first and last FileIndex in it (0: only labels) and its bytes of data. */
  extend(
    volume: string,
    block: {
      readonly first: number;
      readonly last: number;
      readonly files: number;
      readonly bytes: number;
      readonly start: number;
      readonly end: number;
    },
  ): void {
    if (this.volume !== volume) {
      this.volume = volume;
      this.volIndex += 1;
    }
    this.bytes += block.bytes;
    this.files += block.files - (block.first > 0 && block.first === this.#lastFileIndex ? 1 : 0);
    if (block.last > 0) this.#lastFileIndex = block.last;
    this.region ??= { firstIndex: 0, lastIndex: 0, startAddress: block.start, endAddress: block.end };
    const { region } = this;
    region.endAddress = block.end;
    if (region.firstIndex === 0) region.firstIndex = block.first;
    if (block.last > 0) region.lastIndex = block.last;
  }

  /** Ends the run of blocks at hand; undefined if there is none that holds files. */
  takeRegion(): ScannedRegion | undefined {
    const { region } = this;
    this.region = undefined;
    return region === undefined || region.firstIndex === 0 ? undefined : region;
  }
}

/** Text by which sessions are kept apart. */
export function sessionName({ id, time }: SessionKey): string {
  return `SessId=${id} SessTime=${time}`;
}
