/** How a wildcard pattern is compared with names. */
export interface WildcardOptions {
  readonly ignoreCase?: boolean;
  /** `*`, `?` and brackets do not match a slash (EnhancedWild). Otherwise they do, as Bacula's always did. */
  readonly pathname?: boolean;
}

/** True if the whole name matches the pattern. */
export type WildcardMatcher = (name: string) => boolean;

type Element =
  | { readonly kind: "char"; readonly char: string }
  | { readonly kind: "any" }
  | { readonly kind: "star" }
  | { readonly kind: "set"; readonly negated: boolean; readonly has: (char: string) => boolean };

const CLASSES: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    alnum: /^[\p{L}\p{N}]$/u,
    alpha: /^\p{L}$/u,
    blank: /^[ \t]$/,
    cntrl: /^\p{Cc}$/u,
    digit: /^[0-9]$/,
    graph: /^[^\s\p{C}]$/u,
    lower: /^\p{Ll}$/u,
    print: /^[^\p{C}]$/u,
    punct: /^[\p{P}\p{S}]$/u,
    space: /^\s$/,
    upper: /^\p{Lu}$/u,
    xdigit: /^[0-9A-Fa-f]$/,
  }),
);

/**
 * Compiles an fnmatch pattern: `*`, `?`, `[a-z]`, `[!a]`, `[[:digit:]]`, and a backslash before a character that means itself.
 * A bracket that is never closed means itself. Time is at most pattern times name, whatever the pattern.
 */
export function compileWildcard(pattern: string, options: WildcardOptions = {}): WildcardMatcher {
  const fold = options.ignoreCase === true ? (text: string) => text.toLowerCase() : (text: string) => text;
  const elements = parse(Array.from(pattern), fold);
  const isPathname = options.pathname === true;
  const literal = elements.every((element) => element.kind === "char")
    ? elements.map((element) => element.char).join("")
    : undefined;
  if (literal !== undefined) return (name) => fold(name) === literal;
  return (name) => matches(elements, Array.from(name, fold), isPathname);
}

/** True if the text has a character that a wildcard pattern gives a meaning. */
export function hasWildcard(text: string): boolean {
  return /[*?[\\]/.test(text);
}

/** Greedy match that goes back to the last star only: what an earlier star could still take, the last one can too. */
function matches(elements: readonly Element[], name: readonly string[], isPathname: boolean): boolean {
  let at = 0;
  let element = 0;
  let starElement = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = elements[element];
    if (current?.kind === "star") {
      starElement = element++;
      starAt = at;
    } else if (current !== undefined && matchesOne(current, name[at]!, isPathname)) {
      element++;
      at++;
    } else {
      if (starElement < 0 || (isPathname && name[starAt] === "/")) return false;
      element = starElement + 1;
      at = ++starAt;
    }
  }
  while (elements[element]?.kind === "star") element++;
  return element === elements.length;
}

function matchesOne(element: Exclude<Element, { kind: "star" }>, char: string, isPathname: boolean): boolean {
  if (element.kind === "char") return element.char === char;
  if (isPathname && char === "/") return false;
  return element.kind === "any" || element.has(char) !== element.negated;
}

function parse(pattern: readonly string[], fold: (text: string) => string): readonly Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < pattern.length;) {
    const char = pattern[at]!;
    const set = char === "[" ? parseSet(pattern, at, fold) : undefined;
    if (set !== undefined) {
      elements.push(set.element);
      at = set.next;
      continue;
    }
    if (char === "*") {
      if (elements.at(-1)?.kind !== "star") elements.push({ kind: "star" });
    } else if (char === "?") elements.push({ kind: "any" });
    else if (char === "\\" && at + 1 < pattern.length) elements.push({ kind: "char", char: fold(pattern[++at]!) });
    else elements.push({ kind: "char", char: fold(char) });
    at++;
  }
  return elements;
}

/** The bracket expression at `start`, or undefined if it is never closed. */
function parseSet(
  pattern: readonly string[],
  start: number,
  fold: (text: string) => string,
): { element: Element; next: number } | undefined {
  let at = start + 1;
  const negated = pattern[at] === "!" || pattern[at] === "^";
  if (negated) at++;
  const tests: ((char: string) => boolean)[] = [];
  for (let isFirst = true; ; isFirst = false) {
    const char = pattern[at];
    if (char === undefined) return undefined;
    if (char === "]" && !isFirst) break;
    const named = char === "[" && pattern[at + 1] === ":" ? className(pattern, at) : undefined;
    if (named !== undefined) {
      tests.push((tested) => named.test(tested));
      at = pattern.indexOf("]", at) + 1;
      continue;
    }
    const low = char === "\\" && pattern[at + 1] !== undefined ? pattern[++at]! : char;
    at++;
    if (pattern[at] === "-" && pattern[at + 1] !== undefined && pattern[at + 1] !== "]") {
      at++;
      const high = pattern[at] === "\\" && pattern[at + 1] !== undefined ? pattern[++at]! : pattern[at]!;
      at++;
      tests.push(rangeTest(low, high, fold));
    } else tests.push((tested) => tested === fold(low));
  }
  return { element: { kind: "set", negated, has: (char) => tests.some((test) => test(char)) }, next: at + 1 };
}

/** Characters are folded before they are tested, so the ends are tried as written and folded. */
function rangeTest(low: string, high: string, fold: (text: string) => string): (char: string) => boolean {
  const [from, to] = [low.codePointAt(0)!, high.codePointAt(0)!];
  const isFolding = fold("A") === "a";
  const within = (char: string) => char.codePointAt(0)! >= from && char.codePointAt(0)! <= to;
  return (char) => within(char) || (isFolding && (within(char.toUpperCase()) || within(char.toLowerCase())));
}

function className(pattern: readonly string[], at: number): RegExp | undefined {
  const end = pattern.indexOf("]", at);
  if (end < 0 || pattern[end - 1] !== ":") return undefined;
  return CLASSES.get(pattern.slice(at + 2, end - 1).join(""));
}
