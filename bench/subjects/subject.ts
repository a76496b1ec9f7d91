import type { Tree } from "../data/trees.ts";

/** Names of what is measured; "nocturne" is a deduplicating Volume, "nocturne-file" a File Volume. */
export type SubjectName = "nocturne" | "nocturne-file" | "bacula" | "restic" | "borg";

/** One backup system under measurement. A run has a scratch directory of its own and leaves no process behind. */
export interface Subject {
  readonly name: SubjectName;
  /** How it is set up, for the reader of the figures. */
  readonly setting: string;
  /** Why it cannot be measured here; undefined if it can. */
  whyNot(): string | undefined;
  /** Makes repository or site for one tree; not measured. */
  open(scratch: string, tree: Tree): Promise<SubjectRun>;
}

/** What is done with a tree, in this order. `again` is a second Full of the same; only systems that tell it from an incremental have it. */
export const WORKS = ["first backup", "nothing changed", "full again", "restore"] as const;
export type Work = (typeof WORKS)[number];

/**
 * A run of one subject. A work ends when the data is stored, or restored, as the system itself reports it. The wall clock counts all
 * that the user waits for; the answer is what the system's own report says it took, in whole seconds, if it has one.
 */
export interface SubjectRun extends AsyncDisposable {
  /** Undefined: this system has no such work. */
  readonly works: Readonly<Record<Work, (() => Promise<number | undefined>) | undefined>>;
  /** Bytes in the repository or on the Volumes. */
  storedBytes(): number;
  /** Largest resident set of each of its programs so far, bytes. */
  peakBytes(): ReadonlyMap<string, number>;
  /** Processor seconds of all its programs so far. */
  cpuSeconds(): number;
}
