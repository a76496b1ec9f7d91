import type { SessionKey } from "../volume/block.ts";

/*
 * What can be asked of a store of chunks. One thread of the daemon owns a store (its index, its containers, its sessions) and answers
 * these calls; tools make them directly. A call never waits for another job: what takes long works in slices between calls.
 */

/** How a store is opened: from its Device resources, which must agree. */
export interface StoreSettings {
  /** Archive Device: the directory that holds Volumes and, below `@chunks`, the store. */
  readonly directory: string;
  /** Whether it is btrfs and domains are to be subvolumes. */
  readonly isBtrfs: boolean;
  readonly domain: "storage" | "pool" | "client";
  /** Bounds for cutting, bytes. */
  readonly minBytes: number;
  readonly averageBytes: number;
  readonly maxBytes: number;
  readonly compression: "zstd" | "none";
  readonly level: number;
  /** Containers with less than this share of live bytes are written anew by a collection; percent. */
  readonly livePercent: number;
  /** Bytes that a collection may delete a second; 0: no limit. */
  readonly deleteBytesPerS: number;
  /** Bytes that a scrub may read a second; 0 or absent: no limit. */
  readonly scrubBytesPerS?: number;
  /** Free bytes of the file system that jobs leave; 0 or absent: none. Collections may use them. */
  readonly freeBytesMin?: number;
}

/** What a store is, once open. */
export interface StoreFacts {
  /** UUID text, for ever. */
  readonly store: string;
  /** Grows with every removal of chunks. */
  readonly epoch: number;
  readonly chunks: number;
  readonly containers: number;
  readonly storedBytes: number;
  /** What was noticed while opening: containers that could not be read, left-overs of a crash that were removed. */
  readonly notes: readonly string[];
}

/** What a job that appends is told (proto StoreOffer without what the settings say). */
export interface JobOffer {
  readonly store: string;
  readonly epoch: number;
  /** "all", "pool-NAME" or "client-NAME". */
  readonly domain: string;
}

/** What came of taking chunks in. */
export interface TakenChunks {
  readonly chunks: number;
  readonly newChunks: number;
  /** Bytes of the new chunks before compression, and in the container. */
  readonly newBytes: number;
  readonly storedBytes: number;
}

/** Where chunks lie: `containers[i]` (0: the store does not have the chunk), `offsets[i]` and `bytes[i]` of its frame. */
export interface ChunkPlaces {
  /** Directory of the containers' files. */
  readonly directory: string;
  readonly containers: Uint32Array<ArrayBuffer>;
  readonly offsets: Uint32Array<ArrayBuffer>;
  readonly bytes: Uint32Array<ArrayBuffer>;
}

/** How a session ended up in the store. */
export interface CommitFacts {
  /** Chunks that the session refers to, repeats included. */
  readonly references: number;
  readonly epoch: number;
}

/** A line of the status or of a check, and at its end whether all is well. */
export interface CareReport {
  readonly lines: readonly string[];
  readonly isClean: boolean;
}

/** Calls with an answer, by name: their argument and their result. Errors are OperatorErrors. */
export interface StoreCalls {
  /** Makes a new, empty store. Refused where one is, or where the directory is not there. */
  init: { argument: null; result: StoreFacts };
  /** Opens the store and rebuilds its index from the containers. STORE_NOT_INITIALIZED, STORE_INVALID, STORE_IN_USE. Repeating it is cheap. */
  open: { argument: null; result: StoreFacts };
  /** A job begins to append. From now on nothing that it is told to be there is collected until it has ended. */
  begin: {
    argument: { readonly session: SessionKey; readonly jobId: number; readonly pool: string; readonly client: string };
    result: JobOffer;
  };
  /** Keeps earlier sessions until the job has ended; answers which of them are there, complete and of the job's domain. */
  hold: { argument: { readonly session: SessionKey; readonly sessions: readonly SessionKey[] }; result: boolean[] };
  /** Which chunks are there: identities of 32 bytes each; one bit each, lowest bit of the first byte first. */
  known: { argument: { readonly session: SessionKey; readonly ids: Uint8Array }; result: Uint8Array };
  /**
   * Takes new chunks in: a run of frames that were verified (their checksum, and their bytes against their identity). On return the
   * kernel has them. Chunks that are there already are left out. STORE_FULL: nothing of the run was kept that is not whole.
   */
  append: { argument: { readonly session: SessionKey; readonly frames: Uint8Array<ArrayBuffer> }; result: TakenChunks };
  /**
   * Ends a job well: checks that every chunk of its references is there, makes all of them durable, then the references themselves.
   * `references`: the file that a ReferenceWriter finished. CHUNK_MISSING.
   */
  commit: {
    argument: { readonly session: SessionKey; readonly references: string };
    result: CommitFacts;
  };
  /** Ends a job that failed or was canceled: nothing of it is kept, its chunks go with the next collection. Repeating it does no harm. */
  abandon: { argument: { readonly session: SessionKey }; result: null };
  /** Where the chunks of a saved session lie. `session` tells the domain; if the store does not know it, all domains are looked through. */
  locate: { argument: { readonly session: SessionKey; readonly ids: Uint8Array }; result: ChunkPlaces };
  /** Forgets saved sessions (all of a Volume: `volume`); answers how many there were. A collection follows by itself. */
  forget: {
    argument: { readonly sessions: readonly SessionKey[]; readonly volume: string | undefined };
    result: number;
  };
  /** Whether what is dead is still to be collected: space will come back without anything being deleted. */
  pending: { argument: null; result: boolean };
  /** Lines about size, sharing, domains, containers, running collection. */
  status: { argument: null; result: CareReport };
  /** Frees what no kept session and no running job refers to. Answers when done; other calls are served meanwhile. */
  vacuum: { argument: { readonly livePercent: number }; result: CareReport };
  /** Reads every container and checks every frame; puts damaged ones aside (unless `lookOnly`), so that they are sent again. Names sessions concerned. */
  scrub: { argument: { readonly lookOnly: boolean }; result: CareReport };
  /** Checks that all chunks of all kept sessions are in the index. */
  verify: { argument: null; result: CareReport };
  /** Takes good copies of damaged or missing chunks (a run of frames) of a domain; answers how many were wanted and are mended. */
  mend: { argument: { readonly domain: string; readonly frames: Uint8Array<ArrayBuffer> }; result: number };
  /** Identities of chunks that are damaged or missing, by domain; at most 100,000 in all. */
  wanted: { argument: null; result: readonly { readonly domain: string; readonly ids: Uint8Array }[] };
  /** Ends work under way soon and closes the store. */
  close: { argument: null; result: null };
}

export type StoreCallName = keyof StoreCalls;
