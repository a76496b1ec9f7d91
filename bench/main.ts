/**
 * `npm run bench`: every row of the goals, measured by Nocturne and by the peers that are installed, in turn, several rounds; medians,
 * ratios and verdicts. See bench/README.md. A row that fails is told and kept as such; the others are measured all the same.
 */
import { mkdirSync } from "node:fs";
import { parseOptions, type BenchOptions } from "./options.ts";
import { Place } from "./place.ts";
import { keepRun } from "./report/keep.ts";
import { thisCommit, thisMachine } from "./report/machine.ts";
import { goalsTable, rowSection, type KeptRow } from "./report/markdown.ts";
import { ROWS } from "./rows/all.ts";
import type { Row } from "./rows/row.ts";

const options = parseOptions(
  process.argv.slice(2),
  ROWS.map(({ name }) => name),
);
mkdirSync(options.dir, { recursive: true });
const when = new Date();
const commit = thisCommit();
const place = new Place(options.dir, !options.isQuick);
await place.settle();
const rows: KeptRow[] = [];
for (const row of ROWS.filter(({ name }) => options.rows.includes(name))) {
  console.log(`\n${row.name}: ${row.title}`);
  const kept = await runRow(row, options, place);
  console.log(`\n${rowSection(kept)}`);
  rows.push(kept);
}
await place.settle();
console.log(goalsTable(rows));
const files = keepRun({ when: when.toISOString(), commit, machine: thisMachine(), isQuick: options.isQuick, rows });
console.log(`Kept in ${files.join(" and ")}`);
if (rows.some(({ failure }) => failure !== undefined)) process.exitCode = 1;

async function runRow(row: Row, { rounds, roundsOf, subjects, isQuick }: BenchOptions, at: Place): Promise<KeptRow> {
  const count = roundsOf.get(row.name) ?? rounds ?? row.rounds;
  const began = performance.now();
  const facts = (): { row: string; title: string; rounds: number; seconds: number } => ({
    row: row.name,
    title: row.title,
    rounds: count,
    seconds: (performance.now() - began) / 1000,
  });
  try {
    const result = await row.run({ place: at, rounds: count, isQuick, subjects, say: (text) => console.log(text) });
    return { ...facts(), ...result, judgements: isQuick ? [] : result.judgements };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    console.log(`${row.name} FAILED: ${error instanceof Error ? error.stack : failure}`);
    return { ...facts(), series: [], judgements: [], notes: [], failure };
  }
}
