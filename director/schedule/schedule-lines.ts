import type { JobLevel, JobResource } from "#director/config/job.ts";
import type { DirectorConfig } from "#director/config/load.ts";
import type { RunOverrides, RunSpec, ScheduleResource } from "#director/config/schedule.ts";
import { letterOfLevel } from "../job/effective-job.ts";
import type { ScheduledView } from "../job/job-view.ts";
import type { RunRequest } from "../job/run-request.ts";

/** One Run line for one job that has its Schedule. */
export interface ScheduleLine {
  readonly job: JobResource;
  readonly schedule: ScheduleResource;
  readonly spec: RunSpec;
}

/** Whether a resource is switched on; `configured` is its Enabled directive. */
export type IsEnabled = (kind: "job" | "schedule" | "client", name: string, configured: boolean) => boolean;

/** The Run lines that start jobs: of enabled Schedules, for enabled Jobs of enabled Clients. */
export function activeLines(config: DirectorConfig, isEnabled: IsEnabled): readonly ScheduleLine[] {
  return [...config.jobs.values()].flatMap((job) => {
    const { schedule, client } = job;
    if (schedule === undefined || !isEnabled("schedule", schedule.name, schedule.enabled)) return [];
    if (!isEnabled("job", job.name, job.enabled) || !isEnabled("client", client.name, client.enabled)) return [];
    return schedule.run.map((spec) => ({ job, schedule, spec }));
  });
}

/** The level at which a line runs its job, for people and for choosing between lines. */
export function levelOfLine({ job, spec }: ScheduleLine): JobLevel {
  return spec.overrides.level ?? job.level ?? "Full";
}

/** The wish to run the job as the line says. Throws OperatorError for a level that this release does not run. */
export function requestOf({ job, schedule, spec }: ScheduleLine, whenMs: number): RunRequest {
  const { level } = spec.overrides;
  return {
    job: job.name,
    origin: { kind: "schedule", schedule: schedule.name },
    whenMs,
    ...(level === undefined || job.type !== "Backup" ? {} : { level: letterOfLevel(job.name, level) }),
    ...resourcesOf(spec.overrides),
    ...valuesOf(spec.overrides),
  };
}

function resourcesOf(overrides: RunOverrides): Partial<RunRequest> {
  return {
    ...named("pool", overrides.pool),
    ...named("fullPool", overrides.fullPool),
    ...named("incrementalPool", overrides.incrementalPool),
    ...named("differentialPool", overrides.differentialPool),
    ...named("nextPool", overrides.nextPool),
    ...named("storage", overrides.storage),
    ...named("messages", overrides.messages),
  };
}

function valuesOf(overrides: RunOverrides): Partial<RunRequest> {
  return {
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

/** What `status` prints of a run is decided by letters. */
const TYPE_LETTERS = { Backup: "B", Restore: "R", Admin: "D", Verify: "V", Migrate: "g", Copy: "c" } as const;
const LEVEL_LETTERS: Partial<Record<JobLevel, string>> = {
  Full: "F",
  Differential: "D",
  Incremental: "I",
  VirtualFull: "f",
  Base: "B",
};

/** One run of a line, as `status` shows it. */
export function viewOf(line: ScheduleLine, whenMs: number): ScheduledView {
  const { job, schedule, spec } = line;
  const pool = spec.overrides.pool ?? job.pool;
  const storage = spec.overrides.storage ?? job.storage[0] ?? pool.storage[0];
  return {
    job: job.name,
    type: TYPE_LETTERS[job.type],
    level: LEVEL_LETTERS[levelOfLine(line)] ?? " ",
    priority: spec.overrides.priority ?? job.priority,
    whenMs,
    pool: pool.name,
    storage: storage?.name ?? "",
    schedule: schedule.name,
    overrides: resourcesOf(spec.overrides),
  };
}
