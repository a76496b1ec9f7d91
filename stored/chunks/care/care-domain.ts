import type { ChunkIndex } from "../chunk-index.ts";
import type { ContainerWriter } from "../container-writer.ts";
import type { ReferenceFiles } from "../reference-files.ts";
import type { RunningMarks } from "../marks.ts";
import type { WantedChunks } from "./wanted.ts";

/** A sealed container, as its domain knows it. */
export interface SealedContainer {
  /** Length of the file. */
  readonly bytes: number;
  readonly chunks: number;
  readonly plainBytes: number;
  /** Its directory could not be read when the store was opened: what it held is not known, and only a scrub removes it. */
  readonly isDamaged?: boolean;
}

/**
 * A domain of a store as its care sees it: what the store lends to collection, scrub and checks. All of it belongs to the store's thread;
 * docs/locking.md says who may do what while the others wait.
 */
export interface CareDomain {
  /** "all", "pool-NAME" or "client-NAME". */
  readonly name: string;
  /** The domain's folder; what a scrub puts aside goes to its folder "damaged". */
  readonly folder: string;
  /** Holds the containers' folders. */
  readonly containersDirectory: string;
  readonly index: ChunkIndex;
  readonly marks: RunningMarks;
  readonly references: ReferenceFiles;
  readonly wanted: WantedChunks;
  /** Sealed containers by number. Care removes those whose file it has removed. */
  readonly sealed: Map<number, SealedContainer>;
  /** Makes a container of the domain under a number of its own, not yet sealed. STORE_FULL. */
  newContainer(): Promise<ContainerWriter>;
  /** Seals a container that `newContainer` made, makes it durable with its folder, and enters it into `sealed`. */
  sealContainer(writer: ContainerWriter): Promise<void>;
  /** Raises the store's epoch, durably. On return no client takes for known what an earlier epoch knew. */
  raiseEpoch(): Promise<void>;
  /** btrfs: replaces the domain's rolling snapshot, so that deleted containers give their space back. Elsewhere does nothing. */
  afterSweep(): Promise<void>;
}
