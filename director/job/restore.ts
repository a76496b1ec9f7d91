import { must } from "#lib/base/assert.ts";
import { encodeName } from "#lib/base/byte-name.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { updateJob } from "#catalog/queries/jobs.ts";
import type { StorageResource } from "#director/config/storage.ts";
import { recordClient, recordFileSet, recordPool, recordStorage } from "./catalog-rows.ts";
import type { Bootstrap } from "#proto/bootstrap.ts";
import type { DirectorJob } from "./director-job.ts";
import type { JobContext } from "./job-context.ts";
import type { JobResult } from "./job-result.ts";
import { runJobScripts } from "./job-scripts.ts";
import type { RestorePlan } from "./run-request.ts";
import type { RunRecord } from "./saved-run.ts";
import { halvesOf } from "./follow-halves.ts";
import { reachDaemons, startHalves } from "./start-halves.ts";
import { superviseHalves } from "./two-halves.ts";
import { CANCEL_WAIT_MS, HALF_GRACE_MS } from "./waits.ts";

/** Runs a Restore: the storage daemons read what the plan says, the client puts it back. Throws if it cannot be started. */
export async function runRestore(context: JobContext, record: RunRecord): Promise<JobResult> {
  const { job, messages, desk, parts } = context;
  const restore = must(job.effective.restore, "what a Restore restores");
  await prepareRows(context, record);
  await messages.say("Info", `Start Restore Job ${job.identity.job}`);
  const scripts = await runJobScripts(context, record, "before", null);
  if (!scripts.isWell) return { fd: null, sd: null, hasFailed: true, directorErrors: scripts.errors };
  const reached = await reachDaemons(context);
  await recordClient(desk.catalog, job.effective.client, reached.fd.uname);
  await record.change(desk.catalog, { clientUname: reached.fd.uname, directorErrors: scripts.errors }, parts.clock.nowMs());
  await startHalves(context, record, reached, {
    storageWork: ({ resource }) => ({
      work: { $case: "read", value: { bootstrap: bootstrapOf(restore.plan, resource, job) } },
      devices: resource.device,
    }),
    fileWork: {
      $case: "restore",
      value: {
        where: encodeName(restore.where),
        regexWhere: restore.regexWhere ?? "",
        replace: restore.replace,
        filesExpected: restore.plan.filesExpected,
        numericIds: false,
        prefixLinks: restore.prefixLinks ?? job.effective.job.prefixLinks,
      },
    },
  });
  return await followRestore(context, record);
}

/** Follows a Restore that both daemons work on. */
export async function followRestore(context: JobContext, record: RunRecord): Promise<JobResult> {
  const { job, parts } = context;
  const ends = await superviseHalves(halvesOf(context, record), {
    clock: parts.clock,
    signal: job.signal,
    leaving: context.leaving,
    graceMs: HALF_GRACE_MS,
    cancelMs: CANCEL_WAIT_MS,
  });
  return { ...ends, hasFailed: false, directorErrors: record.run.directorErrors };
}

async function prepareRows(context: JobContext, record: RunRecord): Promise<void> {
  const { job, desk, parts } = context;
  const nowMs = parts.clock.nowMs();
  job.begin(nowMs);
  const { clientId } = await recordClient(desk.catalog, job.effective.client);
  const fileSet = await recordFileSet(desk.catalog, job.effective.fileset, nowMs);
  const pool = await recordPool(desk.catalog, job.pool.resource);
  await recordStorage(desk.catalog, job.storage.resource);
  await updateJob(desk.catalog, job.jobId, {
    JobStatus: "R",
    StartTime: catalogTime(nowMs),
    JobTDate: Math.floor(nowMs / 1000),
    ClientId: clientId,
    FileSetId: fileSet.FileSetId,
    PoolId: pool.PoolId,
  });
  await record.change(desk.catalog, { startedMs: nowMs }, nowMs);
}

/** What one of the job's Storages reads. Volumes of which no Storage is known are read by the first one. */
function bootstrapOf(plan: RestorePlan, resource: StorageResource, job: DirectorJob): Bootstrap {
  const { furtherStorages } = job.effective;
  if (furtherStorages.length === 0) return plan.bootstrap;
  const storageOf = new Map(plan.volumes.map(({ volume, storage }) => [volume, storage]));
  const isElsewhere = (volume: string) => furtherStorages.some((each) => each.name === storageOf.get(volume));
  const entries = plan.bootstrap.entries.filter(({ volume }) =>
    resource === job.storage.resource ? !isElsewhere(volume) : storageOf.get(volume) === resource.name,
  );
  return { entries };
}
