import { readFileSync } from "node:fs";
import { byteString } from "#lib/base/byte-string.ts";
import { compileWildcard } from "#lib/base/text-match.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { WildcardMatcher } from "#lib/base/text-match.ts";
import type { ToolLine } from "./tool-line.ts";

/** Longest list that is read. */
const LIST_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The lists of -i and -e, one wildcard pattern a line, with Bacula's meaning. Included is what matches a pattern, and everything below
 * a directory that does; `*` matches slashes too. An exclude pattern that begins with a slash is compared with the whole name (a
 * directory's ends in one), any other with the last part of it; there `*` stops at slashes.
 */
export class NameLists {
  readonly #included: readonly WildcardMatcher[];
  readonly #excludedPaths: readonly WildcardMatcher[];
  readonly #excludedNames: readonly WildcardMatcher[];

  constructor(included: readonly string[], excluded: readonly string[]) {
    this.#included = included.map((pattern) => compileWildcard(pattern.replace(/(?<=.)\/+$/, "")));
    const matcher = (pattern: string): WildcardMatcher => compileWildcard(pattern, { pathname: true });
    this.#excludedPaths = excluded.filter((pattern) => pattern.startsWith("/")).map(matcher);
    this.#excludedNames = excluded.filter((pattern) => !pattern.startsWith("/")).map(matcher);
  }

  /** The lists of a command line. OperatorError NAME_LIST_UNREADABLE. */
  static read(line: ToolLine): NameLists {
    return new NameLists(patternsOf(line.value("i"), "include"), patternsOf(line.value("e"), "exclude"));
  }

  /** Whether every name is taken. */
  get isOpen(): boolean {
    return this.#included.length + this.#excludedPaths.length + this.#excludedNames.length === 0;
  }

  /** Whether a file is taken; its name is a byte string. */
  takes(name: string): boolean {
    if (this.isOpen) return true;
    if (this.#included.length > 0 && !this.#included.some((matcher) => matchesAbove(matcher, name))) return false;
    if (this.#excludedPaths.some((matcher) => matcher(name))) return false;
    const base = name.slice(name.lastIndexOf("/") + 1);
    return base === "" || !this.#excludedNames.some((matcher) => matcher(base));
  }
}

/** Whether the name matches, or a directory above it. */
function matchesAbove(matcher: WildcardMatcher, name: string): boolean {
  if (matcher(name)) return true;
  for (let at = name.indexOf("/", 1); at >= 0; at = name.indexOf("/", at + 1)) if (matcher(name.slice(0, at))) return true;
  return matcher("/") && name.startsWith("/");
}

function patternsOf(path: string | undefined, what: "include" | "exclude"): readonly string[] {
  if (path === undefined) return [];
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new OperatorError("NAME_LIST_UNREADABLE", `Could not open ${what} file: ${path}`, { cause });
  }
  if (bytes.byteLength > LIST_BYTES_MAX)
    throw new OperatorError("NAME_LIST_UNREADABLE", `${what} file ${path} is longer than ${LIST_BYTES_MAX} bytes`);
  return byteString(bytes)
    .split("\n")
    .map((text) => text.replace(/[\r\n]+$/, ""))
    .filter((text) => text !== "");
}
