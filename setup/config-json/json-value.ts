import { keywordOf, type ResourceBase, type ResourceTable } from "#lib/config/define-resource.ts";
import type { ResourceSet } from "#lib/config/resolve.ts";
import { Secret } from "#lib/config/secret.ts";
import { baculaShape } from "./bacula-shapes.ts";

/** What of a configuration is shown. */
export interface JsonWish {
  /** Type of the resources, in any case; undefined: all. */
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  /** Keywords of directives; undefined: all. */
  readonly directives?: readonly string[] | undefined;
  /** With what a Job has from its JobDefs. */
  readonly withInherited: boolean;
}

/** One resource: its type and what is written in it. */
export interface JsonResource {
  readonly type: string;
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Words of Bacula's JSON that are not our keyword with each run of capitals cut to one. */
const WORDS: Readonly<Record<string, string>> = {
  FileSet: "Fileset",
  RunScript: "Runscript",
  DbUser: "User",
  DbPassword: "Password",
  Syslog: "Destinations",
};

/** The spelling that Bacula's programs use: `FDPort` is `FdPort`. */
function baculaWord(keyword: string): string {
  const word = keyword.replaceAll(
    /([A-Z])([A-Z]+)(?=[A-Z][a-z]|$)/g,
    (_all, first: string, rest: string) => first + rest.toLowerCase(),
  );
  return WORDS[word] ?? word;
}

/** The resources that are wished, in the order of the tables, then of the files; passwords in clear text, as the files have them. */
export function jsonResources(
  tables: readonly ResourceTable[],
  resources: ResourceSet,
  wish: JsonWish,
): readonly JsonResource[] {
  const isWanted = (type: string) =>
    wish.type === undefined || [type, baculaWord(type)].some((word) => isSameWord(word, wish.type!));
  return tables
    .filter((table) => isWanted(table.path))
    .flatMap((table) =>
      [...resources.of(table.namespace).values()]
        .filter((resource) => resource.origin.resourceType === table.path)
        .map((resource) => ({ type: baculaWord(table.path), name: nameOf(resource), values: valuesOf(table, resource, wish) })),
    )
    .filter(({ name }) => wish.name === undefined || name === wish.name);
}

function nameOf(resource: ResourceBase): string {
  return String((resource as unknown as { readonly name?: string }).name ?? "");
}

function valuesOf(table: ResourceTable, resource: ResourceBase, wish: JsonWish): Readonly<Record<string, unknown>> {
  const { written, inherited } = resource.origin;
  const values = resource as unknown as Readonly<Record<string, unknown>>;
  const entries = Object.entries(table.rows).flatMap(([key, row]) => {
    if (!written.has(key) && !(wish.withInherited && inherited.has(key))) return [];
    const keyword = keywordOf(key, row);
    if (wish.directives?.every((word) => !isSameWord(word, keyword)) === true) return [];
    const value = values[key];
    if (value === undefined) return [];
    const json = value instanceof Secret ? value.reveal() : baculaShape(table.path, key, value, row.type.json(value));
    return [[baculaWord(keyword), json] as const];
  });
  return Object.fromEntries(entries);
}

function isSameWord(left: string, right: string): boolean {
  const folded = (word: string) => word.replaceAll(/\s/g, "").toLowerCase();
  return folded(left) === folded(right);
}
