import type { JobVoice } from "../job/job-voice.ts";
import type { SessionReferences } from "../device/session-references.ts";
import type { SessionKey } from "../volume/block.ts";
import type { DescribedLabel } from "../volume/session-label.ts";

/** A job that appends, as the device sees it. */
export interface AppendClient {
  readonly session: SessionKey;
  readonly label: DescribedLabel;
  readonly voice: JobVoice;
  readonly signal: AbortSignal;
  readonly wantsAttributes: boolean;
  readonly spoolPath: string | undefined;
  readonly maxWaitMs: number;
  /** File for the job's references; undefined: the device has no store. */
  readonly referencesPath: string | undefined;
  /** Volumes that the job is on; the Appender adds each when the job comes to it. */
  readonly volumes: Set<string>;
  /** So much of the job is on the medium. */
  progress(facts: { readonly batches: number; readonly files: number; readonly bytes: number }): void;
  attributes(batch: Uint8Array): void;
  /** The job cannot go on. */
  failed(error: Error): void;
}

/** How the client's half ended, for the end of the session on the Volume. */
export interface SessionFacts {
  /** JobStatus letter. */
  readonly status: string;
  readonly errors: number;
  /** What the client says of its half (lib/job-description). */
  readonly description?: Uint8Array | undefined;
}

/** How a session ended on its device. */
export interface FinishedSession {
  /** Size of the last Volume. */
  readonly volumeBytes: number;
  /** What it refers to in the store; undefined: there is none. */
  readonly references: SessionReferences | undefined;
}
