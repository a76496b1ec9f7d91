import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { useOf } from "../measure/processes.ts";
import { mean } from "../measure/statistics.ts";
import { Farm } from "../site/farm.ts";
import { judgeMost } from "./judge.ts";
import type { BenchContext, Row, RowResult } from "./row.ts";

const JOBS_AT_ONCE = 10;
/** Memory may differ by so much between the second and the last fifth of the jobs and is still called flat. */
const GROWTH_MAX = 1.1;
const ROLES = ["dir", "fd0", "sd0"] as const;
type Resident = Readonly<Record<(typeof ROLES)[number], number>>;

/** A thousand jobs, one after the other and ten at once: memory must not grow with them. */
export const manyJobs: Row = {
  name: "many-jobs",
  title: "1,000 small jobs, ten at once",
  rounds: 1,
  run: async (context) => {
    const count = context.isQuick ? 10 : 1000;
    const scratch = await context.place.scratch("many-jobs");
    try {
      return await measure(context, scratch, count);
    } finally {
      context.place.throwAway(scratch);
    }
  },
};

async function measure(context: BenchContext, scratch: string, count: number): Promise<RowResult> {
  const tree = join(scratch, "tree");
  mkdirSync(tree);
  for (let i = 0; i < 20; i++) writeFileSync(join(tree, `file-${i}`), `content of file ${i}\n`.repeat(i));
  const jobs = Array.from({ length: JOBS_AT_ONCE }, (_, at) => ({ name: `Save${at}`, client: 0, storage: 0, path: tree }));
  await using farm = await Farm.start(scratch, { clients: 1, storages: 1, deviceType: "File", jobs, concurrent: JOBS_AT_ONCE });
  const samples: Resident[] = [];
  const cpuBegan = cpuSeconds(farm);
  const names = Array.from({ length: count }, (_, at) => jobs[at % jobs.length]?.name ?? "");
  const seconds = await farm.run(names, () => samples.push(residentOf(farm)));
  const wall = Math.max(...seconds);
  context.say(`  ${count} jobs in ${wall.toFixed(1)} s`);
  const fifth = (from: number, to: number, role: keyof Resident): number =>
    mean(samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to)).map((sample) => sample[role]));
  return {
    series: [
      { work: "wall clock a job", subject: "nocturne-file", unit: "ms", values: [(wall / count) * 1000] },
      {
        work: "processor time a job",
        subject: "nocturne-file",
        unit: "ms",
        values: [((cpuSeconds(farm) - cpuBegan) / count) * 1000],
      },
      ...ROLES.map((role) => ({
        work: `resident memory of ${role}, by tenths of the jobs`,
        subject: "nocturne-file",
        unit: "bytes" as const,
        values: Array.from({ length: 10 }, (_, at) => fifth(at / 10, (at + 1) / 10, role)),
      })),
    ],
    judgements: ROLES.map((role) =>
      judgeMost(
        `many-jobs: memory of ${role}, last fifth of 1,000 jobs against the second`,
        fifth(0.8, 1, role) / fifth(0.2, 0.4, role),
        GROWTH_MAX,
        (value) => value.toFixed(2),
      ),
    ),
    notes: ["each job saves 20 small files; a job's threads and connections are its own"],
  };
}

function residentOf(farm: Farm): Resident {
  const of = (role: string): number => useOf(farm.pids().get(role) ?? 0)?.residentBytes ?? 0;
  return { dir: of("dir"), fd0: of("fd0"), sd0: of("sd0") };
}

function cpuSeconds(farm: Farm): number {
  return [...farm.pids().values()].reduce((sum, pid) => sum + (useOf(pid)?.cpuSeconds ?? 0), 0);
}
