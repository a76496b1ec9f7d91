/**
 * Writes docs/reference/*.md from the tables that the programs run on (`npm run reference`). With --check nothing is written: the
 * committed pages must be what the tables say now.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { allTables } from "#catalog/schema/tables.ts";
import { consoleLanguage } from "#console/config/load.ts";
import { commandTable } from "#director/commands/table.ts";
import { directorLanguage } from "#director/config/load.ts";
import { fileDaemonLanguage } from "#filed/config/load.ts";
import { type AnyDirective, type BlockTable, keywordOf, type ResourceTable } from "#lib/config/define-resource.ts";
import type { ProgramLanguage } from "#lib/config/load.ts";
import { errorCodes } from "#lib/errors/codes.ts";
import { storageLanguage } from "#stored/config/load.ts";

const FOLDER = join(import.meta.dirname, "../docs/reference");
const HEAD = "<!-- Written by `npm run reference` from the program's own tables. Do not edit. -->\n";
const LANGUAGES: readonly ProgramLanguage[] = [directorLanguage, fileDaemonLanguage, storageLanguage, consoleLanguage];

const PAGES: Readonly<Record<string, () => string>> = {
  "directives.md": directives,
  "commands.md": commands,
  "error-codes.md": codes,
  "catalog.md": catalog,
};

const stale = Object.entries(PAGES).filter(([name, page]) => readText(join(FOLDER, name)) !== HEAD + page());
if (!process.argv.includes("--check")) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, page] of stale) writeFileSync(join(FOLDER, name), HEAD + page());
} else if (stale.length > 0) {
  console.error(
    `not what the tables say now: ${stale.map(([name]) => `docs/reference/${name}`).join(", ")}\nRun: npm run reference`,
  );
  process.exitCode = 1;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** A Markdown table. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

function directives(): string {
  const files = LANGUAGES.map(({ fileName, tables, blockTables }) => {
    const resources = tables.map((resource) => directiveSection(resource, resource.description));
    const blocks = blockTables.map((block) => directiveSection(block, undefined));
    return `\n## ${fileName}\n${[...resources, ...blocks].join("")}`;
  });
  return `# Directives

Every directive that the programs accept. Blanks and capitals in a keyword do not matter. "Acted on: no" means accepted for the sake of
existing files, without effect so far; \`-t -v\` warns of such directives and \`nocturne config-coverage\` lists them.
${files.join("")}`;
}

function directiveSection(block: BlockTable | ResourceTable, description: string | undefined): string {
  const rows = Object.entries(block.rows).map(([key, row]) => [
    [keywordOf(key, row), ...(row.synonyms ?? [])].join(", "),
    row.type.label,
    defaultOf(row),
    row.acts ? "yes" : "no",
    row.description,
  ]);
  return `\n### ${block.path}\n\n${description === undefined ? "" : `${description}\n\n`}${table(["directive", "value", "default", "acted on", "meaning"], rows)}`;
}

function defaultOf(row: AnyDirective): string {
  if (row.required === true) return "required";
  if (row.default === undefined) return "";
  const printed = row.type.print(row.default, { reveal: false });
  return printed.map(({ value, block }) => value ?? (block ?? []).join("; ")).join(", ");
}

function codes(): string {
  const rows = Object.entries(errorCodes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { cause, remedy }]) => [`\`${code}\``, cause, remedy]);
  return `# Error codes\n\nThe codes of the errors that an operator may meet. They are stable.\n\n${table(["code", "cause", "remedy"], rows)}`;
}

function commands(): string {
  const sections = commandTable
    .filter(({ name }) => !name.startsWith("."))
    .map(
      ({ name, help, usage }) => `\n## ${name}\n\n${help}.\n\n    ${`${name} ${usage}`.trimEnd().replaceAll("\n", "\n    ")}\n`,
    );
  const dotted = commandTable.filter(({ name }) => name.startsWith(".")).map(({ name, help }) => [`\`${name}\``, help]);
  const machine = dotted.length === 0 ? "" : `\n## For programs\n\n${table(["command", "does"], dotted)}`;
  return `# Console commands\n\nA command and its keywords may be shortened; the first that fits wins. \`help\` in the console shows the same.\n${sections.join("")}${machine}`;
}

function catalog(): string {
  const sections = allTables.map(({ name, meaning, columns, primaryKey, indices }) => {
    const rows = Object.entries(columns).map(([column, { kind, isNullable, meaning: text }]) => [
      column,
      kind,
      isNullable ? "yes" : "",
      text,
    ]);
    const keys = indices
      .map((index) => `- ${index.isUnique === true ? "unique " : ""}index (${index.columns.join(", ")}): ${index.why}\n`)
      .join("");
    return `\n## ${name}\n\n${meaning}\n\n${table(["column", "kind", "NULL", "meaning"], rows)}\nPrimary key: ${primaryKey.join(", ")}\n${keys}`;
  });
  return `# The catalog's tables\n\nNames are Bacula's; tables named Nocturne... are our own. SQLite and MySQL hold the same.\n${sections.join("")}`;
}
