import { reportTime } from "#lib/base/local-time.ts";
import type { DirectorJob } from "./director-job.ts";
import { layOut, type ReportHead } from "./report.ts";
import { bytesWords, elapsedWords, withCommas } from "./report-words.ts";
import { statusWords } from "./status-letter.ts";

/** When a running job is to be reported on though it has not ended (Report After); unix milliseconds, null: not. */
export function reportDueMs({ effective, startedMs, signal, state }: DirectorJob): number | null {
  const { reportAfter } = effective.job;
  return reportAfter === 0 || startedMs === null || signal.aborted || state.kind === "ended"
    ? null
    : startedMs + reportAfter * 1000;
}

/** How a job stands that runs longer than its Report After. */
export function interimReport(head: ReportHead, job: DirectorJob, nowMs: number): string {
  const startMs = job.startedMs ?? nowMs;
  const { effective, identity } = job;
  return layOut(
    `Nocturne ${head.director} ${head.version} (${head.date}): JobId ${job.jobId} is still running`,
    [
      ["JobId", String(job.jobId)],
      ["Job", identity.job],
      ["Backup Level", job.levelWord],
      ["Client", `"${effective.client.name}"`],
      ["Storage", `"${job.storage.resource.name}"`],
      ["Start time", reportTime(startMs)],
      ["Elapsed time", elapsedWords(nowMs - startMs)],
      ["Files so far", withCommas(job.files)],
      ["Bytes so far", bytesWords(job.bytes)],
      ["Errors so far", String(job.errors)],
      ["Status", statusWords(job.state).text + job.unheardWords],
    ].filter((field): field is [string, string] => effective.type === "B" || field[0] !== "Backup Level"),
  );
}
