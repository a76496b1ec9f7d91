import { catalogTime } from "#lib/base/local-time.ts";
import { deleteJobEvents } from "#catalog/database/event-application.ts";
import { rememberForgottenSessions } from "#catalog/queries/forgotten-sessions.ts";
import { listVolumesOfJob } from "#catalog/queries/job-media.ts";
import { deleteRunningJob, updateJob } from "#catalog/queries/jobs.ts";
import { findMedia, findMediaById } from "#catalog/queries/media.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { JobEnd } from "#proto/job.ts";
import { autoPrune } from "#director/retention/auto-prune.ts";
import { dedupFacts } from "./dedup-facts.ts";
import type { JobContext } from "./job-context.ts";
import type { JobResult } from "./job-result.ts";
import { runJobScripts } from "./job-scripts.ts";
import type { JobOutcome } from "./job-state.ts";
import { decideOutcome, isGood, warningsFault, type HalfResult } from "./outcome.ts";
import { adminReport, backupReport, restoreReport } from "./report.ts";
import { bytesWords, withCommas } from "./report-words.ts";
import { percentValues } from "./percent-values.ts";
import type { RunRecord } from "./saved-run.ts";
import { outcomeLetter } from "./status-letter.ts";
import type { HalfEnd } from "./two-halves.ts";
import { verifyVolumes } from "./verify-volumes.ts";
import { writeBootstrap } from "./write-bootstrap.ts";

const REPLACE_WORDS = { always: "Always", ifnewer: "IfNewer", ifolder: "IfOlder", never: "Never" } as const;

/** Everything the report and the Job row say about the end. */
interface EndFacts {
  readonly result: JobResult;
  readonly outcome: JobOutcome;
  readonly endMs: number;
  readonly volumes: readonly MediaRow[];
}

/** Volumes that the job has filled to a limit get their new status; also one that it was given and that holds no file of it. */
async function settleVolumes({ desk, job, messages }: JobContext, volumes: readonly MediaRow[]): Promise<void> {
  const others = desk.claims.givenTo(job.jobId).filter(({ volume }) => !volumes.some((row) => row.VolumeName === volume));
  const given = await Promise.all(others.map(async ({ volume }) => await findMedia(desk.catalog, volume)));
  const all = [...volumes, ...given.filter((row) => row !== null)];
  if (all.length === 0) return;
  const { lines, warnings } = await desk.finder.settle(all, job.pool.resource.name);
  for (const line of lines) await messages.say("Info", line);
  for (const line of warnings) await messages.say("Warning", line);
}

/** Ends a job: its row, its report, the scripts after it. Afterwards nothing about it is left to do. Answers how it ended. */
export async function finishJob(context: JobContext, record: RunRecord, result: JobResult): Promise<JobOutcome> {
  const { job, parts, desk } = context;
  await tellLost(context, result);
  const ended = outcomeOf(context, result);
  const volumes = await volumesOf(context);
  await settleVolumes(context, volumes);
  const isSound = !isGood(ended) || (!(await hasTooManyWarnings(context, result)) && (await verifyVolumes(context, volumes)));
  const first = isSound ? ended : "error";
  const facts: EndFacts = { result, outcome: first, endMs: parts.clock.nowMs(), volumes };
  job.endedMs = facts.endMs;
  job.errors = errorsOf(result);
  await updateJob(desk.catalog, job.jobId, rowChanges(context, record, facts));
  await context.messages.say(isGood(first) || first === "canceled" ? "Info" : "Error", reportOf(context, record, facts));
  if (isGood(first) && job.effective.type === "B") {
    const end = { outcome: first, volumes: volumes.map((row) => row.VolumeName) };
    await writeBootstrap(context, record.run, percentValues(context, record.run, end), endOf(result.fd)?.files ?? 0);
  }
  if (isGood(first)) await pruneAfter(context);
  const scripts =
    job.startedMs === null
      ? null
      : await runJobScripts(context, record, "after", { outcome: first, volumes: volumes.map((row) => row.VolumeName) });
  // What a job that failed has stored is of no use, also where its storage daemon ended well before the job did not. One that ended at its
  // limit of bytes can be restored from.
  const isKept = isGood(ended) || (ended === "incomplete" && endOf(result.sd)?.status === "T");
  const isLost = job.effective.type === "B" && !isKept;
  const outcome = scripts !== null && !scripts.isWell && isGood(first) ? "error" : first;
  await record.close();
  await desk.catalog.transaction(
    async (tx) => {
      await updateJob(tx, job.jobId, {
        JobStatus: outcomeLetter(outcome),
        JobErrors: errorsOf(result) + (scripts?.errors ?? 0),
      });
      await deleteRunningJob(tx, job.jobId);
      await deleteJobEvents(tx, job.jobId);
      if (isLost) await rememberForgottenSessions(tx, job.jobId);
    },
    { idempotent: true },
  );
  if (isLost) parts.sessionsToForget();
  desk.claims.release(job.jobId);
  const names = volumes.map((row) => row.VolumeName);
  context.messages.ended(
    isGood(outcome) ? "success" : "failure",
    percentValues(context, record.run, { outcome, volumes: names }),
  );
  return outcome;
}

/** Prunes what has expired of the client, as Client and Job say. */
async function pruneAfter(context: JobContext): Promise<void> {
  const { job, desk, messages, leaving } = context;
  const { client } = job.effective;
  const ended = { job: job.effective.job, client, pool: job.pool.resource };
  await autoPrune(desk.retention, ended, async (kind, text) => await messages.say(kind, text), leaving);
}

/** A half that was given up has not said why in the log: the Director does. */
async function tellLost(context: JobContext, result: JobResult): Promise<void> {
  const { job, messages } = context;
  const { client } = job.effective;
  if (job.signal.aborted) return;
  const known = `it had told of ${withCommas(job.files)} files and ${bytesWords(job.bytes)}`;
  if (result.fd?.kind === "lost") await messages.say("Fatal", `Client "${client.name}": ${result.fd.reason}; ${known}`);
  if (result.sd?.kind === "lost") await messages.say("Fatal", `Storage "${job.storage.resource.name}": ${result.sd.reason}`);
}

/** Says so where the daemons had more warnings than the job allows. What it has saved is saved all the same. */
async function hasTooManyWarnings({ job, messages }: JobContext, result: JobResult): Promise<boolean> {
  const ends = [endOf(result.fd), endOf(result.sd)].filter((end) => end !== null);
  const fault = warningsFault(job.effective.job.maximumWarnings, ends);
  if (fault !== undefined) await messages.say("Error", fault);
  return fault !== undefined;
}

function outcomeOf(context: JobContext, result: JobResult): JobOutcome {
  const { job } = context;
  return decideOutcome({
    type: job.effective.type,
    fd: halfResult(result.fd),
    sd: halfResult(result.sd),
    isCanceled: job.state.kind === "canceling",
    hasDirectorFailed: result.hasFailed,
    directorWarnings: result.directorErrors,
  });
}

function halfResult(half: HalfEnd | null): HalfResult | null {
  return half?.kind === "ended" ? half.end : null;
}

function endOf(half: HalfEnd | null): JobEnd | null {
  return half?.kind === "ended" ? half.end : null;
}

/** Letter of a half for the report: what it said, or what its silence means. */
function letterOf(half: HalfEnd | null, outcome: JobOutcome): string {
  if (half?.kind === "ended") return half.end.status;
  return outcome === "canceled" ? "A" : half === null ? "" : "f";
}

function errorsOf(result: JobResult): number {
  const fatal = [result.fd, result.sd].filter((half) => half?.kind === "lost").length + (result.hasFailed ? 1 : 0);
  return (endOf(result.fd)?.errors ?? 0) + (endOf(result.sd)?.errors ?? 0) + result.directorErrors + fatal;
}

async function volumesOf(context: JobContext): Promise<readonly MediaRow[]> {
  const { job, desk } = context;
  if (job.effective.type !== "B") return [];
  const written = await listVolumesOfJob(desk.catalog, job.jobId);
  const rows = await Promise.all(written.map(async (volume) => await findMediaById(desk.catalog, volume.MediaId)));
  return rows.filter((row) => row !== null);
}

function rowChanges(context: JobContext, record: RunRecord, facts: EndFacts) {
  const { job } = context;
  const fd = endOf(facts.result.fd);
  const { volSessionId, volSessionTime } = record.run;
  const end = catalogTime(facts.endMs);
  return {
    JobStatus: outcomeLetter(facts.outcome),
    Level: job.level,
    EndTime: end,
    RealEndTime: end,
    JobTDate: Math.floor(facts.endMs / 1000),
    JobFiles: fd?.files ?? job.files,
    JobBytes: fd?.bytes ?? job.bytes,
    ReadBytes: fd?.readBytes ?? 0,
    JobErrors: errorsOf(facts.result),
    JobMissingFiles: fd?.missingFiles ?? 0,
    VolSessionId: volSessionId,
    VolSessionTime: volSessionTime,
    ...(job.startedMs === null ? { StartTime: end } : {}),
  };
}

function reportOf(context: JobContext, record: RunRecord, facts: EndFacts): string {
  const { job, parts } = context;
  const { result, outcome, endMs } = facts;
  const common = {
    jobId: job.jobId,
    job: job.identity.job,
    outcome,
    scheduledMs: job.identity.scheduledMs,
    startMs: job.startedMs ?? endMs,
    endMs,
  };
  const [fd, sd] = [endOf(result.fd), endOf(result.sd)];
  const ends = { fdErrors: fd?.errors ?? 0, fdStatus: letterOf(result.fd, outcome), sdStatus: letterOf(result.sd, outcome) };
  switch (job.effective.type) {
    case "D":
      return adminReport(parts.head, common);
    case "R":
      return restoreReport(parts.head, {
        ...common,
        ...ends,
        client: job.effective.client.name,
        where: job.effective.restore?.where ?? "",
        replace: REPLACE_WORDS[job.effective.restore?.replace ?? "always"],
        filesExpected: job.effective.restore?.plan.filesExpected ?? 0,
        filesRestored: fd?.files ?? job.files,
        bytesRestored: fd?.bytes ?? job.bytes,
      });
    case "B":
      return backupReport(parts.head, {
        ...common,
        ...ends,
        level: job.level,
        upgradedFrom: record.run.upgradedFrom,
        sinceMs: record.run.sinceMs,
        client: { name: job.effective.client.name, uname: record.run.clientUname },
        fileset: { name: job.effective.fileset.name, createTime: record.run.fileSetCreateTime },
        pool: { name: job.pool.resource.name, from: job.pool.from },
        catalog: { name: job.effective.catalog.resource.name, from: job.effective.catalog.from },
        storage: { name: job.storage.resource.name, from: job.storage.from },
        priority: job.effective.priority,
        fdFiles: fd?.files ?? job.files,
        sdFiles: sd?.files ?? 0,
        fdBytes: fd?.bytes ?? job.bytes,
        sdBytes: sd?.bytes ?? 0,
        readBytes: fd?.readBytes ?? 0,
        hasSnapshot: fd?.snapshot ?? false,
        isEncrypted: fd?.encrypted ?? false,
        isAccurate: job.effective.isAccurate,
        volumes: facts.volumes.map((row) => row.VolumeName),
        volSessionId: record.run.volSessionId,
        volSessionTime: record.run.volSessionTime,
        lastVolumeBytes: facts.volumes.at(-1)?.VolBytes ?? sd?.lastVolumeBytes ?? 0,
        sdErrors: sd?.errors ?? 0,
        dedup: dedupFacts(fd, sd),
      });
  }
}
