import { World } from "#regress/world.ts";
import { NOCTURNE } from "#regress/programs.ts";
import { emptyFilesTree } from "../data/trees.ts";
import { useOf } from "../measure/processes.ts";
import { waitForReport } from "../site/wait-for-report.ts";
import { judgeMost } from "./judge.ts";
import { printed } from "./format.ts";
import type { BenchContext, Judgement, Row, Series } from "./row.ts";

/** The last size may cost so much more a file than the one before. */
const GROWTH_MAX = 1.2;
const DAEMON_BYTES_MAX = 250e6;
const DIRECTOR_BYTES_MAX = 300e6;

/** What a backup of so many files cost. */
interface Cost {
  readonly files: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: ReadonlyMap<string, number>;
}

/** Backups of 10 thousand to a million empty files: time and memory a file. The catalog row goes on to 10 million. */
export const growth: Row = {
  name: "growth",
  title: "backups of 10 thousand, 100 thousand and 1 million empty files",
  rounds: 1,
  run: async (context) => {
    const sizes = context.isQuick ? [100, 1000] : [10_000, 100_000, 1_000_000];
    const costs: Cost[] = [];
    for (const files of sizes) costs.push(await backupOf(context, files));
    return {
      series: costs.flatMap(seriesOf),
      judgements: judgementsOf(costs),
      notes: ["empty files: what is measured is the work a file, not a byte; no Signature"],
    };
  },
};

async function backupOf(context: BenchContext, files: number): Promise<Cost> {
  const tree = emptyFilesTree(context.place.dir, files);
  const scratch = await context.place.scratch("growth");
  try {
    await using world = await World.create({ fileset: `Include {\n File = "${tree.path}"\n}` }, NOCTURNE, scratch);
    world.keep = true;
    await world.start();
    const uses = (): Map<string, ReturnType<typeof useOf>> =>
      new Map([...world.daemons].map(([role, { pid }]) => [role, useOf(pid)]));
    const cpu = (): number => [...uses().values()].reduce((sum, use) => sum + (use?.cpuSeconds ?? 0), 0);
    const [cpuBegan, began] = [cpu(), performance.now()];
    await waitForReport(world, await world.queue("run job=Save level=Full yes"), "Backup OK");
    const seconds = (performance.now() - began) / 1000;
    context.say(`  ${files.toLocaleString("en-US")} files: ${seconds.toFixed(2)} s`);
    const peakBytes = new Map([...uses()].map(([role, use]) => [role, use?.peakBytes ?? 0]));
    return { files, seconds, cpuSeconds: cpu() - cpuBegan, peakBytes };
  } finally {
    context.place.throwAway(scratch);
  }
}

function seriesOf({ files, seconds, cpuSeconds, peakBytes }: Cost): Series[] {
  const subject = `${files.toLocaleString("en-US")} files`;
  return [
    { work: "backup, wall clock", subject, unit: "us/file", values: [(seconds / files) * 1e6] },
    { work: "backup, processor time of all daemons", subject, unit: "us/file", values: [(cpuSeconds / files) * 1e6] },
    ...[...peakBytes].map(([role, bytes]) => ({
      work: `peak memory, ${role}`,
      subject,
      unit: "bytes" as const,
      values: [bytes],
    })),
  ];
}

function judgementsOf(costs: readonly Cost[]): Judgement[] {
  const [before, last] = costs.slice(-2);
  if (before === undefined || last === undefined) return [];
  const aFile = (cost: Cost): number => cost.cpuSeconds / cost.files;
  return [
    judgeMost(
      "growth: processor time a file, 1 million against 100 thousand",
      aFile(last) / aFile(before),
      GROWTH_MAX,
      (value) => value.toFixed(2),
    ),
    ...[...last.peakBytes].map(([role, bytes]) =>
      judgeMost(
        `growth: peak memory of the ${role}, 1 million files`,
        bytes,
        role === "dir" ? DIRECTOR_BYTES_MAX : DAEMON_BYTES_MAX,
        (value) => printed(value, "bytes"),
      ),
    ),
  ];
}
