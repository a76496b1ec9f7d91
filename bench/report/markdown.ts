import { median } from "../measure/statistics.ts";
import { printed } from "../rows/format.ts";
import type { Judgement, Series } from "../rows/row.ts";
import type { Machine } from "./machine.ts";

/** A row as it is kept. */
export interface KeptRow {
  readonly row: string;
  readonly title: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly series: readonly Series[];
  readonly judgements: readonly Judgement[];
  readonly notes: readonly string[];
  /** Why it could not be measured. */
  readonly failure?: string;
}

/** One run of the bench as it is kept. */
export interface KeptRun {
  readonly when: string;
  readonly commit: string;
  readonly machine: Machine;
  /** A smoke test: its figures mean nothing. */
  readonly isQuick: boolean;
  readonly rows: readonly KeptRow[];
}

/** The page bench/results/latest.md. */
export function runPage(run: KeptRun): string {
  const { machine } = run;
  const head = `# Measured ${run.when.slice(0, 16).replace("T", " ")} UTC, commit ${run.commit}

Written by \`npm run bench\`; all figures are medians of one run, subjects in turn, page cache warm. Only ratios of one run count.
${machine.cores} cores (${machine.cpu}), ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, Linux ${machine.kernel}, Node ${machine.node}.
${run.isQuick ? "\n**A smoke test on little data: these figures mean nothing.**\n" : ""}`;
  return [head, goalsTable(run.rows), ...run.rows.map(rowSection)].join("\n");
}

/** All goals and what became of them. */
export function goalsTable(rows: readonly KeptRow[]): string {
  const lines = rows.flatMap((row) => [
    ...row.judgements.map(
      ({ goal, figure, bound, isMet }) => `| ${goal} | ${figure} | ${bound} | ${isMet ? "yes" : "**no**"} |`,
    ),
    ...(row.failure === undefined ? [] : [`| ${row.row} | could not be measured | | **no** |`]),
  ]);
  return `## Goals\n\n| work | measured | goal | reached |\n|---|---|---|---|\n${lines.join("\n")}\n`;
}

/** One row: a line a work, a column a subject. */
export function rowSection(row: KeptRow): string {
  const subjects = [...new Set(row.series.map(({ subject }) => subject))];
  const works = [...new Set(row.series.map(({ work }) => work))];
  const cell = (work: string, subject: string): string => {
    const found = row.series.find((one) => one.work === work && one.subject === subject);
    if (found === undefined) return "";
    const [first, last] = [found.values[0], found.values.at(-1)];
    if (!work.includes("by tenths") || first === undefined || last === undefined)
      return printed(median(found.values), found.unit);
    return `${printed(first, found.unit)} to ${printed(last, found.unit)}`; // a course in time, not rounds
  };
  const table = [
    `| | ${subjects.join(" | ")} |`,
    `|---|${subjects.map(() => "---|").join("")}`,
    ...works.map((work) => `| ${work} | ${subjects.map((subject) => cell(work, subject)).join(" | ")} |`),
  ];
  const rounds = `${row.rounds} round${row.rounds === 1 ? "" : "s"}, ${row.seconds.toFixed(0)} s in all`;
  const body = row.failure === undefined ? table.join("\n") : `Could not be measured: ${row.failure.split("\n")[0]}`;
  return `## ${row.row}: ${row.title}\n\n${rounds}.\n\n${body}\n${row.notes.map((note) => `\n- ${note}`).join("")}\n`;
}
