import { execFileSync } from "node:child_process";
import { bigFileTree, machineTree, smallFilesTree, type Tree, warmCache } from "../data/trees.ts";
import { bacula, nocturne, nocturneFile } from "../subjects/bacula-like.ts";
import { borg, restic } from "../subjects/repositories.ts";
import { WORKS, type Subject, type Work } from "../subjects/subject.ts";
import { judgeMost, judgeRatio, medianOf } from "./judge.ts";
import { printed } from "./format.ts";
import type { BenchContext, Judgement, Row, RowResult, Series, Unit } from "./row.ts";

const SUBJECTS: readonly Subject[] = [nocturne, nocturneFile, bacula, restic, borg];
const PEERS = ["bacula", "restic", "borg"];
const DAEMON_BYTES_MAX = 250e6;

/** /usr: first backup, nothing changed, a second Full, restore, stored bytes, memory; both kinds of Volume, all peers. */
export const usr: Row = treeRow("usr", "/usr", (context) => machineTree(context.isQuick));
/** One file of 2 GiB, half of which does not compress. */
export const bigFile: Row = treeRow("big-file", "one file of 2 GiB, half incompressible", (context) =>
  bigFileTree(context.place.dir, context.isQuick),
);
/** 100,000 small files. */
export const smallFiles: Row = treeRow("small-files", "101,041 entries, 440 MB in small files", (context) =>
  smallFilesTree(context.place.dir, context.isQuick),
);

function treeRow(name: string, title: string, make: (context: BenchContext) => Tree): Row {
  return {
    name,
    title,
    rounds: 3,
    run: async (context) => {
      const tree = make(context);
      const subjects = SUBJECTS.filter((subject) => isWanted(context, subject));
      const table = new SeriesTable();
      context.say(`${warmCache(tree.path).toLocaleString("en-US")} entries in ${tree.path}`);
      for (let round = 0; round < context.rounds; round++) {
        for (const subject of subjects) await measure(context, subject, tree, table);
        await context.place.settle();
      }
      return resultOf(table.all(), name, subjects);
    },
  };
}

function isWanted(context: BenchContext, subject: Subject): boolean {
  if (!context.subjects.includes(subject.name)) return false;
  const reason = subject.whyNot();
  if (reason !== undefined) context.say(`left out: ${subject.name} (${reason})`);
  return reason === undefined;
}

/** One round of one subject in a scratch directory on the disk of the data. */
async function measure(context: BenchContext, subject: Subject, tree: Tree, table: SeriesTable): Promise<void> {
  const scratch = await context.place.scratch(subject.name);
  try {
    warmCache(tree.path);
    execFileSync("sync");
    await using run = await subject.open(scratch, tree);
    const add = (work: string, unit: Unit, value: number): void => table.add(work, subject.name, unit, value);
    let stored = 0;
    for (const work of WORKS) {
      const act = run.works[work];
      if (act === undefined) continue;
      const cpuBegan = run.cpuSeconds();
      const began = performance.now();
      const reported = await act();
      const seconds = (performance.now() - began) / 1000;
      add(work, "s", seconds);
      add(`${work}, processor`, "s", run.cpuSeconds() - cpuBegan);
      if (reported !== undefined) add(`${work}, by its own report`, "s", reported);
      if (work !== "restore") stored = addStored(add, work, run.storedBytes(), stored);
      context.say(`  ${subject.name}, ${work}: ${seconds.toFixed(2)} s`);
      execFileSync("sync");
    }
    for (const [program, bytes] of run.peakBytes()) add(`peak memory, ${program}`, "bytes", bytes);
  } finally {
    context.place.throwAway(scratch);
    execFileSync("sync");
  }
}

function addStored(add: (work: string, unit: Unit, value: number) => void, work: Work, now: number, before: number): number {
  add(`stored by ${work}`, "bytes", now - before);
  return now;
}

function resultOf(series: readonly Series[], name: string, subjects: readonly Subject[]): RowResult {
  const ratio = (
    goal: string,
    ours: readonly [work: string, subject: string],
    theirs: readonly [work: string, subjects: readonly string[]],
    atMost: number,
  ): Judgement[] =>
    judgeRatio(
      series,
      `${name}: ${goal}`,
      { work: ours[0], subject: ours[1] },
      { work: theirs[0], subjects: theirs[1] },
      atMost,
    );
  const [first, unchanged, again, restore] = WORKS;
  return {
    series,
    judgements: [
      ...ratio("first backup to a Dedup Volume", [first, "nocturne"], [first, PEERS], 0.6),
      ...ratio("first backup to a File Volume", [first, "nocturne-file"], [first, ["bacula"]], 0.6),
      ...ratio("incremental, nothing changed, File", [unchanged, "nocturne-file"], [unchanged, ["bacula"]], 1),
      ...ratio("incremental, nothing changed, Dedup", [unchanged, "nocturne"], [unchanged, ["bacula"]], 1),
      ...ratio("Full again, nothing changed, Dedup", [again, "nocturne"], [unchanged, ["bacula"]], 1),
      ...ratio("restore from a Dedup Volume", [restore, "nocturne"], [restore, PEERS], 0.7),
      ...ratio("restore from a File Volume", [restore, "nocturne-file"], [restore, PEERS], 0.7),
      ...ratio("stored bytes, first backup, Dedup", [`stored by ${first}`, "nocturne"], [`stored by ${first}`, PEERS], 0.95),
      ...storedAgain(series, name),
      ...memory(series, name),
    ],
    notes: subjects.map((subject) => `${subject.name}: ${subject.setting}`),
  };
}

/** A second Full adds under one hundredth of the first. */
function storedAgain(series: readonly Series[], name: string): Judgement[] {
  const first = medianOf(series, "stored by first backup", "nocturne");
  const again = medianOf(series, "stored by full again", "nocturne");
  if (first === undefined || again === undefined) return [];
  const print = (value: number): string => `${(value * 100).toFixed(2)} % of the first`;
  return [judgeMost(`${name}: stored by a second Full, Dedup`, again / first, 0.01, print)];
}

function memory(series: readonly Series[], name: string): Judgement[] {
  const peaks = ["nocturne", "nocturne-file"].flatMap((subject) =>
    ["fd", "sd"].flatMap((role) => {
      const peak = medianOf(series, `peak memory, ${role}`, subject);
      return peak === undefined ? [] : [{ subject, role, peak }];
    }),
  );
  return peaks.map(({ subject, role, peak }) =>
    judgeMost(`${name}: peak memory of the ${role}, ${subject}`, peak, DAEMON_BYTES_MAX, (value) => printed(value, "bytes")),
  );
}

/** Values by work and subject, in the order in which they first came. */
class SeriesTable {
  readonly #rows = new Map<string, { work: string; subject: string; unit: Unit; values: number[] }>();

  add(work: string, subject: string, unit: Unit, value: number): void {
    const key = `${work}\n${subject}`;
    const row = this.#rows.get(key);
    if (row === undefined) this.#rows.set(key, { work, subject, unit, values: [value] });
    else row.values.push(value);
  }

  all(): Series[] {
    return [...this.#rows.values()];
  }
}
