import { reportTime } from "#lib/base/local-time.ts";
import type { JobContext } from "./job-context.ts";
import { rerunWait } from "./rerun-wait.ts";
import type { RunRequest } from "./run-request.ts";

/** What is to be run in the place of a job that failed, if its resource says so; one that an operator canceled is not. Says what comes. */
export async function rerunOf({ job, messages, parts }: JobContext): Promise<RunRequest | null> {
  const { effective, identity, state } = job;
  const { job: resource, request } = effective;
  const isFailed = state.kind === "ended" && (state.outcome === "error" || state.outcome === "fatal");
  if (!isFailed || !resource.rescheduleOnError) return null;
  const nowMs = parts.clock.nowMs();
  const firstFailedMs = request.firstFailedMs ?? nowMs;
  const reruns = (request.reruns ?? 0) + 1;
  const waitS = rerunWait(resource, reruns, nowMs - firstFailedMs);
  if (waitS === null) {
    const since = reportTime(firstFailedMs);
    await messages.say("Error", `Job ${identity.job} is not run again: it has failed ${reruns} times since ${since}.`);
    return null;
  }
  const whenMs = nowMs + waitS * 1000;
  await messages.say(
    "Info",
    `Rescheduled Job ${identity.job} at ${reportTime(nowMs)} to re-run in ${waitS} seconds (${reportTime(whenMs)}).`,
  );
  return { ...request, whenMs, reruns, firstFailedMs };
}
