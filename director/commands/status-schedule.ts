import { parseCatalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { ForeseeWish, ScheduledView } from "../job/job-view.ts";
import { typeWord } from "../job/level-words.ts";
import type { BackupLevel } from "../job/run-request.ts";
import type { Arguments } from "./arguments.ts";
import { mayAccess, requireAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";
import { counted, levelWord, shortDayTime, statusTime } from "./format.ts";
import { nextVolumeOf } from "./next-volume.ts";

/** Days that `status schedule` looks ahead unless it is told, and at most. */
const SCHEDULE_DAYS = 10;
const SCHEDULE_DAYS_MAX = 3000;
/** Runs that it shows if neither days nor limit is told, and at most. */
const SCHEDULE_RUNS = 100;
const SCHEDULE_RUNS_MAX = 10_000;
/** Runs for which the catalog is asked for a Volume. */
const VOLUMES_LOOKED_UP = 50;

/** The next run of each Run line within the days (1 if not told), with the Volumes that they would append to. */
export async function scheduledText(context: CommandContext, days?: number): Promise<string> {
  const wish = { days: Math.min(days ?? 1, SCHEDULE_DAYS_MAX), limit: SCHEDULE_RUNS_MAX, isNextOnly: true };
  const lines: string[] = [];
  for (const run of visibleRuns(context, wish)) {
    const volume = lines.length < VOLUMES_LOOKED_UP ? await volumeOf(context, run) : "";
    lines.push(`${columns(run, statusTime(run.whenMs))}${run.type === "D" || volume !== "" ? volume : "*unknown*"}\n`);
  }
  return `\nScheduled Jobs:\nLevel          Type     Pri  Scheduled          Job Name           Volume\n${"=".repeat(83)}\n${lines.length === 0 ? "No Scheduled Jobs.\n" : lines.join("")}====\n`;
}

/** `status schedule`: all runs of the days asked for. Throws KEYWORD_VALUE, RESOURCE_UNKNOWN. */
export async function scheduleStatus(context: CommandContext, args: Arguments): Promise<void> {
  const days = upTo(SCHEDULE_DAYS_MAX, "days", args.integer("days", 1));
  const asked = upTo(SCHEDULE_RUNS_MAX, "limit", args.integer("limit", 1));
  const fromMs = startOf(args);
  const limit = asked ?? (days === undefined ? SCHEDULE_RUNS : SCHEDULE_RUNS_MAX);
  const runs = visibleRuns(context, {
    days: days ?? SCHEDULE_DAYS,
    limit: SCHEDULE_RUNS_MAX + 1,
    ...names(context, args, "job"),
    ...names(context, args, "client"),
    ...names(context, args, "schedule"),
    ...(fromMs === undefined ? {} : { fromMs }),
  });
  const lines = runs.slice(0, limit).map((run) => `${columns(run, shortDayTime(run.whenMs))}${run.schedule}\n`);
  await context.say(
    `\nScheduled Jobs:\nLevel          Type     Pri  Scheduled          Job Name           Schedule\n${"=".repeat(85)}\n${lines.length === 0 ? "No Scheduled Jobs.\n" : lines.join("")}====\n`,
  );
  const more = Math.min(runs.length, SCHEDULE_RUNS_MAX) - lines.length;
  if (more > 0 && asked === undefined) await context.say(`${counted(more, "more run")}: limit=<n> or days=<n> shows them.\n`);
}

function upTo(most: number, name: string, value: number | undefined): number | undefined {
  if (value !== undefined && value > most) throw new OperatorError("KEYWORD_VALUE", `${name}=${value}: at most ${most}`);
  return value;
}

function startOf(args: Arguments): number | undefined {
  const text = args.value("time");
  if (text === undefined) return undefined;
  const time = parseCatalogTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text} 00:00` : text);
  if (time !== null) return time;
  throw new OperatorError("KEYWORD_VALUE", `time="${text}" is no time`, { hint: 'write "YYYY-MM-DD HH:MM:SS"' });
}

/** `job=A,B` as the wish has it: all of them must exist. A name with a comma in it cannot be. */
function names(context: CommandContext, args: Arguments, kind: "job" | "client" | "schedule"): Partial<ForeseeWish> {
  const given = args.values(kind).flatMap((value) => value.split(","));
  if (given.length === 0) return {};
  const config = context.director.config();
  const resources = { job: config.jobs, client: config.clients, schedule: config.schedules }[kind];
  const list = given.map((name) => name.trim()).filter((name) => name !== "");
  for (const name of list) {
    requireAccess(context.operator, { kind, name });
    if (!resources.has(name)) throw new OperatorError("RESOURCE_UNKNOWN", `there is no ${kind} "${name}"`);
  }
  return { [`${kind}s`]: list };
}

function visibleRuns(context: CommandContext, wish: ForeseeWish): readonly ScheduledView[] {
  return context.director.engine.scheduled(wish).filter((run) => mayAccess(context.operator, { kind: "job", name: run.job }));
}

function columns(run: ScheduledView, when: string): string {
  const type = run.type.length === 1 ? typeWord(run.type) : run.type;
  return `${levelWord(run.level, run.type).padEnd(14)} ${type.padEnd(8)} ${String(run.priority).padStart(3)}  ${when.padEnd(18)} ${run.job.padEnd(18)} `;
}

async function volumeOf(context: CommandContext, run: ScheduledView): Promise<string> {
  const { director } = context;
  const job = director.config().jobs.get(run.job);
  if (job?.type !== "Backup") return "";
  const level = { Full: "F", Differential: "D", Incremental: "I" }[levelWord(run.level, run.type)] as BackupLevel | undefined;
  try {
    return (
      await nextVolumeOf(context, director.catalog(job.client.catalog.name), {
        ...run.overrides,
        job: run.job,
        ...(level === undefined ? {} : { level }),
      })
    ).volume;
  } catch (error) {
    if (error instanceof OperatorError) return "";
    throw error;
  }
}
