import type { JobView } from "../job/job-view.ts";
import { findJob } from "#catalog/queries/jobs.ts";
import { abortable } from "#lib/base/abort.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Command, CommandContext } from "./command.ts";
import type { ExitCode } from "./output.ts";

/** Waits until jobs have ended, or until a Volume is asked for. */
export const wait: Command = {
  name: "wait",
  help: "Wait until jobs have ended",
  usage: "jobid=<n> | job|jobname=<name> | ujobid=<unique name> | mount [timeout=<seconds>]",
  keywords: ["jobid=", "job|jobname=", "ujobid=", "mount", "timeout="],
  async run(context, args) {
    const { engine } = context.director;
    const signal = limited(context.signal, args.integer("timeout"));
    const jobId = args.integer("jobid", 1);
    const name = args.value("ujobid") ?? args.value("job");
    if (args.has("mount")) await stopAtTimeout(signal, context, engine.waitFor({ kind: "mount" }, signal));
    else if (jobId !== undefined) await waitForJob(context, jobId, signal);
    else if (name !== undefined) await waitForJob(context, runningJobId(context, name), signal);
    else await waitForAll(context, signal);
  },
};

/** Waits for all jobs; the worst of their ends is the exit status. */
async function waitForAll(context: CommandContext, signal: AbortSignal): Promise<void> {
  const { engine } = context.director;
  const jobs = [...engine.running(), ...engine.waiting()];
  await stopAtTimeout(signal, context, engine.waitFor({ kind: "all" }, signal));
  if (signal.aborted) return;
  for (const { jobId } of jobs) context.fail(exitCode(engine.view(jobId)?.status ?? (await letterInCatalog(context, jobId))));
}

/** Waits for a job, says how it ended, and makes that the command's exit status. */
export async function waitForJob(context: CommandContext, jobId: number, signal: AbortSignal): Promise<void> {
  const { engine } = context.director;
  const known = engine.view(jobId);
  const view = known === null ? null : await stopAtTimeout(signal, context, engine.waitFor({ kind: "jobId", jobId }, signal));
  const letter = view?.status ?? (await letterInCatalog(context, jobId));
  await context.say(`JobId=${jobId}\nJobStatus=${statusWord(letter)} (${letter})\n`);
  const code = exitCode(letter);
  if (context.settings.gui || context.settings.api !== 0) await context.say(`ExitStatus=${code}\n`);
  context.fail(code);
}

/** JobStatus of a job that ended long ago; `?` if there is none of that id. */
async function letterInCatalog(context: CommandContext, jobId: number): Promise<string> {
  const row = await findJob(await context.catalog(), jobId);
  return row?.JobStatus ?? "?";
}

function runningJobId(context: CommandContext, name: string): number {
  const { engine } = context.director;
  const jobs: readonly JobView[] = [...engine.running(), ...engine.waiting(), ...engine.terminated().toReversed()];
  const found = engine.viewByName(name) ?? jobs.find((job) => job.name === name) ?? null;
  if (found === null)
    throw new OperatorError("CATALOG_ROW_UNKNOWN", `ERR: Job was not found: no job "${name}" runs or has lately ended`);
  return found.jobId;
}

function limited(signal: AbortSignal, seconds: number | undefined): AbortSignal {
  return seconds === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(Math.min(seconds, 2_000_000) * 1000)]);
}

/** A time-out ends the wait with code 1; Ctrl-C goes on as an exception. */
async function stopAtTimeout<T>(signal: AbortSignal, context: CommandContext, waiting: Promise<T>): Promise<T | null> {
  try {
    return await abortable(waiting, signal);
  } catch (error) {
    if (!signal.aborted || context.signal.aborted) throw error;
    context.fail(1);
    await context.say("The time to wait is over.\n");
    return null;
  }
}

/** What `wait` calls a JobStatus letter. */
export function statusWord(letter: string): string {
  const words: Readonly<Record<string, string>> = {
    T: "OK",
    W: "OK -- with warnings",
    E: "Error",
    e: "Error",
    f: "Fatal Error",
    A: "Canceled",
    D: "Differences",
    C: "Created",
    R: "Running",
    I: "Incomplete",
  };
  return words[letter] ?? "Unknown term code";
}

/** Exit status for scripts: 0 well, 1 errors in single files, 2 failed, 3 anything else. */
function exitCode(letter: string): ExitCode {
  if (letter === "T" || letter === "W") return 0;
  if (letter === "e") return 1;
  return ["E", "f", "I", "A"].includes(letter) ? 2 : 3;
}
