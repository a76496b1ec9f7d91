import type { JobResource } from "../config/job.ts";
import type { JobView } from "../job/job-view.ts";
import { expectedRuns } from "../schedule/expected-runs.ts";
import { activeLines, type ScheduleLine } from "../schedule/schedule-lines.ts";
import { mayAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { answeredMs, historiesOf, NO_HISTORY, type JobHistory } from "./overview-jobs.ts";
import { roomTables, volumeTable } from "./overview-media.ts";
import { catalogNames, isOn } from "./overview-scope.ts";
import { seconds, secondsOf, showTable, type Cell } from "./overview-table.ts";
import { visibleNames } from "./prompts.ts";

/** A run counts as missed when it was due so long ago, unless the line says otherwise. */
const GRACE_S = 3600;
const GRACE_S_MAX = 366 * 86_400;

/** Types of jobs that are looked at. A restore runs when somebody wants it. */
const TYPE_LETTERS: Readonly<Partial<Record<JobResource["type"], string>>> = {
  Backup: "B",
  Verify: "V",
  Admin: "D",
  Copy: "c",
  Migrate: "g",
};

/** How the whole site does, as tables for programs: what bstatus asks. Docs: docs/protocols/console.md. */
export const overview: Command = {
  name: ".overview",
  help: "How all clients, jobs, storages and Volumes do, as tables for programs",
  usage: "[grace=<seconds>]",
  keywords: ["grace="],
  async run(context, args) {
    const graceS = Math.min(args.integer("grace", 0) ?? GRACE_S, GRACE_S_MAX);
    await siteTable(context);
    await jobTables(context, graceS);
    await roomTables(context);
    await volumeTable(context);
    await waitingTable(context);
  },
};

async function siteTable(context: CommandContext): Promise<void> {
  const { director } = context;
  await showTable(context, "overview_site", { director: "text", version: "text", now: "number", started: "number" }, [
    {
      director: director.config().director.name,
      version: director.version,
      now: secondsOf(director.now()),
      started: secondsOf(director.startedMs),
    },
  ]);
}

const CLIENT_COLUMNS = { client: "text", enabled: "number", good_jobs: "number", good_bytes: "number" } as const;

const JOB_COLUMNS = {
  job: "text",
  type: "text",
  client: "text",
  schedule: "text",
  enabled: "number",
  good_jobid: "number",
  good_level: "text",
  good_started: "number",
  good_ended: "number",
  good_files: "number",
  good_bytes: "number",
  full_ended: "number",
  last_jobid: "number",
  last_status: "text",
  last_ended: "number",
  failures: "number",
  missed: "number",
  missed_since: "number",
  next_run: "number",
  running_jobid: "number",
  running_since: "number",
  running_text: "text",
} as const;

async function jobTables(context: CommandContext, graceS: number): Promise<void> {
  const config = context.director.config();
  const jobs = visibleNames(context, "job")
    .map((name) => config.jobs.get(name)!)
    .filter(
      (job) => TYPE_LETTERS[job.type] !== undefined && mayAccess(context.operator, { kind: "client", name: job.client.name }),
    );
  const histories = await allHistories(context, jobs);
  const lines = Map.groupBy(activeLines(config, isOn(context)), ({ job }) => job.name);
  const running = Map.groupBy(activeViews(context), (view) => jobKey(view.name, view.client));
  await showTable(
    context,
    "overview_clients",
    CLIENT_COLUMNS,
    visibleNames(context, "client").map((name) => {
      const own = jobs.filter((job) => job.client.name === name).map((job) => histories(job));
      return {
        client: name,
        enabled: isOn(context)("client", name, config.clients.get(name)!.enabled),
        good_jobs: own.reduce((sum, { goodJobs }) => sum + goodJobs, 0),
        good_bytes: own.reduce((sum, { goodBytes }) => sum + goodBytes, 0),
      };
    }),
  );
  await showTable(
    context,
    "overview_jobs",
    JOB_COLUMNS,
    jobs.map((job) =>
      jobRow(context, graceS, {
        job,
        history: histories(job),
        lines: lines.get(job.name) ?? [],
        view: running.get(jobKey(job.name, job.client.name))?.[0],
      }),
    ),
  );
}

interface JobFacts {
  readonly job: JobResource;
  readonly history: JobHistory;
  readonly lines: readonly ScheduleLine[];
  readonly view: JobView | undefined;
}

function jobRow(
  context: CommandContext,
  graceS: number,
  { job, history, lines, view }: JobFacts,
): Record<keyof typeof JOB_COLUMNS, Cell> {
  const { director } = context;
  const { good, full, ended } = history;
  const expected = expectedRuns(lines, {
    // Nobody knows since when a job that never ran is configured: what came due since the start of the Director is missed for certain.
    sinceMs: good === null ? director.startedMs : answeredMs(good),
    nowMs: director.now(),
    graceMs: graceS * 1000,
    zone: Temporal.Now.timeZoneId(),
  });
  return {
    job: job.name,
    type: TYPE_LETTERS[job.type],
    client: job.client.name,
    schedule: job.schedule?.name,
    enabled: isOn(context)("job", job.name, job.enabled) && isOn(context)("client", job.client.name, job.client.enabled),
    good_jobid: good?.JobId,
    good_level: good?.Level,
    good_started: seconds(good?.StartTime),
    good_ended: good?.JobTDate,
    good_files: good?.JobFiles,
    good_bytes: good?.JobBytes,
    full_ended: full?.JobTDate,
    last_jobid: ended?.JobId,
    last_status: ended?.JobStatus,
    last_ended: ended?.JobTDate,
    failures: history.failures,
    missed: expected.missed,
    missed_since: secondsOf(expected.missedSinceMs),
    next_run: secondsOf(expected.nextMs),
    running_jobid: view?.jobId,
    running_since: view === undefined ? null : secondsOf(view.startedMs ?? view.scheduledMs),
    running_text: view?.statusText,
  };
}

function jobKey(job: string, client: string): string {
  return `${job}\0${client}`;
}

/** Jobs that run or wait and that the operator may see. */
function activeViews(context: CommandContext): JobView[] {
  const { engine } = context.director;
  return [...engine.running(), ...engine.waiting()].filter(
    (view) =>
      mayAccess(context.operator, { kind: "job", name: view.name }) &&
      (view.client === "" || mayAccess(context.operator, { kind: "client", name: view.client })),
  );
}

async function allHistories(context: CommandContext, jobs: readonly JobResource[]): Promise<(job: JobResource) => JobHistory> {
  const ofCatalog = new Map<string, (job: JobResource) => JobHistory>();
  for (const name of catalogNames(context)) {
    const own = jobs.filter((job) => job.client.catalog.name === name);
    ofCatalog.set(name, await historiesOf(context.director.catalog(name), own));
  }
  return (job) => ofCatalog.get(job.client.catalog.name)?.(job) ?? NO_HISTORY;
}

const WAITING_COLUMNS = { jobid: "number", job: "text", client: "text", since: "number", request: "text" } as const;

async function waitingTable(context: CommandContext): Promise<void> {
  const rows = activeViews(context)
    .filter((view) => view.mountRequest !== null)
    .map((view) => ({
      jobid: view.jobId,
      job: view.name,
      client: view.client,
      since: secondsOf(view.startedMs ?? view.scheduledMs),
      request: view.mountRequest?.trim(),
    }));
  await showTable(context, "overview_waiting", WAITING_COLUMNS, rows);
}
