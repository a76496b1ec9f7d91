import type { CallContext } from "#lib/rpc/call.ts";
import type { AppendReply, AppendRequest, ReadReply, ReadRequest } from "#proto/data.ts";
import type { JobVoice } from "./job-voice.ts";
import type { JobRef } from "#proto/common.ts";

/** What the daemon knows of a job that it carries out, whatever its kind. */
export interface StorageJob {
  readonly ref: JobRef;
  /** What the file daemon must present. */
  readonly key: Uint8Array;
  /** Certificate that the file daemon must have shown; empty: any. */
  readonly clientCertificateSha256: Uint8Array;
  readonly facts: StorageJobFacts;
  readonly voice: JobVoice;
  /** Carries the job out to its end, which is told in its log. Never rejects. */
  run(): Promise<void>;
  /** The job shall end: canceled, or incomplete. */
  cancel(isIncomplete: boolean): void;
  /** The job cannot go on, e.g. because the daemon stops. */
  failed(error: Error): void;
  /** Lines of the status command. */
  statusLines(): string[];
  /** One stream of the file daemon. Only jobs that append have it. */
  serveAppend?(requests: AsyncIterator<AppendRequest>, call: CallContext): AsyncGenerator<AppendReply>;
  /** One stream of the file daemon. Only jobs that read have it. */
  serveRead?(requests: AsyncIterator<ReadRequest>, call: CallContext): AsyncGenerator<ReadReply>;
}

/** Facts for status, now and after the job's end. */
export interface StorageJobFacts {
  readonly jobName: string;
  readonly client: string;
  readonly type: string;
  readonly level: string;
  readonly startMs: number;
  readonly files: number;
  readonly bytes: number;
  readonly errors: number;
  /** JobStatus letter. */
  readonly status: string;
  readonly device: string;
  readonly volume: string;
}
