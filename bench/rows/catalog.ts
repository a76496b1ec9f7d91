import { World } from "#regress/world.ts";
import { NOCTURNE } from "#regress/programs.ts";
import { Catalog } from "#catalog/catalog.ts";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import { createJob } from "#catalog/queries/jobs.ts";
import { PrivateMariadb } from "#lib/testing/mariadb.ts";
import { fillCatalog, type Filling } from "../catalog/fill-catalog.ts";
import { addLargeJob } from "../catalog/large-job.ts";
import { MADE_TOP } from "../catalog/made-attributes.ts";
import { median } from "../measure/statistics.ts";
import { useOf } from "../measure/processes.ts";
import { ConsoleTalk } from "../site/console-talk.ts";
import { printed } from "./format.ts";
import { judgeLeast, judgeMost } from "./judge.ts";
import type { BenchContext, Row, RowResult, Series } from "./row.ts";

const CONSOLE_STARTS = 9;
const CONSOLE_STARTS_QUICK = 1;
const DIRECTOR_BYTES_MAX = 300e6;
/** How much slower the last tenth of the files may be than the first before we say that time a file grows. */
const GROWTH_MAX = 1.25;

/** SQLite at 10 million files: rows a second, browsing them, the console's start, the Director's memory. */
export const catalogSqlite: Row = {
  name: "catalog",
  title: "SQLite catalog and Director at 10 million files",
  rounds: 1,
  run: async (context) => {
    const files = context.isQuick ? 20_000 : 10_000_000;
    const scratch = await context.place.scratch("catalog");
    try {
      await using world = await World.create({}, NOCTURNE, scratch);
      world.keep = true;
      await world.start();
      const { jobId } = await world.backup("Full");
      await world.stop("dir");
      const made = await addLargeJob(world.path("work/dir/bacula.db"), jobId, files);
      context.say(`  filled: ${printed(files / made.filling.seconds, "rows/s")}`);
      await world.start("dir");
      return catalogResult(made.filling, await browse(context, world, made.jobId));
    } finally {
      context.place.throwAway(scratch);
    }
  },
};

/** What an operator meets in a catalog of that size. */
interface Browsing {
  readonly firstPageMs: number;
  readonly slowestPageMs: number;
  readonly consoleStartsMs: readonly number[];
  readonly markAllSeconds: number;
  readonly markMostSeconds: number;
  readonly directorPeakBytes: number;
}

async function browse(context: BenchContext, world: World, jobId: number): Promise<Browsing> {
  const consoleStartsMs: number[] = [];
  for (let i = 0; i < (context.isQuick ? CONSOLE_STARTS_QUICK : CONSOLE_STARTS); i++) {
    const began = performance.now();
    await world.console("version");
    consoleStartsMs.push(performance.now() - began);
  }
  await using talk = await ConsoleTalk.open(world.path("bconsole.conf"));
  const first = await talk.line(`restore jobid=${jobId} select`);
  const pages = [first.ms];
  for (const line of ["ls", `cd ${MADE_TOP}year-0`, "ls", "cd customer-1", "dir", "cd case-3", "ls"])
    pages.push((await talk.line(line)).ms);
  context.say(`  first page ${first.ms.toFixed(0)} ms, slowest ${Math.max(...pages).toFixed(0)} ms`);
  await talk.line("cd /");
  const markAllSeconds = await markAndPlan(talk, ["mark *"]);
  await talk.line(`restore jobid=${jobId} select`);
  const markMostSeconds = await markAndPlan(talk, ["mark *", `cd ${MADE_TOP}year-0/customer-1`, "unmark case-3"]);
  return {
    firstPageMs: first.ms,
    slowestPageMs: Math.max(...pages),
    consoleStartsMs,
    markAllSeconds,
    markMostSeconds,
    directorPeakBytes: useOf(world.daemons.get("dir")?.pid ?? 0)?.peakBytes ?? 0,
  };
}

/** Seconds until the restore is offered; it is not run. */
async function markAndPlan(talk: ConsoleTalk, lines: readonly string[]): Promise<number> {
  let ms = 0;
  for (const line of lines) ms += (await talk.line(line)).ms;
  const done = await talk.line("done");
  if (done.question === null || !done.text.includes("files selected")) throw new Error(`no restore was offered: ${done.text}`);
  await talk.line("no");
  return (ms + done.ms) / 1000;
}

function catalogResult(filling: Filling, browsing: Browsing): RowResult {
  const { firstPageMs, slowestPageMs, consoleStartsMs, markAllSeconds, markMostSeconds, directorPeakBytes } = browsing;
  const [one, ten] = [filling.tenths[0], filling.tenths.at(-1)];
  const growth = ten === undefined || one === undefined ? 1 : ten.cpuSeconds / one.cpuSeconds;
  const ms = (value: number): string => printed(value, "ms");
  return {
    series: [
      ...rateSeries("SQLite", filling),
      series("first page of a restore tree", "ms", firstPageMs),
      series("slowest page of a restore tree", "ms", slowestPageMs),
      { work: "bconsole, start to end of its first command", subject: "SQLite", unit: "ms", values: consoleStartsMs },
      series("mark all files, and plan their restore", "s", markAllSeconds),
      series("mark all but one directory, and plan the restore", "s", markMostSeconds),
      series("peak memory of the Director", "bytes", directorPeakBytes),
    ],
    judgements: [
      judgeLeast("catalog: file rows into SQLite", filling.files / filling.seconds, 300_000, (value) =>
        printed(value, "rows/s"),
      ),
      judgeMost("catalog: first page of a restore tree over 10 million files", firstPageMs, 200, ms),
      judgeMost("catalog: bconsole, start to first answer", median(consoleStartsMs), 250, ms),
      judgeMost(
        "catalog: Director's peak memory, 10 million files browsed and all marked",
        directorPeakBytes,
        DIRECTOR_BYTES_MAX,
        (value) => printed(value, "bytes"),
      ),
      judgeMost("catalog: processor time a file, last million against the first", growth, GROWTH_MAX, (value) =>
        value.toFixed(2),
      ),
    ],
    notes: [
      "rows go through Catalog.applyEvents as events of a storage daemon do: batches of 256 KiB, transactions of 1 MiB, synchronous=FULL",
      "the job has 476,000 directories of 20 files; the Director was started after they were written",
    ],
  };
}

/** Rows a second into MariaDB, with its defaults for durability. */
export const catalogMariadb: Row = {
  name: "mariadb",
  title: "MariaDB catalog",
  rounds: 3,
  run: async (context) => {
    const reason = await PrivateMariadb.whyNot();
    if (reason !== null) throw new Error(reason);
    await using server = await PrivateMariadb.start({ extraArguments: ["--innodb-flush-log-at-trx-commit=1"] });
    const fillings: Filling[] = [];
    for (let round = 0; round < context.rounds; round++)
      fillings.push(await fillMariadb(server, `round${round}`, context.isQuick ? 5_000 : 1_000_000));
    const rates = fillings.map((filling) => filling.files / filling.seconds);
    return {
      series: [{ work: "file rows written", subject: "MariaDB", unit: "rows/s", values: rates }],
      judgements: [judgeLeast("mariadb: file rows into MariaDB", median(rates), 100_000, (value) => printed(value, "rows/s"))],
      notes: ["a private server on the same two cores; buffer pool 128 MiB, a log flush at each commit (its defaults)"],
    };
  },
};

async function fillMariadb(server: PrivateMariadb, name: string, files: number): Promise<Filling> {
  server.createDatabase(name);
  const { user, password, socket } = server;
  const options = { driver: "mysql", name, user, password, socket } as const;
  await createCatalog(options);
  await using catalog = await Catalog.open(options);
  const jobId = await createJob(catalog, { Job: "Made", Name: "Made", Type: "B", Level: "F", JobStatus: "R" });
  return await fillCatalog(catalog, jobId, files);
}

function rateSeries(subject: string, filling: Filling): Series[] {
  const aTenth = filling.files / 10;
  return [
    { work: "file rows written", subject, unit: "rows/s", values: [filling.files / filling.seconds] },
    {
      work: "processor time a file, by tenths of the files",
      subject,
      unit: "us/file",
      values: filling.tenths.map(({ cpuSeconds }) => (cpuSeconds / aTenth) * 1e6),
    },
  ];
}

function series(work: string, unit: Series["unit"], value: number): Series {
  return { work, subject: "SQLite", unit, values: [value] };
}
