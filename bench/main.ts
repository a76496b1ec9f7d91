/**
 * `npm run bench`: the same work by Nocturne and by the peers that are installed, in turn, several rounds; medians and ratios.
 * Usage: bench/main.ts [--rounds=3] [--data=usr,big-file,small-files] [--subjects=nocturne,bacula,restic,borg] [--dir=DIR]
 * Only ratios of one run count: machines differ, and are noisy. Results are kept in bench/results/.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type DataSet, prepareData, warmCache } from "./data.ts";
import { median } from "./statistics.ts";
import { bacula, nocturne } from "./subjects/bacula-like.ts";
import { borg, restic } from "./subjects/repositories.ts";
import type { Subject } from "./subjects/subject.ts";

const SUBJECTS = [nocturne, bacula, restic, borg];
const WORKS = ["backup", "incremental", "restore"] as const;
type Work = (typeof WORKS)[number];

/** ext4 passes over inodes that were deleted in the last 35 s, one by one: creating files then costs whoever comes next ten times as much. */
const FORGET_MS = 40_000;

/** Seconds of one work of one subject, a value a round. */
interface Measurement {
  readonly data: DataSet["name"];
  readonly subject: Subject["name"];
  readonly seconds: Record<Work, number[]>;
  /** What the subject's own report says, in whole seconds. */
  readonly reported: Record<Work, number[]>;
  storedBytes: number;
  peakMemoryBytes: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    data: { type: "string", default: "usr,big-file,small-files" },
    subjects: { type: "string", default: SUBJECTS.map(({ name }) => name).join(",") },
    dir: { type: "string", default: join(tmpdir(), "nocturne-bench-data") },
  },
});
const rounds = Number(values.rounds);
const subjects = SUBJECTS.filter(({ name }) => values.subjects.split(",").includes(name)).filter(isHere);
const started = new Date();
const all: Measurement[] = [];
for (const data of prepareData(values.dir, values.data.split(",") as DataSet["name"][])) {
  console.log(`\n${data.name}: ${warmCache(data.path).toLocaleString("en-US")} entries in ${data.path}`);
  const measurements = subjects.map(({ name }) => fresh(data.name, name));
  for (let round = 0; round < rounds; round++) {
    for (const [i, subject] of subjects.entries()) {
      const measurement = measurements[i];
      if (measurement !== undefined) await measure(subject, data, measurement, values.dir);
    }
  }
  all.push(...measurements);
  printTable(measurements);
}
save(all, started);

function isHere(subject: Subject): boolean {
  const reason = subject.whyNot();
  if (reason !== undefined) console.log(`left out: ${subject.name} (${reason})`);
  return reason === undefined;
}

function fresh(data: DataSet["name"], subject: Subject["name"]): Measurement {
  return {
    data,
    subject,
    seconds: { backup: [], incremental: [], restore: [] },
    reported: { backup: [], incremental: [], restore: [] },
    storedBytes: 0,
    peakMemoryBytes: 0,
  };
}

/** One round of one subject in a scratch directory on the disk of the data. */
async function measure(subject: Subject, data: DataSet, into: Measurement, dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const scratch = mkdtempSync(join(dir, `${subject.name}-`));
  try {
    execFileSync("sync");
    await using run = await subject.open(scratch, data);
    const works: Record<Work, () => Promise<number | undefined>> = {
      backup: async () => run.backup(),
      incremental: async () => run.incremental(),
      restore: async () => run.restore(join(scratch, "restored")),
    };
    for (const work of WORKS) {
      const began = performance.now();
      const reported = await works[work]();
      const seconds = (performance.now() - began) / 1000;
      into.seconds[work].push(seconds);
      if (reported !== undefined) into.reported[work].push(reported);
      console.log(
        `  ${subject.name} ${work}: ${seconds.toFixed(2)} s${reported === undefined ? "" : ` (its report: ${reported} s)`}`,
      );
      execFileSync("sync");
    }
    into.storedBytes = run.storedBytes();
    into.peakMemoryBytes = Math.max(into.peakMemoryBytes, run.peakMemoryBytes());
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    execFileSync("sync");
    await setTimeout(FORGET_MS);
  }
}

function printTable(measurements: readonly Measurement[]): void {
  const ours = measurements.find(({ subject }) => subject === "nocturne");
  const rows = [["", ...measurements.map(({ subject }) => subject)]];
  for (const work of WORKS) {
    rows.push([`${work}, s`, ...measurements.map(({ seconds }) => median(seconds[work]).toFixed(2))]);
    rows.push([
      "  as reported",
      ...measurements.map(({ reported }) => (reported[work].length === 0 ? "-" : String(median(reported[work])))),
    ]);
    if (ours !== undefined)
      rows.push([
        "  nocturne / it",
        ...measurements.map(({ seconds }) => (median(ours.seconds[work]) / median(seconds[work])).toFixed(2)),
      ]);
  }
  rows.push(["stored, MB", ...measurements.map(({ storedBytes }) => (storedBytes / 1e6).toFixed(0))]);
  rows.push([
    "peak memory, MB",
    ...measurements.map(({ peakMemoryBytes }) => (peakMemoryBytes === 0 ? "-" : (peakMemoryBytes / 1e6).toFixed(0))),
  ]);
  for (const [label = "", ...cells] of rows) console.log(label.padEnd(18) + cells.map((cell) => cell.padStart(12)).join(""));
}

function save(measurements: readonly Measurement[], when: Date): void {
  const root = join(import.meta.dirname, "..");
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { cwd: root, encoding: "utf8" }).trim();
  const machine = {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
  };
  const file = join(root, "bench/results", `${when.toISOString().slice(0, 16).replaceAll(/[:T]/g, "-")}-${commit}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ when: when.toISOString(), commit, machine, rounds, measurements }, null, 2)}\n`);
  console.log(`\nKept in ${file}`);
}
