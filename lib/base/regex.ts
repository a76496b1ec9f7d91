import { RE2JS } from "re2js";

/** A compiled regular expression. Matching takes time linear in the text, whatever the pattern. */
export interface Regex {
  /** True if it matches anywhere in the text. */
  test(text: string): boolean;
  /** The first match: the whole, then the groups (undefined where a group took no part); undefined if there is none. */
  match(text: string): RegexMatch | undefined;
}

export interface RegexMatch {
  readonly index: number;
  readonly groups: readonly (string | undefined)[];
}

/** Longest pattern that is compiled, in characters. */
const PATTERN_CHARS_MAX = 10_000;

/**
 * Compiles a POSIX extended regular expression (with the usual \d \w \s \b besides). Among matches at one place the longest wins.
 * Throws RangeError with what is wrong.
 */
export function compileRegex(pattern: string, options: { readonly ignoreCase?: boolean } = {}): Regex {
  if (pattern.length > PATTERN_CHARS_MAX) throw new RangeError(`the pattern has more than ${PATTERN_CHARS_MAX} characters`);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(
      translate(pattern),
      (options.ignoreCase === true ? RE2JS.CASE_INSENSITIVE : 0) | RE2JS.LONGEST_MATCH | RE2JS.DOTALL,
    );
  } catch (error) {
    throw new RangeError(error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : String(error));
  }
  return {
    test: (text) => compiled.matcher(text).find(),
    match(text) {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return undefined;
      const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) ?? undefined);
      return { index: matcher.start(), groups };
    },
  };
}

/** POSIX spelling to that of RE2: a backslash is an ordinary character between brackets, \< and \> are word boundaries. */
function translate(pattern: string): string {
  let text = "";
  let at = 0;
  while (at < pattern.length) {
    const char = pattern[at]!;
    if (char === "[") {
      const end = bracketEnd(pattern, at);
      text += pattern.slice(at, end).replaceAll("\\", "\\\\");
      at = end;
    } else if (char === "\\") {
      text += translateEscape(pattern[at + 1]);
      at += 2;
    } else {
      text += char;
      at++;
    }
  }
  return text;
}

function translateEscape(char: string | undefined): string {
  if (char === undefined) throw new RangeError("a backslash at the end of the pattern");
  if (char === "<" || char === ">") return "\\b";
  if (/[dDwWsSbBnrtfv]/.test(char)) return `\\${char}`;
  return /[A-Za-z0-9]/.test(char) || char.charCodeAt(0) > 127 ? char : `\\${char}`;
}

/** Index after the bracket expression that begins at `start`; the end of the pattern if it is not closed. */
function bracketEnd(pattern: string, start: number): number {
  let at = start + 1;
  if (pattern[at] === "^") at++;
  if (pattern[at] === "]") at++;
  while (at < pattern.length && pattern[at] !== "]") {
    const inner = pattern[at] === "[" ? pattern[at + 1] : undefined;
    if (inner === ":" || inner === "." || inner === "=") {
      const close = pattern.indexOf(`${inner}]`, at + 2);
      at = close < 0 ? at + 1 : close + 2;
    } else at++;
  }
  return Math.min(at + 1, pattern.length);
}
