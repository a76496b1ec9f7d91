import type { Clock } from "#lib/base/clock.ts";
import { reportTime } from "#lib/base/local-time.ts";
import type { RunTimes } from "#lib/config/run-times.ts";
import type { DirectorConfig } from "#director/config/load.ts";
import type { ForeseeWish, ScheduledView } from "../job/job-view.ts";
import type { RunRequest } from "../job/run-request.ts";
import { type Decision, decideDue, type DueRun, type HandledMark } from "./due-runs.ts";
import { foreseeRuns } from "./foresee.ts";
import { readMark, writeMark } from "./mark-file.ts";
import { missedTexts, runsToMakeUp } from "./missed-runs.ts";
import { nextRun } from "./next-run.ts";
import { activeLines, type IsEnabled, requestOf, type ScheduleLine } from "./schedule-lines.ts";

/** What the scheduler is made of. */
export interface SchedulerParts {
  readonly config: () => DirectorConfig;
  readonly clock: Clock;
  /** Name of the time zone of this machine. */
  readonly zone: string;
  /** File in which it is kept how far the scheduler has come. */
  readonly markFile: string;
  readonly isEnabled: IsEnabled;
  readonly submit: (request: RunRequest) => Promise<number>;
  /** Which runs that were scheduled since then (unix milliseconds) the catalogs know: `wasStarted` of decideDue. */
  readonly startedRuns: (sinceMs: number) => Promise<(line: ScheduleLine, whenMs: number) => boolean>;
  readonly log: {
    /** Missed runs, a clock that was put back. */
    warning(text: string): void;
    error(text: string, error: unknown): void;
  };
}

/** Time between two looks at the clock: one that was put forward, or a machine that woke up, is noticed this soon. */
const LOOK_MS = 1000;
/** The mark is written this often, and after each run. */
const MARK_MS = 5 * 60_000;

/** Starts jobs when their Schedules say so. Which and when is decided by decideDue. */
export class Scheduler implements AsyncDisposable {
  readonly #parts: SchedulerParts;
  readonly #leaving = new AbortController();
  readonly #nexts = new WeakMap<RunTimes, { readonly afterMs: number; readonly next: number }>();
  #mark: HandledMark;
  #nextMs = -Infinity;
  #savedMs = -Infinity;
  #watching: Promise<void> = Promise.resolve();
  /** Runs are submitted one after the other, in the order of their times. */
  #submitting: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();

  private constructor(parts: SchedulerParts, mark: HandledMark) {
    this.#parts = parts;
    this.#mark = mark;
  }

  /** Starts it: tells of runs that were missed since the Director before it, and starts those that are to be made up for. */
  static async open(parts: SchedulerParts): Promise<Scheduler> {
    const nowMs = parts.clock.nowMs();
    const before = await readMark(parts.markFile).catch((error: unknown) => {
      parts.log.error("The Scheduler starts afresh", error);
      return null;
    });
    const scheduler = new Scheduler(parts, before ?? { handledMs: nowMs, furthestMs: nowMs });
    if (before !== null) await scheduler.#catchUp(before, nowMs);
    scheduler.#save();
    scheduler.#watching = scheduler.#watch();
    return scheduler;
  }

  /** Deals with all that is due under the configuration and switches as they are: before one of them changes. */
  settle(): void {
    this.#look();
    this.#nextMs = -Infinity;
  }

  /** Runs that are foreseen, by time. */
  foresee(wish: ForeseeWish = {}): readonly ScheduledView[] {
    return foreseeRuns(this.#lines(), wish, { nowMs: this.#parts.clock.nowMs(), zone: this.#parts.zone });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort();
    await this.#watching;
    this.#save();
    await this.#saving;
  }

  async #catchUp(before: HandledMark, nowMs: number): Promise<void> {
    const { startedRuns, log, zone } = this.#parts;
    const wasStarted = await startedRuns(before.handledMs).catch((error: unknown) => {
      log.error("Whether runs were missed could not be looked up in the catalog", error);
      return () => false;
    });
    this.#act(decideDue(this.#lines(), before, { nowMs, zone, isStart: true }, wasStarted), "the Director did not run");
  }

  async #watch(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      const nowMs = clock.nowMs();
      if (nowMs >= this.#nextMs || nowMs < this.#mark.handledMs || nowMs - this.#savedMs >= MARK_MS) this.#look();
      // To the millisecond where a run is near: it starts at its second, not up to a second later.
      const sleepMs = Math.min(Math.max(this.#nextMs - clock.nowMs(), 0), LOOK_MS);
      await clock.sleep(sleepMs, signal).catch(() => {});
    }
  }

  #look(): void {
    const { clock, zone } = this.#parts;
    const nowMs = clock.nowMs();
    const decision = decideDue(this.#lines(), this.#mark, { nowMs, zone, isStart: false });
    this.#act(decision, "the machine slept or its clock was put forward");
    if (decision.due.length > 0 || nowMs - this.#savedMs >= MARK_MS || nowMs < this.#savedMs) this.#save();
  }

  #act({ due, missed, mark, putBackMs }: Decision, why: string): void {
    const { log } = this.#parts;
    const span = { fromMs: this.#mark.handledMs, untilMs: mark.handledMs, why };
    this.#mark = mark;
    if (putBackMs > 0)
      log.warning(
        `The clock was put back from ${reportTime(span.fromMs)} to ${reportTime(mark.handledMs)}; Schedules go by it from now on.`,
      );
    for (const text of missedTexts(missed, span)) log.warning(text);
    for (const run of due) this.#submit(run, () => requestOf(run.line, run.whenMs));
    for (const run of runsToMakeUp(missed, due)) {
      const comment = `makes up for the run of ${reportTime(run.whenMs)}`;
      this.#submit(run, () => ({ ...requestOf(run.line, mark.handledMs), comment }));
    }
    this.#nextMs = this.#nextMoment();
  }

  #submit({ line }: DueRun, request: () => RunRequest): void {
    const { submit, log } = this.#parts;
    this.#submitting = this.#submitting
      .then(async () => void (await submit(request())))
      .catch((error: unknown) => log.error(`Job "${line.job.name}" could not be started by its Schedule`, error));
  }

  /** After the runs before it: a crash in between does not lose them, and what the catalog knows is not started again. */
  #save(): void {
    const mark = this.#mark;
    this.#savedMs = mark.handledMs;
    const { markFile, log } = this.#parts;
    const submitted = this.#submitting;
    this.#saving = this.#saving
      .then(async () => await submitted)
      .then(async () => await writeMark(markFile, mark))
      .catch((error: unknown) => log.error(`${markFile} cannot be written: runs missed later may not be known`, error));
  }

  #nextMoment(): number {
    let first = Infinity;
    for (const { spec } of this.#lines()) first = Math.min(first, this.#nextOf(spec.times));
    return first;
  }

  #nextOf(times: RunTimes): number {
    const afterMs = this.#mark.handledMs;
    const known = this.#nexts.get(times);
    if (known !== undefined && known.afterMs <= afterMs && afterMs < known.next) return known.next;
    const next = nextRun(times, afterMs, this.#parts.zone) ?? Infinity;
    this.#nexts.set(times, { afterMs, next });
    return next;
  }

  #lines(): readonly ScheduleLine[] {
    return activeLines(this.#parts.config(), this.#parts.isEnabled);
  }
}
