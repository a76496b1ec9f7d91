import type { JobContext } from "./job-context.ts";
import type { JobOutcome } from "./job-state.ts";
import { percentValues } from "./percent-values.ts";
import { runScripts, scriptsAt, type ScriptTime } from "./run-script.ts";
import { isGood } from "./outcome.ts";
import type { RunRecord } from "./saved-run.ts";

/** How the Director's scripts of one moment went. */
export interface ScriptsResult {
  /** False: a script failed that the job must not survive. */
  readonly isWell: boolean;
  readonly errors: number;
}

/** Runs the scripts of the Director before or after a job. Those after it also run when the job was canceled. */
export async function runJobScripts(
  context: JobContext,
  record: RunRecord,
  time: ScriptTime,
  end: { readonly outcome: JobOutcome; readonly volumes: readonly string[] } | null,
): Promise<ScriptsResult> {
  const { job, messages, parts } = context;
  const scripts = scriptsAt(job.effective.job.runScripts, time, end === null || isGood(end.outcome));
  let errors = 0;
  const isWell = await runScripts(scripts, time, {
    values: percentValues(context, record.run, end),
    say: async (type, text) => {
      if (type !== "Info") errors++;
      await messages.say(type, text);
    },
    console: parts.console,
    signal: time === "before" ? AbortSignal.any([job.signal, context.leaving]) : context.leaving,
  });
  return { isWell, errors };
}
