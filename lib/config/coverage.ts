import type { BlockTable } from "./define-resource.ts";
import type { ProgramLanguage } from "./load.ts";
import { keywordsOf } from "./read-resource.ts";

/** One spelling of a directive, and whether the program acts upon it. */
export interface CoverageRow {
  readonly program: string;
  readonly resource: string;
  readonly directive: string;
  readonly acts: boolean;
}

/** Every directive that the programs accept. */
export function coverageRows(languages: readonly ProgramLanguage[]): readonly CoverageRow[] {
  return languages.flatMap(({ fileName, tables, blockTables }) =>
    [...tables.filter((table) => !table.isAlias), ...blockTables].flatMap((table: BlockTable) =>
      [...keywordsOf(table).values()].map(({ keyword, acts }) => ({
        program: fileName,
        resource: table.path,
        directive: keyword,
        acts,
      })),
    ),
  );
}

/** The rows as a table for people, with a summary line: how much of the language is acted upon. */
export function coverageTable(languages: readonly ProgramLanguage[]): string {
  const rows = coverageRows(languages);
  const cells = [
    ["file", "resource", "directive", "acted on"],
    ...rows.map((row) => [row.program, row.resource, row.directive, row.acts ? "yes" : "not yet"]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((cell) => cell[column]!.length)));
  const lines = cells.map((cell) =>
    cell
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const acted = rows.filter((row) => row.acts).length;
  return [...lines, "", `${acted} of ${rows.length} directives are acted upon.`, ""].join("\n");
}
