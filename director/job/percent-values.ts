import { catalogTime } from "#lib/base/local-time.ts";
import { percentCodes, type PercentCode, type PercentValues } from "#lib/config/percent-codes.ts";
import type { JobContext } from "./job-context.ts";
import { typeWord } from "./level-words.ts";
import type { JobOutcome } from "./job-state.ts";
import type { SavedRun } from "./saved-run.ts";

const OUTCOMES: Record<JobOutcome, string> = {
  ok: "OK",
  warnings: "OK -- with warnings",
  error: "Error",
  fatal: "Fatal Error",
  canceled: "Canceled",
  incomplete: "Incomplete",
};

/** What stands for the %-codes of a job's commands. `end`: how it ended and on which Volumes, once it has. */
export function percentValues(
  context: JobContext,
  run: SavedRun,
  end: { readonly outcome: JobOutcome; readonly volumes: readonly string[] } | null,
): PercentValues {
  const { job, parts } = context;
  const { effective } = job;
  return {
    JobBytes: job.bytes,
    Client: effective.client.name,
    ClientAddress: effective.client.address ?? effective.client.name,
    Daemon: parts.config().director.name,
    Director: parts.config().director.name,
    JobStatus: end === null ? "Running" : OUTCOMES[end.outcome],
    JobErrors: job.errors,
    JobFiles: job.files,
    JobId: job.jobId,
    JobUniqueName: job.identity.job,
    JobName: effective.job.name,
    Level: job.levelWord,
    Priority: effective.priority,
    Pid: process.pid,
    ReadBytes: job.readBytes,
    Since: run.sinceMs === null ? "" : catalogTime(run.sinceMs),
    Type: typeWord(effective.type),
    Volumes: end === null ? "" : end.volumes.join("|"),
    FileSet: effective.fileset.name,
    Pool: job.pool.resource.name,
    Storage: job.storage.resource.name,
    Spooling: effective.spoolData ? "yes" : "no",
    Cloned: "no",
    NewJobId: 0,
    PreviousJobId: 0,
  };
}

/** The same by letter, as a file daemon gets them for its scripts. */
export function percentLetters(values: PercentValues): Record<string, string> {
  const entries = Object.entries(values).map(([name, value]) => [percentCodes[name as PercentCode], String(value)]);
  return Object.fromEntries(entries);
}
