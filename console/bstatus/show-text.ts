import { displayWidth, neutralize, pad } from "../render/text.ts";
import type { JobReport, Report, StorageReport } from "./report.ts";
import { ageText, sizeText } from "./words.ts";

/** The report for people: a table of clients and jobs, one of storages, then what is wrong. */
export function showText({ site, state, problems, clients, storages }: Report): string {
  const rows = clients.flatMap(({ facts, state: ofClient, jobs }) =>
    jobs.length === 0
      ? [[facts.client, "", ofClient, facts.isEnabled ? "no job" : "disabled"]]
      : jobs.map((job, at) => [at === 0 ? facts.client : "", ...jobCells(job, site.now)]),
  );
  const count = `${clients.length} ${clients.length === 1 ? "client" : "clients"}`;
  return [
    `${neutralize(site.director)}: ${state}, ${count}\n`,
    table(jobColumns, rows),
    ...(storages.length === 0 ? [] : [table(storageColumns, storages.map(storageCells))]),
    problems.length === 0
      ? "Nothing is wrong.\n"
      : problems.map((one) => `${neutralize(`${one.state} ${one.subject}: ${one.text}`.replaceAll(/\s+/g, " "))}\n`).join(""),
  ].join("\n");
}

/** Name of a column; a `>` before it: numbers, at the right. */
const jobColumns = ["Client", "Job", "State", "Condition", ">Age", "Level", ">Files", ">Size", ">Next in"];
const storageColumns = ["Storage", "Device", "State", ">Free", ">Of", ">A day", ">Full in"];

function jobCells({ facts, state, condition, ageSeconds }: JobReport, now: number): string[] {
  return [
    facts.job,
    state,
    condition,
    ageSeconds === null ? "never" : ageText(ageSeconds),
    facts.good?.level ?? "",
    facts.good === null ? "" : String(facts.good.files),
    facts.good === null ? "" : sizeText(facts.good.bytes),
    facts.nextRun === null ? "" : ageText(facts.nextRun - now),
  ];
}

function storageCells({ facts, state }: StorageReport): string[] {
  const size = (bytes: number | null): string => (bytes === null ? "" : sizeText(Math.max(0, bytes)));
  return [
    facts.storage,
    facts.device,
    facts.isEnabled ? state : "disabled",
    size(facts.freeBytes),
    size(facts.totalBytes),
    size(facts.bytesPerDay),
    facts.fullInDays === null ? "" : `${facts.fullInDays} d`,
  ];
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const names = columns.map((column) => column.replace(/^>/, ""));
  const lines = [names, ...rows.map((row) => names.map((_, at) => neutralize((row[at] ?? "").replaceAll(/\s+/g, " "))))];
  const widths = names.map((_, at) => lines.reduce((most, line) => Math.max(most, displayWidth(line[at]!)), 0));
  return lines
    .map((line) => {
      const cells = line.map((cell, at) => pad(cell, widths[at]!, columns[at]!.startsWith(">") ? "right" : "left"));
      return `${cells.join("  ").trimEnd()}\n`;
    })
    .join("");
}
