import { purgeFilesOfJob } from "#catalog/queries/delete.ts";
import { listWithAgedFiles } from "#catalog/queries/retention.ts";
import { judgeByAge, retentionJob, type Judged } from "./judge.ts";
import { ENDED, type RetentionParts } from "./parts.ts";
import { policyOf, readPolicyRows, shortestRetention } from "./policy.ts";
import type { JobsAsk } from "./prune-jobs.ts";

/** Deletes the file records of jobs whose File Retention has passed; answers of how many jobs. */
export async function pruneFiles(parts: RetentionParts, ask: JobsAsk, signal: AbortSignal): Promise<number> {
  let pruned = 0;
  for await (const page of judgeFiles(parts, ask, signal)) {
    for (const { job, verdict } of page) {
      if (verdict.kind !== "goes") continue;
      signal.throwIfAborted();
      const { running, read } = parts.busy();
      if (running.has(job.jobId) || read.has(job.jobId)) continue;
      await purgeFilesOfJob(parts.catalog, job.jobId);
      pruned++;
    }
  }
  return pruned;
}

/** Verdicts on file records of jobs that are old enough for some retention, in pages. */
export async function* judgeFiles(parts: RetentionParts, ask: JobsAsk, signal: AbortSignal): AsyncGenerator<readonly Judged[]> {
  const rows = await readPolicyRows(parts.catalog);
  const shortest = ask.seconds ?? shortestRetention(rows, parts.config(), "files");
  const wanted = {
    ...(ask.clientId === undefined ? {} : { clientId: ask.clientId }),
    endedBefore: Math.ceil(ask.nowMs / 1000 - shortest) + 1,
  };
  for (let afterJobId = 0; ;) {
    signal.throwIfAborted();
    const page = await listWithAgedFiles(parts.catalog, { ...wanted, afterJobId });
    const last = page.at(-1);
    if (last === undefined) return;
    afterJobId = last.JobId;
    yield page
      .map((row) => retentionJob(row))
      .filter((job) => ENDED.has(job.status) && (ask.poolId === undefined || job.poolId === ask.poolId))
      .map((job): Judged => {
        const policy = policyOf({ Name: job.name, ClientId: job.clientId, PoolId: job.poolId }, rows, parts.config());
        const time = judgeByAge(job, ask.seconds ?? policy.files, `File Retention of ${policy.filesFrom}:`, ask.nowMs);
        return {
          job,
          verdict: time.isOver ? { kind: "goes", why: time.why } : { kind: "stays", why: time.why, untilMs: time.untilMs },
        };
      });
  }
}
