import { OperatorError } from "#lib/errors/operator-error.ts";
import type { JobLogStore } from "#lib/job-log/store.ts";
import { MessageType } from "#proto/common.ts";
import type { JobRef } from "#proto/common.ts";
import { JobEnd } from "#proto/job.ts";
import type { AccurateFile, StartFileJobRequest } from "#proto/filed.ts";
import { AccurateListBuilder } from "#filed/backup/accurate-list.ts";
import type { EndedJobs } from "#filed/status/ended-jobs.ts";
import { levelOf, typeOf } from "#filed/status/status-text.ts";
import { FileJob } from "./file-job.ts";
import type { JobSurroundings } from "./work-context.ts";

/** Accurate lists that wait for their job; more at once is a Director gone wrong. */
const LISTS_MAX = 100;
/** A list whose job does not come is forgotten after this time without a further part of it. */
const LIST_KEPT_MS = 3_600_000;

/** The jobs of the daemon: those that run, and what they leave behind. */
export class FileJobs implements AsyncDisposable {
  readonly #surroundings: JobSurroundings;
  readonly #store: JobLogStore;
  readonly #ended: EndedJobs;
  readonly #jobsMax: number;
  readonly #running = new Map<string, { readonly job: FileJob; readonly done: Promise<void> }>();
  readonly #lists = new Map<string, { readonly builder: AccurateListBuilder; readonly forget: NodeJS.Timeout }>();
  #jobsRun = 0;

  constructor(parts: { surroundings: JobSurroundings; store: JobLogStore; ended: EndedJobs; jobsMax: number }) {
    this.#surroundings = parts.surroundings;
    this.#store = parts.store;
    this.#ended = parts.ended;
    this.#jobsMax = parts.jobsMax;
  }

  get running(): FileJob[] {
    return [...this.#running.values()].map(({ job }) => job);
  }

  get ended(): EndedJobs["all"] {
    return this.#ended.all;
  }

  get jobsRun(): number {
    return this.#jobsRun;
  }

  /** Ends the logs of jobs that were running when this daemon last stopped without warning: they cannot be gone on with. */
  async endLost(): Promise<void> {
    for (const log of this.#store.logs.values()) {
      if (log.hasEnded) continue;
      const { clock, name } = this.#surroundings;
      const text = "The file daemon was stopped while the job ran; the job cannot go on.";
      log.append({
        $case: "message",
        value: { type: MessageType.MESSAGE_TYPE_FATAL, timeUs: Math.round(clock.nowMs() * 1000), daemon: name, text },
      });
      await log.end(JobEnd.fromPartial({ status: "f", errors: 1 }));
    }
  }

  /** Adds to the accurate list of a job that is to come. Throws JOB_REFUSED if too many lists wait. */
  addAccurate(job: JobRef, files: readonly AccurateFile[]): void {
    let list = this.#lists.get(job.job);
    if (list === undefined) {
      if (this.#lists.size >= LISTS_MAX)
        throw new OperatorError("JOB_REFUSED", `${LISTS_MAX} accurate lists wait for their jobs already`);
      const forget = setTimeout(() => this.#lists.delete(job.job), LIST_KEPT_MS).unref();
      this.#lists.set(job.job, (list = { builder: new AccurateListBuilder(), forget }));
    }
    list.forget.refresh();
    list.builder.add(files);
  }

  /** The list of a job, taken away; undefined if none was sent. */
  takeAccurate(job: JobRef): AccurateListBuilder | undefined {
    const list = this.#lists.get(job.job);
    this.#lists.delete(job.job);
    clearTimeout(list?.forget);
    return list?.builder;
  }

  /** Starts a job; durable when resolved. Answers false if it is known already. Throws JOB_REFUSED when too many run. */
  async start(request: StartFileJobRequest, director: string): Promise<boolean> {
    const ref = request.job;
    if (ref === undefined) throw new OperatorError("JOB_REFUSED", "a job must have a name");
    if (this.#store.get(ref.job) !== undefined) return false;
    if (this.#running.size >= this.#jobsMax) {
      throw new OperatorError("JOB_REFUSED", `${this.#jobsMax} jobs run here already`, {
        hint: "raise Maximum Concurrent Jobs in the FileDaemon resource, or lower it in the Director's",
      });
    }
    const log = await this.#store.create(ref);
    const job = new FileJob({
      request,
      surroundings: this.#surroundings,
      director,
      log,
      accurate: this.takeAccurate(ref)?.table,
    });
    this.#jobsRun++;
    this.#running.set(ref.job, { job, done: this.#follow(ref, job) });
    return true;
  }

  /** Stops a job if it runs. */
  cancel(job: JobRef, isIncomplete: boolean): void {
    this.#running.get(job.job)?.job.cancel(isIncomplete);
  }

  async #follow(ref: JobRef, job: FileJob): Promise<void> {
    let status = "f";
    try {
      status = await job.run();
    } catch (error) {
      this.#surroundings.rpcLog.error(`job ${ref.job}`, error);
    }
    this.#running.delete(ref.job);
    const { files, bytes, errors } = job.numbers;
    await this.#ended.add({
      jobId: ref.jobId,
      job: ref.job,
      type: typeOf(job),
      level: levelOf(job),
      files,
      bytes,
      errors,
      status,
      endedMs: this.#surroundings.clock.nowMs(),
    });
  }

  /** Stops all jobs as errors of theirs: the daemon ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { job } of this.#running.values()) job.stop();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }
}
