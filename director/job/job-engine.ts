import { catalogTime } from "#lib/base/local-time.ts";
import { abortable } from "#lib/base/abort.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { createJob } from "#catalog/queries/jobs.ts";
import { askAgain } from "./ask-again.ts";
import { deadlineOf } from "./deadlines.ts";
import type { DirectorJob, JobIdentity } from "./director-job.ts";
import { checkDuplicates, crowdFault } from "./duplicates.ts";
import { effectiveJob, type EffectiveJob } from "./effective-job.ts";
import type { BusyJobs } from "../retention/judge.ts";
import type { CancelResult, JobEngine, WaitTarget } from "./engine.ts";
import { AlarmClock } from "./alarm-clock.ts";
import type { CatalogDesk, EngineParts } from "./job-context.ts";
import { uniqueJobName } from "./job-name.ts";
import type { ForeseeWish, JobView, ScheduledView } from "./job-view.ts";
import { giveUpLeftJob, readLeftJobs } from "./left-jobs.ts";
import { rerunOf } from "./rerun.ts";
import { requireEnabled } from "./require-enabled.ts";
import { makeLiveJob, nextMomentOf, reportIfLate, type LiveJob } from "./live-job.ts";
import { admissionOf, busyJobs, duplicatesOf, isStorageFull, resourcesInUse } from "./live-jobs.ts";
import { endUnrun, resumeJob, runJob } from "./run-job.ts";
import type { RunRequest } from "./run-request.ts";
import { waitAnswer } from "./wait-answer.ts";
import { newRun, type SavedRun } from "./saved-run.ts";

/** Ended jobs that `status` shows. */
const TERMINATED_SHOWN = 20;

/** Lists what Schedules foresee. */
export type Foresee = JobEngine["scheduled"];

/** A job of the Director before, and the desk of its catalog. */
interface LeftJob {
  readonly desk: CatalogDesk;
  readonly jobId: number;
  readonly run: SavedRun;
}

/**
 * Takes wishes, queues them, starts what may start, and keeps watch until every job has ended. One per Director.
 * The picture of a job's states is docs/job-states.md.
 */
export class DirectorJobEngine implements JobEngine, AsyncDisposable {
  readonly #parts: EngineParts;
  readonly #live = new Map<number, LiveJob>();
  readonly #alarm: AlarmClock;
  readonly #watchers = new Set<() => void>();
  readonly #runs = new Set<Promise<void>>();
  readonly #leaving = new AbortController();
  #terminated: JobView[] = [];
  #isOpening = true;
  #isStopping = false;
  #counts = { started: 0, failed: 0, succeeded: 0 };
  foresee: Foresee = () => [];

  private constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#alarm = new AlarmClock(parts.clock, () => this.#lookAtQueue());
  }

  /** Opens the engine and takes up the jobs that were queued or running when the Director stopped. */
  static async open(parts: EngineParts, catalogNames: readonly string[]): Promise<DirectorJobEngine> {
    const engine = new DirectorJobEngine(parts);
    const left: LeftJob[] = [];
    for (const name of catalogNames) left.push(...(await engine.#readLeft(parts.desk(name))));
    // Those that run are known before one that waits is looked at: they count against its limits.
    for (const each of left.filter(({ run }) => run.stage !== "queued")) await engine.#takeUp(each);
    for (const each of left.filter(({ run }) => run.stage === "queued")) await engine.#takeUp(each);
    engine.#isOpening = false;
    engine.#lookAtQueue();
    return engine;
  }

  get counts() {
    return this.#counts;
  }

  async submit(request: RunRequest): Promise<number> {
    if (this.#isStopping) throw new OperatorError("CANCELED", "the Director is stopping and takes no jobs");
    const effective = effectiveJob(request, this.#parts.config());
    requireEnabled(effective, this.#parts.isEnabled);
    const desk = this.#parts.desk(effective.catalog.resource.name);
    const nowMs = this.#parts.clock.nowMs();
    const scheduledMs = request.whenMs ?? nowMs;
    const job = uniqueJobName(effective.job.name, nowMs);
    const run = newRun(job, request, scheduledMs, effective.level);
    const jobId = await createJob(desk.catalog, {
      Job: job,
      Name: effective.job.name,
      Type: effective.type,
      Level: effective.level,
      JobStatus: "C",
      SchedTime: catalogTime(scheduledMs),
      JobTDate: Math.floor(scheduledMs / 1000),
      Comment: effective.comment,
    });
    const live = this.#add({ jobId, job, scheduledMs }, effective, run);
    await live.record.change(desk.catalog, {}, nowMs);
    this.#counts.started++;
    this.#enqueue(live);
    return jobId;
  }

  async cancel(jobId: number, by: string): Promise<CancelResult> {
    const live = this.#live.get(jobId);
    if (live === undefined) return { kind: "notRunning", jobId };
    return this.#cancel(live, by);
  }

  running(): readonly JobView[] {
    return this.#views((job) => job.state.kind === "running" || (job.state.kind === "canceling" && job.state.wasRunning));
  }

  waiting(): readonly JobView[] {
    return this.#views((job) => job.state.kind === "created" || job.state.kind === "queued");
  }

  terminated(): readonly JobView[] {
    return this.#terminated;
  }

  scheduled(wish: ForeseeWish = {}): readonly ScheduledView[] {
    return this.foresee(wish);
  }

  busy(): BusyJobs {
    return busyJobs(this.#live);
  }

  view(jobId: number): JobView | null {
    return this.#live.get(jobId)?.context.job.view() ?? this.#terminated.find((view) => view.jobId === jobId) ?? null;
  }

  viewByName(job: string): JobView | null {
    const live = [...this.#live.values()].find((each) => each.context.job.identity.job === job);
    return live?.context.job.view() ?? this.#terminated.find((view) => view.job === job) ?? null;
  }

  async waitFor(target: WaitTarget, signal: AbortSignal): Promise<JobView | null> {
    for (;;) {
      const answer = waitAnswer(
        target,
        this.#views(() => true),
        this.#terminated,
      );
      if (answer !== undefined) return answer;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#watchers.add(resolve);
      try {
        await abortable(promise, signal);
      } finally {
        this.#watchers.delete(resolve);
      }
    }
  }

  mediaChanged(): void {
    for (const { context } of this.#live.values()) {
      const { job, parts } = context;
      if (job.state.kind !== "running" || job.state.phase !== "needsMedia") continue;
      void askAgain(context).catch((error: unknown) =>
        parts.log(`${job.identity.job}: its storage daemon could not be told of new Volumes`, error),
      );
    }
  }

  /** Storages and clients that live jobs use: their connections must stay. */
  inUse() {
    return resourcesInUse(this.#live);
  }

  /** Stops taking jobs. Running ones go on at their daemons and are followed again by the next Director. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    this.#alarm.stop();
    this.#leaving.abort(new OperatorError("CANCELED", "the Director stops"));
    await Promise.allSettled(this.#runs);
  }

  /** Resolves when no job is live: for a Director that is to end with its jobs. */
  async idle(signal: AbortSignal): Promise<void> {
    await this.waitFor({ kind: "all" }, signal);
  }

  #views(which: (job: DirectorJob) => boolean): readonly JobView[] {
    return [...this.#live.values()].filter(({ context }) => which(context.job)).map(({ context }) => context.job.view());
  }

  #add(identity: JobIdentity, effective: EffectiveJob, run: SavedRun): LiveJob {
    const live = makeLiveJob(this.#parts, identity, effective, run, {
      leaving: this.#leaving.signal,
      isFull: (job) => (storage) => isStorageFull(this.#live, storage, job),
    });
    this.#live.set(identity.jobId, live);
    live.context.job.watch(() => this.#changed(live));
    return live;
  }

  #enqueue(live: LiveJob): void {
    const { job } = live.context;
    const refusal = this.#duplicates(live);
    job.apply({ kind: "queue" });
    if (refusal === null) return this.#lookAtQueue();
    job.apply({ kind: "cancel", by: "the check for duplicate jobs" });
    this.#run(live, async () => {
      await live.context.messages.say("Fatal", refusal);
      await endUnrun(live.context, live.record);
    });
  }

  /** Cancels duplicates that make way; answers why this job may not run, or null. */
  #duplicates(live: LiveJob): string | null {
    const { job } = live.context;
    const { effective } = job;
    const facts = duplicatesOf(this.#live, job);
    const crowd = crowdFault(effective.request.origin, facts);
    if (crowd !== null) return crowd;
    if (effective.request.ignoreDuplicateCheck === true || effective.type !== "B") return null;
    const verdict = checkDuplicates(job.level, facts, effective.job);
    if (verdict.kind === "refuse") return verdict.text;
    for (const jobId of verdict.cancel) {
      const other = this.#live.get(jobId);
      if (other === undefined) continue;
      void live.context.messages.say("Info", `Cancelling duplicate JobId=${jobId}.`);
      this.#cancel(other, `JobId ${job.jobId}, of which it is a duplicate`);
    }
    return null;
  }

  #cancel(live: LiveJob, by: string): CancelResult {
    const { job } = live.context;
    const wasWaiting = job.state.kind === "queued" || job.state.kind === "created";
    job.apply({ kind: "cancel", by });
    if (wasWaiting) this.#run(live, () => endUnrun(live.context, live.record));
    return { kind: "canceled", jobId: job.jobId, job: job.identity.job, wasWaiting };
  }

  /** Starts what may start now, and says of the others what they wait for. */
  #lookAtQueue(): void {
    if (this.#isOpening || this.#isStopping) return;
    this.#cancelOverdue(); // before what waited too long is started
    for (const live of this.#live.values()) reportIfLate(live, this.#parts.clock.nowMs());
    const admission = admissionOf(this.#live, this.#parts);
    for (const verdict of admission.verdicts) {
      const live = this.#live.get(verdict.jobId);
      if (live === undefined || live.context.job.state.kind !== "queued") continue;
      if (verdict.kind === "wait") live.context.job.apply({ kind: "holdBack", reason: verdict.reason });
      else this.#start(live, verdict.storage);
    }
    this.#setAlarm(admission.wakeMs);
  }

  #start(live: LiveJob, storage: string | undefined): void {
    const { job } = live.context;
    if (storage !== undefined) job.useStorage(storage);
    job.apply({ kind: "admit" });
    this.#run(live, () => runJob(live.context, live.record));
  }

  /** Cancels jobs that are past a limit. */
  #cancelOverdue(): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const live of [...this.#live.values()]) {
      const deadline = deadlineOf(live.context.job, live.waitingMs);
      if (deadline === null || deadline.atMs > nowMs) continue;
      void live.context.messages.say("Fatal", deadline.text);
      this.#cancel(live, "the Director");
    }
  }

  /** For the next start, limit or report, whichever comes first. */
  #setAlarm(wakeMs: number | null): void {
    const nextMs = Math.min(wakeMs ?? Infinity, ...[...this.#live.values()].map(nextMomentOf));
    this.#alarm.set(nextMs === Infinity ? null : nextMs);
  }

  /** Keeps the run of a job until it is over, then forgets the job and looks for what may start in its place. */
  #run(live: LiveJob, work: () => Promise<void>): void {
    const { job, parts } = live.context;
    const run = work()
      .catch((error: unknown) => parts.log(`JobId ${job.jobId} ${job.identity.job}`, error))
      .then(async () => await this.#ended(live))
      .catch((error: unknown) => parts.log(`JobId ${job.jobId} ${job.identity.job}`, error))
      .finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }

  async #ended(live: LiveJob): Promise<void> {
    const { job } = live.context;
    if (!this.#live.has(job.jobId)) return;
    const isGood = job.state.kind === "ended" && (job.state.outcome === "ok" || job.state.outcome === "warnings");
    // Before the job is forgotten: who waits for all jobs waits for its repetition too.
    if (!isGood) await this.#reschedule(live);
    if (!this.#live.delete(job.jobId)) return;
    if (isGood) this.#counts.succeeded++;
    else this.#counts.failed++;
    this.#terminated = [...this.#terminated, job.view()].slice(-TERMINATED_SHOWN);
    this.#lookAtQueue();
    this.#wake();
  }

  /** A job that failed runs again if its resource says so. */
  async #reschedule({ context }: LiveJob): Promise<void> {
    const again = this.#isStopping ? null : await rerunOf(context);
    if (again === null) return;
    await this.submit(again).catch((error: unknown) => this.#parts.log(`Job "${again.job}" could not be run again`, error));
  }

  #changed(live: LiveJob): void {
    const { state, startedMs } = live.context.job;
    if (!live.isTimed && startedMs !== null) {
      live.isTimed = true;
      queueMicrotask(() => this.#lookAtQueue());
    }
    const isWaiting = state.kind === "running" && (state.phase === "needsMount" || state.phase === "needsMedia");
    if (isWaiting && live.waitingMs === null) {
      live.waitingMs = this.#parts.clock.nowMs();
      if (live.context.job.effective.job.maxWaitTime > 0) queueMicrotask(() => this.#lookAtQueue());
    }
    if (!isWaiting) live.waitingMs = null;
    this.#wake();
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Reads what the Director before left in a catalog. What its jobs were given stays theirs. */
  async #readLeft(desk: CatalogDesk): Promise<LeftJob[]> {
    const left = await readLeftJobs(desk.catalog, TERMINATED_SHOWN, this.#parts.clock.nowMs());
    this.#terminated = [...this.#terminated, ...left.terminated].slice(-TERMINATED_SHOWN);
    for (const { jobId, run } of left.runs) desk.claims.restore(jobId, run.volumes ?? []);
    return left.runs.map((each) => ({ ...each, desk }));
  }

  async #takeUp({ desk, jobId, run }: LeftJob): Promise<void> {
    const { config, log, clock } = this.#parts;
    let effective: EffectiveJob;
    try {
      effective = effectiveJob(run.request, config());
    } catch (error) {
      log(`JobId ${jobId} ${run.job} cannot be taken up: the configuration has changed`, error);
      await giveUpLeftJob(desk.catalog, { jobId, run }, error, clock.nowMs());
      desk.claims.release(jobId);
      return;
    }
    const live = this.#add({ jobId, job: run.job, scheduledMs: run.scheduledMs }, effective, run);
    this.#counts.started++;
    if (run.stage === "queued") return this.#enqueue(live);
    live.context.job.apply({ kind: "resume" });
    await live.context.messages.say("Info", `The Director was restarted; following JobId ${jobId}, Job=${run.job} again.`);
    this.#run(live, () => resumeJob(live.context, live.record));
  }
}
