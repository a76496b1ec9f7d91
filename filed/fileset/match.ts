import type { FileOptions, FileSet, IncludeBlock } from "#proto/fileset.ts";
import { byteString, byteStringOf, nameOf } from "#lib/base/byte-string.ts";
import { compileWildcard, hasWildcard } from "#lib/base/text-match.ts";
import { decodeName } from "#lib/base/byte-name.ts";
import { compileOptions, DEFAULT_OPTIONS, topLevelOptions } from "./options.ts";
import type { OptionsBlock } from "./options.ts";

/** Options of a file, with their number in the job's table (CompiledFileSet.optionsTable). */
export interface ChosenOptions {
  readonly index: number;
  readonly options: FileOptions;
}

/** One Include block, ready to be asked. */
export interface CompiledInclude {
  /** Top-level names as byte strings; "|command" and "<file" stand for lists. */
  readonly files: readonly string[];
  readonly top: ChosenOptions;
  /** Base names (byte strings) that make a directory stay out. */
  readonly excludeDirContaining: ReadonlySet<string>;
  /** Options of a file found below a top-level name; undefined: it stays out. `path` and `base` are byte strings, without a trailing slash. */
  choose(path: string, base: string, isDirectory: boolean): ChosenOptions | undefined;
}

/** A FileSet, ready to be asked. */
export interface CompiledFileSet {
  readonly includes: readonly CompiledInclude[];
  /** Every set of options that may be chosen, by number; encoders hold the same table. */
  readonly optionsTable: readonly FileOptions[];
}

/** Makes a FileSet ready. Throws OperatorError PATTERN_INVALID. */
export function compileFileSet(fileset: FileSet): CompiledFileSet {
  const optionsTable: FileOptions[] = [];
  const choice = (options: FileOptions): ChosenOptions => ({ index: optionsTable.push(options) - 1, options });
  const isExcluded = compileExcludes(fileset);
  const includes = fileset.includes.map((include) => compileInclude(include, choice, isExcluded));
  return { includes, optionsTable };
}

type Excluded = (path: string, ignoreCase: boolean) => boolean;

function compileInclude(
  include: IncludeBlock,
  choice: (options: FileOptions) => ChosenOptions,
  isExcluded: Excluded,
): CompiledInclude {
  const blocks = include.options.map((options) => ({ block: compileOptions(options), choice: choice(options) }));
  const top = choice(topLevelOptions(include.options));
  const fallback = blocks.at(-1)?.choice ?? choice(DEFAULT_OPTIONS);
  const simple = blocks.every(({ block }) => !block.hasPatterns && !block.options.exclude);
  return {
    files: include.files
      .map(byteString)
      .map(withoutTrailingSlash)
      .filter((name) => name !== ""),
    top,
    excludeDirContaining: new Set(include.excludeDirContaining.map(byteString)),
    choose(path, base, isDirectory) {
      const chosen = simple ? fallback : chooseBlock(blocks, fallback, nameOf(path), nameOf(base), isDirectory);
      return chosen === undefined || isExcluded(path, chosen.options.ignoreCase) ? undefined : chosen;
    },
  };
}

interface Block {
  readonly block: OptionsBlock;
  readonly choice: ChosenOptions;
}

/** The first block that matches decides; a block that excludes and has no pattern matches everything; else the last block's flags hold. */
function chooseBlock(
  blocks: readonly Block[],
  fallback: ChosenOptions,
  path: string,
  base: string,
  isDirectory: boolean,
): ChosenOptions | undefined {
  for (const { block, choice } of blocks) {
    if (block.hasPatterns ? block.matches(path, base, isDirectory) : block.options.exclude)
      return block.options.exclude ? undefined : choice;
  }
  return fallback;
}

/** Exclude { File = } entries and the product's own directories. Plain names are looked up at once, wildcards tried one by one. */
function compileExcludes(fileset: FileSet): Excluded {
  const literals = new Set(fileset.ownDirectories.map(byteString).map(withoutTrailingSlash));
  const foldedLiterals = new Set<string>();
  const wild: { readonly exact: (name: string) => boolean; readonly folded: (name: string) => boolean }[] = [];
  for (const entry of fileset.excludes) {
    const text = decodeName(entry);
    const trimmed = text.length > 1 ? text.replace(/\/+$/, "") : text;
    if (trimmed === "") continue;
    if (hasWildcard(trimmed))
      wild.push({ exact: compileWildcard(trimmed), folded: compileWildcard(trimmed, { ignoreCase: true }) });
    else {
      literals.add(byteStringOf(trimmed));
      foldedLiterals.add(trimmed.toLowerCase());
    }
  }
  return (path, ignoreCase) => {
    if (literals.has(path)) return true;
    if (!ignoreCase && wild.length === 0) return false;
    const name = nameOf(path);
    if (ignoreCase && foldedLiterals.has(name.toLowerCase())) return true;
    return wild.some((pattern) => (ignoreCase ? pattern.folded(name) : pattern.exact(name)));
  };
}

/** A trailing slash makes no difference [FD-11]; "/" stays. */
export function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.replace(/\/+$/, "") || "/" : path;
}

/** The name under which a file is saved: `count` leading components left out, or the whole path if it has not more of them. */
export function stripPath(path: string, count: number): string {
  let at = 0;
  for (let left = count; left > 0; left--) {
    const next = path.indexOf("/", at + 1);
    if (next < 0) return path;
    at = next;
  }
  return path.slice(at);
}
