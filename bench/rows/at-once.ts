import { setTimeout as sleep } from "node:timers/promises";
import { separateTree } from "../data/trees.ts";
import type { LoopReport } from "../measure/event-loop-probe.ts";
import { useOf } from "../measure/processes.ts";
import { median } from "../measure/statistics.ts";
import { Farm } from "../site/farm.ts";
import { printed } from "./format.ts";
import { judgeMost } from "./judge.ts";
import type { BenchContext, Row, Series } from "./row.ts";

const JOBS = 50;
const STORAGES = 4;
const CLIENTS = 5;
const LOOP_MS_MAX = 50;
const FAIR_MAX = 1.2;
/** The probe writes down what it saw twice a second. */
const PROBE_MS = 1200;

/** 50 jobs at once on one Director with 4 storages. */
export const atOnce: Row = {
  name: "at-once",
  title: "50 jobs at once, 5 clients, 4 storages, one Director",
  rounds: 3,
  run: async (context) => {
    const rounds: { seconds: readonly number[]; loop: LoopReport; directorBytes: number }[] = [];
    for (let round = 0; round < context.rounds; round++) rounds.push(await oneRound(context));
    const slowest = rounds.map(({ seconds }) => Math.max(...seconds) / median(seconds));
    const busy = rounds.map(({ loop }) => loop.longestBusyMs);
    const late = rounds.map(({ loop }) => loop.longestMs);
    return {
      series: [
        series(
          "all 50 jobs",
          "s",
          rounds.map(({ seconds }) => Math.max(...seconds)),
        ),
        series(
          "median job",
          "s",
          rounds.map(({ seconds }) => median(seconds)),
        ),
        series("Director's event loop: longest gap, waiting for a processor included", "ms", late),
        series("Director's event loop: most computing of its own in one gap", "ms", busy),
        series(
          "peak memory of the Director",
          "bytes",
          rounds.map(({ directorBytes }) => directorBytes),
        ),
      ],
      judgements: [
        judgeMost("at-once: slowest of 50 equal jobs against the median one", median(slowest), FAIR_MAX, (value) =>
          value.toFixed(2),
        ),
        judgeMost("at-once: Director's event loop blocked by itself", median(busy), LOOP_MS_MAX, (value) =>
          printed(value, "ms"),
        ),
      ],
      notes: [
        "the jobs are equal (20 MiB each in files of 1 MiB and of 16 KiB) and begin together, so with fair shares all take the same time",
        "a tick every 5 ms in the Director's main thread notes how late it comes, and how much of that time the thread itself computed; " +
          "ten daemons share the two cores, so what it waited for a processor is told apart",
      ],
    };
  },
};

async function oneRound(
  context: BenchContext,
): Promise<{ seconds: readonly number[]; loop: LoopReport; directorBytes: number }> {
  const [count, clients, storages] = context.isQuick ? [4, 2, 2] : [JOBS, CLIENTS, STORAGES];
  const trees = Array.from({ length: clients }, (_, at) => separateTree(context.place.dir, `separate-${at}-20`, 20));
  const jobs = Array.from({ length: count }, (_, at) => ({
    name: `Save${at}`,
    client: at % clients,
    storage: at % storages,
    path: trees[at % clients]?.path ?? "",
  }));
  const scratch = await context.place.scratch("at-once");
  try {
    await using farm = await Farm.start(scratch, {
      clients,
      storages,
      deviceType: "File",
      jobs,
      concurrent: 50,
    });
    await sleep(PROBE_MS); // what a program does while it starts is not asked about
    const seconds = await farm.run(jobs.map(({ name }) => name));
    await sleep(PROBE_MS);
    const loop = farm.loopReport();
    if (loop === undefined) throw new Error("the probe of the Director's event loop has written nothing");
    context.say(
      `  ${seconds.length} jobs: ${Math.max(...seconds).toFixed(2)} s, loop ${loop.longestMs.toFixed(0)} ms, busy ${loop.longestBusyMs.toFixed(0)} ms`,
    );
    return { seconds, loop, directorBytes: useOf(farm.pids().get("dir") ?? 0)?.peakBytes ?? 0 };
  } finally {
    context.place.throwAway(scratch);
  }
}

function series(work: string, unit: Series["unit"], values: readonly number[]): Series {
  return { work, subject: "nocturne-file", unit, values };
}
