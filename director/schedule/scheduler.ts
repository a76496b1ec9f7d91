import type { Clock } from "#lib/base/clock.ts";
import type { JobLevel, JobResource } from "#director/config/job.ts";
import type { DirectorConfig } from "#director/config/load.ts";
import type { RunSpec } from "#director/config/schedule.ts";
import { AlarmClock } from "../job/alarm-clock.ts";
import { letterOfLevel } from "../job/effective-job.ts";
import type { ScheduledView } from "../job/job-view.ts";
import type { RunRequest } from "../job/run-request.ts";
import { nextRun, runsWithin } from "./next-run.ts";

/** What the scheduler is made of. */
export interface SchedulerParts {
  readonly config: () => DirectorConfig;
  readonly clock: Clock;
  /** Name of the time zone of this machine. */
  readonly zone: string;
  readonly isEnabled: (kind: "job" | "schedule" | "client", name: string, configured: boolean) => boolean;
  readonly submit: (request: RunRequest) => Promise<number>;
  /** A job could not be submitted. */
  readonly failed: (job: string, error: unknown) => void;
}

/** What `status` prints of a run is decided by letters. */
const TYPE_LETTERS = { Backup: "B", Restore: "R", Admin: "D", Verify: "V", Migrate: "g", Copy: "c" } as const;
const LEVEL_LETTERS: Partial<Record<JobLevel, string>> = {
  Full: "F",
  Differential: "D",
  Incremental: "I",
  VirtualFull: "f",
  Base: "B",
};

/** Runs of one job that are listed for one Run line. */
const RUNS_LISTED_MAX = 100;
/** Longest time between two looks at the clock. */
const SLEEP_MS_MAX = 60_000;

/** Starts jobs when their Schedules say so. A moment that passed while the machine slept is made up for once. */
export class Scheduler implements Disposable {
  readonly #parts: SchedulerParts;
  readonly #alarm: AlarmClock;
  /** All moments up to here have been dealt with. */
  #doneMs: number;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#doneMs = parts.clock.nowMs();
    this.#alarm = new AlarmClock(parts.clock, () => this.#ring());
    this.#setAlarm();
  }

  /** The configuration or what is enabled has changed. */
  changed(): void {
    this.#setAlarm();
  }

  /** Runs that are foreseen, by time. */
  foresee(
    options: {
      readonly days?: number;
      readonly limit?: number;
      readonly job?: string;
      readonly client?: string;
      readonly schedule?: string;
    } = {},
  ): readonly ScheduledView[] {
    const { clock, zone } = this.#parts;
    const nowMs = clock.nowMs();
    const untilMs = nowMs + (options.days ?? 1) * 86_400_000;
    const views = this.#lines()
      .filter(
        ({ job, schedule }) =>
          (options.job ?? job.name) === job.name &&
          (options.client ?? job.client.name) === job.client.name &&
          (options.schedule ?? schedule) === schedule,
      )
      .flatMap((line) =>
        runsWithin(line.spec.times, nowMs, untilMs, { zone, limit: RUNS_LISTED_MAX }).map((whenMs) => viewOf(line, whenMs)),
      );
    return views.toSorted((a, b) => a.whenMs - b.whenMs || a.priority - b.priority).slice(0, options.limit ?? RUNS_LISTED_MAX);
  }

  [Symbol.dispose](): void {
    this.#alarm.stop();
  }

  #ring(): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const line of this.#lines()) {
      const due = nextRun(line.spec.times, this.#doneMs, this.#parts.zone);
      if (due === null || due > nowMs) continue;
      this.#parts.submit(requestOf(line, due)).catch((error: unknown) => this.#parts.failed(line.job.name, error));
    }
    this.#doneMs = Math.max(this.#doneMs, nowMs);
    this.#setAlarm();
  }

  #setAlarm(): void {
    const { clock, zone } = this.#parts;
    const moments = this.#lines().map(({ spec }) => nextRun(spec.times, this.#doneMs, zone) ?? Infinity);
    // At least once a minute it looks again: the clock may be set, and operators switch resources on and off.
    this.#alarm.set(Math.min(...moments, clock.nowMs() + SLEEP_MS_MAX));
  }

  #lines(): readonly ScheduleLine[] {
    const { config, isEnabled } = this.#parts;
    return [...config().jobs.values()].flatMap((job) => {
      const { schedule } = job;
      if (schedule === undefined || !isEnabled("schedule", schedule.name, schedule.enabled)) return [];
      if (!isEnabled("job", job.name, job.enabled) || !isEnabled("client", job.client.name, job.client.enabled)) return [];
      return schedule.run.map((spec) => ({ job, schedule: schedule.name, spec }));
    });
  }
}

interface ScheduleLine {
  readonly job: JobResource;
  readonly schedule: string;
  readonly spec: RunSpec;
}

function requestOf({ job, schedule, spec }: ScheduleLine, whenMs: number): RunRequest {
  const { overrides } = spec;
  return {
    job: job.name,
    origin: { kind: "schedule", schedule },
    whenMs,
    ...(overrides.level === undefined ? {} : { level: letterOfLevel(job.name, overrides.level) }),
    ...named("pool", overrides.pool),
    ...named("fullPool", overrides.fullPool),
    ...named("incrementalPool", overrides.incrementalPool),
    ...named("differentialPool", overrides.differentialPool),
    ...named("nextPool", overrides.nextPool),
    ...named("storage", overrides.storage),
    ...named("messages", overrides.messages),
    ...(overrides.priority === undefined ? {} : { priority: overrides.priority }),
    ...(overrides.accurate === undefined ? {} : { accurate: overrides.accurate }),
    ...(overrides.spoolData === undefined ? {} : { spoolData: overrides.spoolData }),
    ...(overrides.maxRunSchedTime === undefined ? {} : { maxRunSchedTimeS: overrides.maxRunSchedTime }),
  };
}

function named<Key extends string>(
  key: Key,
  resource: { readonly name: string } | undefined,
): { readonly [K in Key]?: string } {
  return resource === undefined ? {} : ({ [key]: resource.name } as { readonly [K in Key]: string });
}

function viewOf({ job, schedule, spec }: ScheduleLine, whenMs: number): ScheduledView {
  const pool = spec.overrides.pool ?? job.pool;
  const storage = spec.overrides.storage ?? job.storage[0] ?? pool.storage[0];
  return {
    job: job.name,
    type: TYPE_LETTERS[job.type],
    level: LEVEL_LETTERS[spec.overrides.level ?? job.level ?? "Full"] ?? " ",
    priority: spec.overrides.priority ?? job.priority,
    whenMs,
    pool: pool.name,
    storage: storage?.name ?? "",
    schedule,
    volume: "",
  };
}
