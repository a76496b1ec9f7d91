import type { DataSet } from "../data.ts";

/** One backup system under measurement. A run has a scratch directory of its own and leaves no process behind. */
export interface Subject {
  readonly name: "nocturne" | "bacula" | "restic" | "borg";
  /** Why it cannot be measured here; undefined if it can. */
  whyNot(): string | undefined;
  /** Makes repository or site for one data set; not measured. */
  open(scratch: string, data: DataSet): Promise<SubjectRun>;
}

/**
 * What is measured, in this order: each ends when the data is stored, or restored, as the system itself reports it. The wall clock
 * counts all that the user waits for; the answer is what the system's own report says it took, in whole seconds, if it has one.
 */
export interface SubjectRun extends AsyncDisposable {
  backup(): Promise<number | undefined>;
  /** A second run; nothing has changed. */
  incremental(): Promise<number | undefined>;
  restore(into: string): Promise<number | undefined>;
  /** Bytes that the first backup takes in the repository or on the Volumes. */
  storedBytes(): number;
  /** Largest resident set of any of its long-running processes so far, bytes; 0: unknown. */
  peakMemoryBytes(): number;
}
