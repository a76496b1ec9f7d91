import type { AnyDirective, BlockTable, DirectiveType, ParseContext, ResourceTable } from "./define-resource.ts";
import { keywordOf } from "./define-resource.ts";
import { nameFault } from "./directive-types.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { ConfigHost } from "./host.ts";
import type { Block, Statement } from "./parser.ts";
import type { Position } from "./position.ts";
import { ConfigMistake, type ProblemList } from "./problem.ts";

/** A resource whose directives are read, before inheritance, defaults and references. */
export interface RawResource {
  readonly table: ResourceTable;
  readonly name: string;
  readonly at: Position;
  /** Values by key; only what is written (and, later, what is inherited). */
  readonly values: Map<string, unknown>;
  readonly places: Map<string, Position>;
  /** Keys that came from JobDefs. */
  readonly inherited: Set<string>;
}

/** A directive of a resource as configured, for the warnings of `-t -v`. */
export interface UsedDirective {
  readonly resource: string;
  readonly keyword: string;
  readonly at: Position;
  readonly acts: boolean;
  readonly deprecated: string | undefined;
}

/** How a keyword of a table is read. */
interface Keyword {
  readonly key: string;
  readonly keyword: string;
  readonly row: AnyDirective;
  readonly type: DirectiveType<unknown>;
  readonly acts: boolean;
}

const keywordCache = new WeakMap<BlockTable, ReadonlyMap<string, Keyword>>();

/** Every spelling that a table accepts, folded (lower case, no blanks). */
export function keywordsOf(table: BlockTable): ReadonlyMap<string, Keyword> {
  const cached = keywordCache.get(table);
  if (cached !== undefined) return cached;
  const keywords = new Map<string, Keyword>();
  for (const [key, row] of Object.entries(table.rows)) {
    const type = row.type as DirectiveType<unknown>;
    for (const keyword of [keywordOf(key, row), ...(row.synonyms ?? [])])
      keywords.set(foldKeyword(keyword), { key, keyword, row, type, acts: row.acts });
    for (const [keyword, form] of Object.entries(row.forms ?? {})) {
      keywords.set(foldKeyword(keyword), { key, keyword, row, type: form.type as DirectiveType<unknown>, acts: form.acts });
    }
  }
  keywordCache.set(table, keywords);
  return keywords;
}

/** Keywords are compared without case and blanks. */
export function foldKeyword(keyword: string): string {
  return keyword.replaceAll(/\s/g, "").toLowerCase();
}

/** Reads the blocks of a configuration by the tables of a program. */
export class ResourceReader {
  /** Every directive that was configured. */
  readonly used: UsedDirective[] = [];
  readonly #tables: ReadonlyMap<string, ResourceTable>;
  readonly #host: ConfigHost;
  readonly #problems: ProblemList;
  #resource = "";

  constructor(tables: readonly ResourceTable[], host: ConfigHost, problems: ProblemList) {
    this.#tables = new Map(tables.map((table) => [foldKeyword(table.path), table]));
    this.#host = host;
    this.#problems = problems;
  }

  /** The resource, or undefined if its type or name cannot be known. Problems are reported. */
  resource(block: Block): RawResource | undefined {
    const table = this.#tables.get(foldKeyword(block.type));
    if (table === undefined) {
      const names = [...this.#tables.values()].map((known) => known.path);
      this.#problems.add({
        severity: "error",
        at: block.at,
        message: `"${block.type}" is not a type of resource`,
        hint: didYouMean(block.type, names) ?? `known: ${names.join(", ")}`,
      });
      return undefined;
    }
    const name = writtenName(block);
    this.#resource = name === undefined ? table.path : `${table.path} "${name}"`;
    const { values, places } = this.#read(table, block.statements);
    if (name === undefined) {
      const hasName = block.statements.some((statement) => foldKeyword(statement.name) === "name");
      if (!hasName)
        this.#problems.add({
          severity: "error",
          at: block.at,
          resource: table.path,
          directive: "Name",
          message: "the resource has no Name",
        });
      return undefined;
    }
    return { table, name, at: block.at, values, places, inherited: new Set() };
  }

  #read(table: BlockTable, statements: readonly Statement[]): Pick<RawResource, "values" | "places"> {
    const values = new Map<string, unknown>();
    const places = new Map<string, Position>();
    for (const statement of statements) {
      const keyword = keywordsOf(table).get(foldKeyword(statement.name));
      try {
        if (keyword === undefined) throw unknownDirective(table, statement);
        this.#statement(keyword, statement, values, places);
      } catch (error) {
        if (!(error instanceof ConfigMistake)) throw error;
        this.#problems.add({
          severity: "error",
          at: error.at ?? statement.valueAt,
          resource: this.#resource,
          directive: keyword?.keyword ?? statement.name,
          message: error.message,
          hint: error.hint,
        });
        if (keyword !== undefined) places.set(keyword.key, statement.at);
      }
    }
    return { values, places };
  }

  #statement(keyword: Keyword, statement: Statement, values: Map<string, unknown>, places: Map<string, Position>): void {
    const { key, row, type } = keyword;
    checkBraces(type, statement);
    const before = values.get(key);
    if (type.repeats === "refuse" && places.has(key)) {
      throw new ConfigMistake(`it is written a second time (first in line ${places.get(key)!.line})`, {
        at: statement.at,
        hint: "keep one of them",
      });
    }
    this.used.push({
      resource: this.#resource,
      keyword: keyword.keyword,
      at: statement.at,
      acts: keyword.acts,
      deprecated: row.deprecated,
    });
    places.set(key, statement.at);
    values.set(key, type.parse(statement, this.#context(values, keyword, statement), before));
  }

  #context(values: ReadonlyMap<string, unknown>, keyword: Keyword, statement: Statement): ParseContext {
    return {
      host: this.#host,
      written: values,
      warn: (message, at = statement.valueAt) => {
        this.#problems.add({ severity: "warning", at, resource: this.#resource, directive: keyword.keyword, message });
      },
      readBlock: (table, statements, at) => {
        const raw = this.#read(table, statements);
        return finishBlock(table, raw.values, (required) => {
          this.#problems.add({
            severity: "error",
            at,
            resource: this.#resource,
            directive: required,
            message: `it is required in ${table.path}`,
          });
        });
      },
    };
  }
}

/** The values of a block with defaults filled in; `missing` is told of each required directive that is not there. */
export function finishBlock(
  table: BlockTable,
  values: ReadonlyMap<string, unknown>,
  missing: (keyword: string) => void,
): Record<string, unknown> {
  const finished: Record<string, unknown> = {};
  for (const [key, row] of Object.entries(table.rows)) {
    const written = values.get(key);
    if (written === undefined && row.required === true) missing(keywordOf(key, row));
    finished[key] = written ?? row.default ?? (row.type as DirectiveType<unknown>).empty;
  }
  return finished;
}

/** The name as written, if it is a usable one. */
function writtenName(block: Block): string | undefined {
  const word = block.statements.find((statement) => foldKeyword(statement.name) === "name")?.words[0];
  return word === undefined || nameFault(word.text) !== undefined ? undefined : word.text;
}

function checkBraces(type: DirectiveType<unknown>, statement: Statement): void {
  if (type.braces === "never") {
    if (statement.block !== undefined) throw new ConfigMistake('"{" is not allowed here', { at: statement.valueAt });
    if (!statement.hasEquals) throw new ConfigMistake('"=" is expected', { at: statement.valueAt });
    return;
  }
  if (statement.block === undefined) throw new ConfigMistake('"{" is expected', { at: statement.valueAt });
  if (type.braces === "bare" && (statement.hasEquals || statement.words.length > 0)) {
    throw new ConfigMistake(`"${statement.name} = ... {" is the form of very old versions`, {
      at: statement.valueAt,
      hint: `write ${statement.name} { ... } and put options in an Options { ... } block`,
    });
  }
  if (type.braces === "afterEquals" && statement.words.length > 0)
    throw new ConfigMistake('"{" is expected', { at: statement.valueAt });
}

function unknownDirective(table: BlockTable, statement: Statement): ConfigMistake {
  const keywords = [...keywordsOf(table).values()].map((known) => known.keyword);
  return new ConfigMistake(`it is not a directive of ${table.path}`, {
    at: statement.at,
    hint: didYouMean(statement.name, keywords),
  });
}
