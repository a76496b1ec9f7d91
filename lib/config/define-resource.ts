import type { ConfigHost } from "./host.ts";
import type { Statement } from "./parser.ts";
import type { Position } from "./position.ts";

/** A name that stands for another resource until `resolve.ts` puts the resource in its place. */
export interface Reference<Type extends string> {
  readonly type: Type;
  readonly name: string;
  readonly at: Position;
}

/** What the parser of a value may look at besides its own words. */
export interface ParseContext {
  readonly host: ConfigHost;
  /** Values of the same resource or block read so far, by key. */
  readonly written: ReadonlyMap<string, unknown>;
  /** Tells the administrator of something doubtful at the directive being read. */
  warn(message: string, at?: Position): void;
  /** Reads a nested block of directives by its own table; problems in it are reported as it goes. */
  readBlock(table: BlockTable, statements: readonly Statement[], at: Position): unknown;
}

/** Finds a resource by type and name; reports the reference as a problem and gives undefined if there is none. */
export type Lookup = (reference: Reference<string>) => unknown;

/** One line, or one block, of a printed directive. `keyword` only where it is not the directive's own. */
export interface PrintedDirective {
  readonly keyword?: string;
  /** Text after `=`. */
  readonly value?: string;
  /** Lines between braces. */
  readonly block?: readonly string[];
}

/** `reveal` prints passwords in clear text: only to write a configuration file, never for a console. */
export interface PrintOptions {
  readonly reveal: boolean;
}

/** How the values of a directive are read, kept and printed. */
export interface DirectiveType<T> {
  /** In messages and in the manual: "time", "name of a Pool". */
  readonly label: string;
  /** What a second occurrence in the same resource does. */
  readonly repeats: "append" | "replace" | "refuse";
  /** Written with braces: never, always, or after `=`. */
  readonly braces: "never" | "bare" | "afterEquals";
  /** Resource type that values refer to. */
  readonly refersTo?: string;
  /** Value where nothing is written (lists: the empty list). */
  readonly empty?: T;
  /** Reads one occurrence; throws ConfigMistake. `before` is the value of the earlier occurrences. */
  parse(statement: Statement, context: ParseContext, before: T | undefined): T;
  /** Text that gives the value when read again. */
  print(value: T, options: PrintOptions): readonly PrintedDirective[];
  /** A value for JSON.stringify. */
  json(value: T): unknown;
  /** Puts resources in the place of references. */
  resolve?(value: T, lookup: Lookup): unknown;
}

/** Another keyword that feeds the same directive, with its own way of writing (RunBeforeJob feeds RunScript). */
export interface DirectiveForm<T> {
  readonly type: DirectiveType<T>;
  readonly acts: boolean;
  readonly description: string;
}

/** What a table says of a directive besides its type. */
export interface DirectiveOptions<T> {
  /** One sentence for the manual. */
  readonly description: string;
  /** True only if the program acts upon it today; `-t -v` warns of configured directives that it does not act upon. */
  readonly acts: boolean;
  readonly required?: boolean;
  readonly default?: T;
  /** Spelling in messages and print-outs; the key with a capital letter if absent. */
  readonly keyword?: string;
  /** Other spellings of the same directive. */
  readonly synonyms?: readonly string[];
  readonly forms?: Readonly<Record<string, DirectiveForm<T>>>;
  /** Not copied from JobDefs. */
  readonly notInherited?: boolean;
  /** Accepted for old files; what to write instead. */
  readonly deprecated?: string;
}

/** One row of a table. `Present` tells the compiler whether the value is always there. */
export interface Directive<T, Present extends boolean> extends DirectiveOptions<T> {
  readonly type: DirectiveType<T>;
  /** Never set; carries `Present` for inference. */
  readonly present?: Present;
}

/** A directive that is required or has a default, so that its value is always there. */
export function directive<T>(
  type: DirectiveType<T>,
  options: DirectiveOptions<NoInfer<T>> & ({ readonly required: true } | { readonly default: NoInfer<T> }),
): Directive<T, true>;
/** A directive whose value may be undefined (a list: empty). */
export function directive<T>(type: DirectiveType<T>, options: DirectiveOptions<NoInfer<T>>): Directive<T, false>;
export function directive<T>(type: DirectiveType<T>, options: DirectiveOptions<T>): Directive<T, boolean> {
  return { ...options, type };
}

// oxlint-disable-next-line typescript/no-explicit-any -- rows of any value type stand in one table
export type AnyDirective = Directive<any, boolean>;
export type Rows = Readonly<Record<string, AnyDirective>>;

/** The directives of a nested block. */
export interface BlockTable<R extends Rows = Rows> {
  /** Where it stands, as `FileSet/Include/Options`. */
  readonly path: string;
  readonly rows: R;
}

/** The directives of one resource type. */
export interface ResourceTable<R extends Rows = Rows> extends BlockTable<R> {
  /** Type under which resources are found; `Autochanger` of the Director is found as a `Storage`. */
  readonly namespace: string;
  /** One sentence for the manual. */
  readonly description: string;
  /** True for JobDefs: nothing is required in it and no default applies, for it is only copied from. */
  readonly partial: boolean;
  /** True if it is another word for a type that has the same directives; the coverage table leaves it out. */
  readonly isAlias: boolean;
}

/** Declares a resource type; its TypeScript type is `ResourceOf<typeof table, ProgramResources>`. */
export function defineResource<const R extends Rows>(
  type: string,
  rows: R,
  options: {
    readonly description: string;
    readonly namespace?: string;
    readonly partial?: boolean;
    readonly isAlias?: boolean;
  },
): ResourceTable<R> {
  const { description, namespace = type, partial = false, isAlias = false } = options;
  return { path: type, rows, namespace, description, partial, isAlias };
}

/** Declares the directives of a nested block. */
export function defineBlock<const R extends Rows>(path: string, rows: R): BlockTable<R> {
  return { path, rows };
}

/** Where a resource came from: what was written in it, and what was inherited. */
export interface ResourceOrigin {
  /** Type as written: an Autochanger of the Director says so here, though it is found as a Storage. */
  readonly resourceType: string;
  readonly at: Position;
  /** Keys that are written in the resource itself. */
  readonly written: ReadonlySet<string>;
  /** Keys that came from JobDefs. */
  readonly inherited: ReadonlySet<string>;
}

/** What every resource has besides its directives. */
export interface ResourceBase {
  readonly origin: ResourceOrigin;
}

type Resolved<T, Resources> =
  T extends Reference<infer Type>
    ? Type extends keyof Resources
      ? Resources[Type]
      : never
    : T extends readonly Reference<infer Type>[]
      ? Type extends keyof Resources
        ? readonly Resources[Type][]
        : never
      : T;

type ValueOf<D, Resources> =
  D extends Directive<infer T, infer Present>
    ? Present extends true
      ? Resolved<T, Resources>
      : T extends readonly unknown[]
        ? Resolved<T, Resources>
        : Resolved<T, Resources> | undefined
    : never;

/** The values of a block, by key, after resolution. */
export type BlockOf<T extends BlockTable, Resources = never> = {
  readonly [K in keyof T["rows"]]: ValueOf<T["rows"][K], Resources>;
};

/** A resource as the program sees it. `Resources` maps type names to resource types. */
export type ResourceOf<T extends BlockTable, Resources = never> = BlockOf<T, Resources> & ResourceBase;

/** A partial resource (JobDefs): any single value may be missing, except its name. */
export type PartialResourceOf<T extends BlockTable, Resources = never> = {
  readonly [K in keyof BlockOf<T, Resources>]: K extends "name"
    ? string
    : BlockOf<T, Resources>[K] extends readonly unknown[]
      ? BlockOf<T, Resources>[K]
      : BlockOf<T, Resources>[K] | undefined;
} & ResourceBase;

/**
 * The values of earlier occurrences with those of one more. The earlier array is extended in place, for it belongs to the resource
 * that is being read; a file of a million lines would otherwise be copied a million times.
 */
export function appended<T>(before: readonly T[] | undefined, items: readonly T[]): readonly T[] {
  if (before === undefined) return [...items];
  for (const item of items) (before as T[]).push(item);
  return before;
}

/** Spelling of a directive in messages and print-outs. */
export function keywordOf(key: string, row: AnyDirective): string {
  return row.keyword ?? key[0]!.toUpperCase() + key.slice(1);
}
