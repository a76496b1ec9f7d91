import type { TlsIdentity } from "#lib/auth/identity.ts";
import type { Clock } from "#lib/base/clock.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { JobLog } from "#lib/job-log/job-log.ts";
import type { KeyRing } from "#lib/pki/key-ring.ts";
import type { RpcLog } from "#lib/rpc/server.ts";
import type { StartFileJobRequest } from "#proto/filed.ts";
import type { DedupCounts } from "#proto/job.ts";
import type { AccurateTable } from "#filed/backup/thread-messages.ts";
import type { JobVoice } from "./job-voice.ts";

/** What all jobs of the daemon share. */
export interface JobSurroundings {
  /** Name of this file daemon. */
  readonly name: string;
  readonly identity: TlsIdentity;
  readonly clock: Clock;
  readonly rpcLog: RpcLog;
  /** Longest time without a connection to the storage daemon. */
  readonly lostMsMax: number;
  /** Directories of the daemon's own changing state, left out of backups; byte strings. */
  readonly ownDirectories: readonly string[];
  /** Where is kept what jobs remember of the files that they saved (filed/remember). */
  readonly rememberDirectory: string;
  /** Reads the keys for encrypted data anew. Throws OperatorError PKI_KEY_INVALID. */
  readonly loadKeys: () => Promise<KeyRing>;
  /** Developer fault injection, see SetDebugRequest.hangup. */
  readonly hangup: () => number;
}

/** Numbers of a job that `status` shows and JobEnd carries. */
export interface JobNumbers {
  files: number;
  bytes: number;
  readBytes: number;
  errors: number;
  missing: number;
  examined: number;
  networkBytes: number;
  /** Set once a store of chunks is dealt with. */
  dedup: DedupCounts | undefined;
  /** File at hand; byte string. */
  file: string;
}

/** What a kind of work gets from its job. */
export interface WorkContext {
  readonly request: StartFileJobRequest;
  readonly surroundings: JobSurroundings;
  /** Name of the Director that ordered the job. */
  readonly director: string;
  readonly log: JobLog;
  readonly voice: JobVoice;
  readonly numbers: JobNumbers;
  readonly accurate: AccurateTable | undefined;
  /** Aborts when the job is canceled. */
  readonly signal: AbortSignal;
}

/** How a job ended, as Bacula's letters say: OK, canceled, fatal error, incomplete. */
export type EndLetter = "T" | "A" | "f" | "I";

/** Thrown where a developer asked for a job to stop as if it had been cut off. */
export class HungUp extends OperatorError {
  constructor() {
    super("CANCELED", "the job hangs up, as setdebug asked");
  }
}
