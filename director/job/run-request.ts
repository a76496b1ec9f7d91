import type { Bootstrap } from "#proto/bootstrap.ts";

/** JobLevel letters that a Backup may be asked for. */
export type BackupLevel = "F" | "D" | "I";

/** What is to come back: made by the restore selection, read by the storage daemon. */
export interface RestorePlan {
  readonly bootstrap: Bootstrap;
  /** Volumes in the order in which they are read. */
  readonly volumes: readonly RestoreVolume[];
  /** Files that the selection marked; 0: unknown (a Bootstrap file of the administrator). */
  readonly filesExpected: number;
  /** Jobs from which the files come. */
  readonly jobIds: readonly number[];
}

export interface RestoreVolume {
  readonly volume: string;
  readonly mediaType: string;
  /** Storage resource that can read it, by name; empty: the Job's own. */
  readonly storage: string;
}

/** Who asked for a job. */
export type RunOrigin =
  | { readonly kind: "console"; readonly user: string }
  | { readonly kind: "schedule"; readonly schedule: string }
  | { readonly kind: "job"; readonly jobId: number };

/**
 * A wish to run a job: the Job resource and what differs from it, all by name. The engine looks the names up at once, so a job
 * keeps the resources it was submitted with, whatever `reload` brings.
 */
export interface RunRequest {
  readonly job: string;
  readonly origin: RunOrigin;
  readonly level?: BackupLevel;
  readonly client?: string;
  readonly fileset?: string;
  readonly pool?: string;
  /** Pools for the level that is run in the end, instead of the Job's. */
  readonly fullPool?: string;
  readonly differentialPool?: string;
  readonly incrementalPool?: string;
  readonly nextPool?: string;
  readonly storage?: string;
  readonly catalog?: string;
  readonly messages?: string;
  /** Start no sooner: unix milliseconds. */
  readonly whenMs?: number;
  readonly priority?: number;
  readonly accurate?: boolean;
  readonly spoolData?: boolean;
  /** Begin on a Volume that holds nothing yet. */
  readonly newVolume?: boolean;
  /** Instead of the time found in the catalog: unix milliseconds. */
  readonly sinceMs?: number;
  /** Seconds from the scheduled start to the end; instead of the Job's MaxRunSchedTime. */
  readonly maxRunSchedTimeS?: number;
  readonly comment?: string;
  /** How often this job was run again because it failed. */
  readonly reruns?: number;
  /** When the first of these runs failed, unix milliseconds. */
  readonly firstFailedMs?: number;
  readonly ignoreDuplicateCheck?: boolean;
  readonly verifyJob?: string;
  /** Restore only. */
  readonly restore?: RestoreOptions;
}

export interface RestoreOptions {
  readonly plan: RestorePlan;
  /** Directory as carried by lib/base/byte-name.ts; empty or "/": the original place. Absent: the Job resource's. */
  readonly where?: string;
  readonly regexWhere?: string;
  readonly replace?: "always" | "ifnewer" | "ifolder" | "never";
  /** Client on which the files are put, by name. */
  readonly restoreClient?: string;
  readonly prefixLinks?: boolean;
}
