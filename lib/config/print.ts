import type {
  AnyDirective,
  BlockTable,
  PrintedDirective,
  PrintOptions,
  ResourceBase,
  ResourceTable,
} from "./define-resource.ts";
import { keywordOf } from "./define-resource.ts";
import type { ResourceSet } from "./resolve.ts";

const HIDDEN: PrintOptions = { reveal: false };

type Values = Readonly<Record<string, unknown>>;

/** A resource in the configuration language. With `reveal` it reads back to the same resource; without, passwords are `****`. */
export function printResource(table: ResourceTable, resource: ResourceBase, options: PrintOptions = HIDDEN): string {
  const lines = printBlock(table, resource, options);
  return [`${resource.origin.resourceType} {`, ...lines.map((line) => `  ${line}`), "}", ""].join("\n");
}

/** The lines of a block, without braces, defaults included. */
export function printBlock(table: BlockTable, block: object, options: PrintOptions = HIDDEN): readonly string[] {
  const values = block as Values;
  return Object.entries(table.rows).flatMap(([key, row]) => printRow(key, row, values[key], options));
}

/**
 * A resource as `show` prints it: `Job: name=Nightly`, then one line a directive. Directives that were inherited or that stand
 * at their default say so. Passwords are never shown.
 */
export function showResource(table: ResourceTable, resource: ResourceBase): string {
  const values = resource as unknown as Values;
  const { origin } = resource;
  const lines = [`${origin.resourceType}: name=${String(values["name"])}`];
  for (const [key, row] of Object.entries(table.rows)) {
    if (key === "name") continue;
    const source = origin.written.has(key) ? "" : origin.inherited.has(key) ? "  # from JobDefs" : "  # default";
    for (const [index, line] of printRow(key, row, values[key], HIDDEN).entries()) {
      lines.push(`  ${line}${index === 0 && !line.endsWith("{") ? source : ""}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** A resource as a value for JSON.stringify: directives that were written or have a default, references as names. */
export function jsonOfResource(table: ResourceTable, resource: ResourceBase): Readonly<Record<string, unknown>> {
  return jsonOfBlock(table, resource);
}

/** The same for a nested block. */
export function jsonOfBlock(table: BlockTable, block: object): Readonly<Record<string, unknown>> {
  const values = block as Values;
  const entries = Object.entries(table.rows).flatMap(([key, row]) => {
    const value = values[key];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
    return [[keywordOf(key, row), row.type.json(value)] as const];
  });
  return Object.fromEntries(entries);
}

function printRow(key: string, row: AnyDirective, value: unknown, options: PrintOptions): readonly string[] {
  if (value === undefined) return [];
  const equals = row.type.braces === "afterEquals" ? " =" : "";
  return row.type.print(value, options).flatMap((printed: PrintedDirective) => {
    const keyword = printed.keyword ?? keywordOf(key, row);
    if (printed.block === undefined) return [`${keyword} = ${printed.value}`];
    return printed.block.length === 0 && equals !== ""
      ? []
      : [`${keyword}${equals} {`, ...printed.block.map((line) => `  ${line}`), "}"];
  });
}

/** A whole configuration as a value for JSON.stringify: a list of `{ Type: { directives } }` in the order of the tables. */
export function jsonOfConfig(
  tables: readonly ResourceTable[],
  resources: ResourceSet,
): readonly Readonly<Record<string, unknown>>[] {
  return tables.flatMap((table) =>
    [...resources.of(table.namespace).values()]
      .filter((resource) => resource.origin.resourceType === table.path)
      .map((resource) => ({ [table.path]: jsonOfResource(table, resource) })),
  );
}
