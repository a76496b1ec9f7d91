import { separateTree, warmCache } from "../data/trees.ts";
import { median } from "../measure/statistics.ts";
import { Farm } from "../site/farm.ts";
import { judgeMost } from "./judge.ts";
import type { BenchContext, Row } from "./row.ts";

const CLIENTS = 10;

/** Ten file daemons into one store: at once, against one after the other. */
export const tenClients: Row = {
  name: "ten-clients",
  title: "ten clients at once into one deduplicating store",
  rounds: 2,
  run: async (context) => {
    const rounds: { one: number; ten: number }[] = [];
    for (let round = 0; round < context.rounds; round++) {
      const one = await secondsOf(context, "one after the other");
      const ten = await secondsOf(context, "at once");
      context.say(`  one after the other ${one.toFixed(2)} s, at once ${ten.toFixed(2)} s`);
      rounds.push({ one, ten });
    }
    return {
      series: [
        { work: "ten jobs, one after the other", subject: "nocturne", unit: "s", values: rounds.map(({ one }) => one) },
        { work: "ten jobs at once", subject: "nocturne", unit: "s", values: rounds.map(({ ten }) => ten) },
      ],
      judgements: [
        judgeMost(
          "ten-clients: ten jobs at once against one after the other",
          median(rounds.map(({ one, ten }) => ten / one)),
          1,
          (value) => value.toFixed(2),
        ),
      ],
      notes: ["each client saves 100 MiB that no other has, half in files of 16 KiB; both ways into a new store"],
    };
  },
};

async function secondsOf(context: BenchContext, how: "at once" | "one after the other"): Promise<number> {
  const [clients, mebibytes] = context.isQuick ? [2, 2] : [CLIENTS, 100];
  const trees = Array.from({ length: clients }, (_, at) =>
    separateTree(context.place.dir, `client-${at}-${mebibytes}`, mebibytes),
  );
  for (const { path } of trees) warmCache(path);
  const jobs = trees.map(({ path }, at) => ({ name: `Save${at}`, client: at, storage: 0, path }));
  const scratch = await context.place.scratch("ten-clients");
  try {
    const plan = {
      clients,
      storages: 1,
      deviceType: "Dedup",
      jobs,
      concurrent: how === "at once" ? clients : 1,
    } as const;
    await using farm = await Farm.start(scratch, plan);
    return Math.max(...(await farm.run(jobs.map(({ name }) => name))));
  } finally {
    context.place.throwAway(scratch);
  }
}
