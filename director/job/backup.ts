import { catalogTime } from "#lib/base/local-time.ts";
import { expandPercentCodes } from "#lib/config/percent-codes.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { updateJob } from "#catalog/queries/jobs.ts";
import { FileDaemonService, type BackupWork } from "#proto/filed.ts";
import { accurateChunks, accurateJobIds } from "./accurate-list.ts";
import { levelFacts, recordClient, recordFileSet, recordPool } from "./catalog-rows.ts";
import { fileSetMessage } from "./fileset-message.ts";
import { devicesFor, poolFault } from "#director/config/pool-rules.ts";
import type { JobContext } from "./job-context.ts";
import type { JobResult } from "./job-result.ts";
import { runJobScripts } from "./job-scripts.ts";
import { reportLevel } from "./level-words.ts";
import { decideLevel, type LevelDecision, type RunLevel } from "./level.ts";
import { percentValues } from "./percent-values.ts";
import type { RunRecord } from "./saved-run.ts";
import { chooseStorage } from "./choose-storage.ts";
import { halvesOf } from "./follow-halves.ts";
import { reachDaemons, startHalves, type ReachedDaemons } from "./start-halves.ts";
import { superviseHalves } from "./two-halves.ts";
import { CANCEL_WAIT_MS, HALF_GRACE_MS } from "./waits.ts";

/** Runs a Backup from its rows in the catalog to the ends of both halves. Throws if it cannot be started. */
export async function runBackup(context: JobContext, record: RunRecord): Promise<JobResult> {
  const { job, messages } = context;
  const rows = await prepareRows(context, record);
  await messages.say("Info", `Start Backup JobId ${job.jobId}, Job=${job.identity.job}`);
  await chooseStorage(context, record);
  const scripts = await runJobScripts(context, record, "before", null);
  if (!scripts.isWell) return { fd: null, sd: null, hasFailed: true, directorErrors: scripts.errors };
  const reached = await reachDaemons(context);
  await keepRoom(context);
  await rememberDaemons(context, record, reached, scripts.errors);
  const work = await backupWork(context, record);
  if (work.accurate) await sendAccurateList(context, reached, rows.clientId);
  const pool = job.pool.resource;
  await startHalves(context, record, reached, {
    storageWork: ({ resource }) => ({
      work: { $case: "append", value: { pool: pool.name, poolType: pool.poolType, catalogFiles: pool.catalogFiles } },
      devices: devicesFor(pool, resource),
    }),
    fileWork: { $case: "backup", value: work },
  });
  return await followBackup(context, record);
}

/** Follows a Backup that both daemons work on: after its start, and after a restart of the Director. */
export async function followBackup(context: JobContext, record: RunRecord): Promise<JobResult> {
  const { job, parts } = context;
  const { volSessionId: VolSessionId, volSessionTime: VolSessionTime } = record.run;
  await updateJob(context.desk.catalog, job.jobId, { JobStatus: "R", VolSessionId, VolSessionTime });
  const ends = await superviseHalves(halvesOf(context, record), {
    clock: parts.clock,
    signal: job.signal,
    leaving: context.leaving,
    graceMs: HALF_GRACE_MS,
    cancelMs: CANCEL_WAIT_MS,
  });
  return { ...ends, hasFailed: false, directorErrors: record.run.directorErrors };
}

/** Makes room before it is needed. Where that cannot be done the job begins all the same: there may be enough for it. */
async function keepRoom({ job, desk, messages }: JobContext): Promise<void> {
  const say = async (line: string) => await messages.say("Info", line);
  try {
    const problem = await desk.pressure?.keepLevels(job.storage.resource, say, job.signal);
    if (problem !== undefined) await messages.say("Warning", problem);
  } catch (error) {
    if (!(error instanceof OperatorError) || job.signal.aborted) throw error;
    // The storage daemon will say the same when it comes to writing.
    await messages.say("Warning", describeError(error));
  }
}

/** Decides the level and brings every row that the job refers to into being. */
async function prepareRows(context: JobContext, record: RunRecord): Promise<{ readonly clientId: number }> {
  const { job, desk, parts, messages } = context;
  const { catalog } = desk;
  const nowMs = parts.clock.nowMs();
  job.begin(nowMs);
  const { clientId } = await recordClient(catalog, job.effective.client);
  const fileSet = await recordFileSet(catalog, job.effective.fileset, nowMs);
  const decision = await levelOf(context, clientId, fileSet.FileSetId, nowMs);
  job.setLevel(decision.level);
  for (const line of decision.messages) await messages.say("Info", line);
  requirePool(context);
  const pool = await recordPool(catalog, job.pool.resource);
  await updateJob(catalog, job.jobId, {
    JobStatus: "R",
    Level: decision.level,
    StartTime: catalogTime(nowMs),
    JobTDate: Math.floor(nowMs / 1000),
    ClientId: clientId,
    FileSetId: fileSet.FileSetId,
    PoolId: pool.PoolId,
  });
  await record.change(
    catalog,
    {
      startedMs: nowMs,
      level: decision.level,
      upgradedFrom: decision.upgradedFrom,
      sinceMs: decision.sinceMs,
      fileSetCreateTime: fileSet.CreateTime ?? "",
    },
    nowMs,
  );
  return { clientId };
}

/** The Pool of the level that is run in the end must be on and take the job. Throws POOL_DISABLED, POOL_REFUSES_JOB. */
function requirePool({ job, parts }: JobContext): void {
  const pool = job.pool.resource;
  if (!parts.isEnabled("pool", pool.name, pool.enabled))
    throw new OperatorError("POOL_DISABLED", `Pool "${pool.name}" is disabled`, { hint: `type: enable pool=${pool.name}` });
  const { client, fileset, job: resource } = job.effective;
  const fault = poolFault(pool, {
    job: resource.name,
    client: client.name,
    fileSet: fileset.name,
    storage: job.storage.resource,
    level: reportLevel(job.level),
  });
  if (fault !== undefined)
    throw new OperatorError("POOL_REFUSES_JOB", fault, {
      hint: "run the job with another Pool, or change what this one allows",
    });
}

async function levelOf(context: JobContext, clientId: number, fileSetId: number, nowMs: number): Promise<LevelDecision> {
  const { job, desk } = context;
  const { job: resource, level, request } = job.effective;
  const asked = level as RunLevel;
  const facts = await levelFacts(desk.catalog, { name: resource.name, clientId, fileSetId }, resource.rerunFailedLevels);
  const decision = decideLevel(
    asked,
    facts,
    { maxFullIntervalMs: resource.maxFullInterval * 1000, maxDiffIntervalMs: resource.maxDiffInterval * 1000 },
    nowMs,
  );
  return request.sinceMs === undefined || decision.level === "F" ? decision : { ...decision, sinceMs: request.sinceMs };
}

/** Keeps what the client says of itself, for the report and the catalog. */
async function rememberDaemons(
  context: JobContext,
  record: RunRecord,
  reached: ReachedDaemons,
  directorErrors: number,
): Promise<void> {
  const { job, desk, parts, messages } = context;
  const { client } = job.effective;
  const { unameBefore } = await recordClient(desk.catalog, client, reached.fd.uname);
  if (unameBefore !== null)
    await messages.say("Info", `Client "${client.name}" has changed from "${unameBefore}" to "${reached.fd.uname}".`);
  await record.change(desk.catalog, { clientUname: reached.fd.uname, directorErrors }, parts.clock.nowMs());
}

async function backupWork(context: JobContext, record: RunRecord): Promise<BackupWork> {
  const { job } = context;
  const values = percentValues(context, record.run, null);
  const { sinceMs } = record.run;
  return {
    level: job.level,
    sinceUs: sinceMs === null ? 0 : sinceMs * 1000,
    fileset: await fileSetMessage(job.effective.fileset, (command) => expandPercentCodes(command, values), job.signal),
    accurate: job.effective.isAccurate && job.level !== "F",
    allowCompression: job.storage.resource.allowCompression,
    maxBytes: job.effective.job.maximumBytes,
  };
}

/** Sends what the jobs before this one have saved, newest version of each file. */
async function sendAccurateList(context: JobContext, reached: ReachedDaemons, clientId: number): Promise<void> {
  const { job, desk, messages } = context;
  const { effective, identity, level } = job;
  const of = { clientId, fileSet: effective.fileset.name, jobName: effective.job.name };
  await messages.say("Info", `Sending Accurate information to the FD.`);
  const jobIds = await accurateJobIds(desk.catalog, of, level);
  const chunks = accurateChunks(desk.catalog, { job: identity.job, jobId: job.jobId }, jobIds, job.signal);
  await reached.fd.client.clientStream(FileDaemonService.sendAccurate, chunks, { signal: job.signal });
}
