/** Name of the file that a probe writes and removes in an Archive Device whose file system has no files without a name. */
export const PROBE_NAME = ".nocturne-probe";

/** What a probe's thread is started with. */
export interface ProbeFacts {
  readonly directory: string;
  /** Else it is only looked into: a device that is read-only. */
  readonly mayWrite: boolean;
}

/** What came of one probe. */
export interface ProbeResult {
  readonly number: number;
  /** Why the directory cannot be used; "" if it can. */
  readonly failure: string;
}
