import { formatDuration, parseDuration } from "../base/duration.ts";
import { formatSize, parseSize, parseSpeed } from "../base/size.ts";
import { didYouMean } from "./did-you-mean.ts";
import { appended, type DirectiveType, type ParseContext, type PrintedDirective } from "./define-resource.ts";
import type { Token } from "./lexer.ts";
import { shown, type Statement } from "./parser.ts";
import { checkPercentCodes } from "./percent-codes.ts";
import { ConfigMistake } from "./problem.ts";
import { Secret, SECRET_SHOWN } from "./secret.ts";

/** Longest resource name and longest name-like string, in characters. */
export const NAME_CHARS_MAX = 127;

/** Puts a text in quotes so that the lexer gives it back. */
export function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** True if the token can be a value: a word, a number or a quoted string. */
export function isValue(token: Token | undefined): boolean {
  return token?.kind === "identifier" || token?.kind === "number" || token?.kind === "string" || token?.kind === "quoted";
}

/** The one word that is the value. Bacula ignores the rest of the line; so do we, with a warning. */
export function onlyWord(statement: Statement, context: ParseContext): Token {
  const [word, rest] = statement.words;
  if (word === undefined || !isValue(word))
    throw new ConfigMistake(`a value is expected after "=", found ${word === undefined ? "nothing" : shown(word)}`, {
      at: statement.valueAt,
    });
  if (rest !== undefined) context.warn(`the rest of the line, from ${shown(rest)}, is ignored`, rest.at);
  return word;
}

/** All words of the value with a blank between them: for `365 days` and `5 MB/s`. */
export function allWords(statement: Statement): string {
  for (const word of statement.words) {
    if (!isValue(word)) throw new ConfigMistake(`unexpected ${shown(word)}`, { at: word.at });
  }
  if (statement.words.length === 0) throw new ConfigMistake('a value is expected after "="', { at: statement.valueAt });
  return statement.words.map((word) => (word.kind === "quoted" ? word.text : word.raw)).join(" ");
}

/** The items of a comma separated list, at least one. */
export function listWords(statement: Statement): readonly Token[] {
  const items: Token[] = [];
  for (const [index, word] of statement.words.entries()) {
    const isItem = index % 2 === 0;
    if (isItem && !isValue(word)) throw new ConfigMistake(`a list item is expected, found ${shown(word)}`, { at: word.at });
    if (!isItem && word.kind !== ",")
      throw new ConfigMistake(`a comma is expected before ${shown(word)}`, {
        at: word.at,
        hint: "put a value with blanks in quotes",
      });
    if (isItem) items.push(word);
  }
  if (items.length === 0 || statement.words.length % 2 === 0)
    throw new ConfigMistake("a list item is missing", { at: statement.valueAt });
  return items;
}

interface ScalarParts<T> {
  readonly label: string;
  readonly repeats: "replace" | "refuse";
  parse(text: string, context: ParseContext, token: Token): T;
  print(value: T): string;
  json?(value: T): unknown;
}

/** A type whose value is one word. */
export function scalar<T>(parts: ScalarParts<T>): DirectiveType<T> {
  return {
    label: parts.label,
    repeats: parts.repeats,
    braces: "never",
    parse(statement, context) {
      const token = onlyWord(statement, context);
      return parts.parse(token.text, context, token);
    },
    print: (value) => [{ value: parts.print(value) }],
    json: (value) => (parts.json === undefined ? value : parts.json(value)),
  };
}

/** Any text. */
export function text(label = "string"): DirectiveType<string> {
  return scalar({ label, repeats: "refuse", parse: (value) => value, print: quote });
}

/** Any text of which a later occurrence replaces the earlier (MailCommand). */
export function replaceableText(): DirectiveType<string> {
  return scalar({ label: "string", repeats: "replace", parse: (value) => value, print: quote });
}

/** A text of at most 127 characters. */
export function nameText(): DirectiveType<string> {
  return scalar({
    label: `string of at most ${NAME_CHARS_MAX} characters`,
    repeats: "refuse",
    parse(value) {
      if (value.length > NAME_CHARS_MAX)
        throw new ConfigMistake(`the value has ${value.length} characters; at most ${NAME_CHARS_MAX} are allowed`);
      return value;
    },
    print: quote,
  });
}

/** Says what is wrong with a resource name, or undefined. */
export function nameFault(name: string): string | undefined {
  if (name.length === 0) return "a name may not be empty";
  if (name.length > NAME_CHARS_MAX) return `the name has ${name.length} characters; at most ${NAME_CHARS_MAX} are allowed`;
  const wrong = /[^A-Za-z0-9:._\- ]/u.exec(name);
  return wrong === null
    ? undefined
    : `the name holds ${JSON.stringify(wrong[0])}; letters, digits, blank and : . - _ are allowed`;
}

/** The name of the resource itself. */
export function resourceName(): DirectiveType<string> {
  return scalar({
    label: "name",
    repeats: "refuse",
    parse(value) {
      const fault = nameFault(value);
      if (fault !== undefined) throw new ConfigMistake(fault);
      return value;
    },
    print: quote,
  });
}

/** yes or no. */
export function bool(): DirectiveType<boolean> {
  return scalar({
    label: "yes or no",
    repeats: "replace",
    parse: (value, context) => parseBool(value, context),
    print: (value) => (value ? "yes" : "no"),
  });
}

/** yes, no, true, false in any case; 1 and 0 with a warning. Throws ConfigMistake. */
export function parseBool(value: string, context: ParseContext): boolean {
  switch (value.toLowerCase()) {
    case "yes":
    case "true":
      return true;
    case "no":
    case "false":
      return false;
    case "1":
    case "0":
      context.warn(`"${value}" is an old way to say ${value === "1" ? "yes" : "no"}`);
      return value === "1";
  }
  throw new ConfigMistake(`"${value}" is neither yes nor no`, { hint: didYouMean(value, ["yes", "no", "true", "false"]) });
}

/** A whole number between the bounds. */
export function integer(bounds: { readonly min?: number; readonly max?: number } = {}): DirectiveType<number> {
  const { min = 0, max = 0xffff_ffff } = bounds;
  return scalar({
    label: "whole number",
    repeats: "replace",
    parse(value) {
      if (!/^-?[0-9]{1,15}$/.test(value)) throw new ConfigMistake(`"${value}" is not a whole number`);
      const number = Number(value);
      if (number < min || number > max) throw new ConfigMistake(`${value} is out of range: ${min} to ${max} is allowed`);
      return number;
    },
    print: String,
  });
}

/** A TCP port. */
export function port(): DirectiveType<number> {
  return { ...integer({ min: 1, max: 65_535 }), label: "port number" };
}

/** A port where 0 stands for "the default of the service". */
export function portOrZero(): DirectiveType<number> {
  return { ...integer({ min: 0, max: 65_535 }), label: "port number" };
}

/** A type whose value is all the words of the line, read by a function that throws RangeError. */
function amount(label: string, parse: (text: string) => number, print: (value: number) => string): DirectiveType<number> {
  return {
    label,
    repeats: "replace",
    braces: "never",
    parse(statement) {
      try {
        return parse(allWords(statement));
      } catch (error) {
        if (error instanceof RangeError) throw new ConfigMistake(error.message);
        throw error;
      }
    },
    print: (value) => [{ value: print(value) }],
    json: (value) => value,
  };
}

/** A length of time, in seconds. */
export function time(): DirectiveType<number> {
  return amount("time", parseDuration, formatDuration);
}

/** A number of bytes. */
export function size(bounds: { readonly max?: number } = {}): DirectiveType<number> {
  const { max } = bounds;
  const checked = (written: string): number => {
    const bytes = parseSize(written);
    if (max !== undefined && bytes > max) throw new RangeError(`"${written}" is too large: at most ${max} bytes are allowed`);
    return bytes;
  };
  return amount("size", checked, formatSize);
}

/** Bytes a second. */
export function speed(): DirectiveType<number> {
  return amount("speed", parseSpeed, (value) => `${formatSize(value)}/s`);
}

/** A password, kept so that it is never printed by accident. */
export function password(): DirectiveType<Secret> {
  return {
    label: "password",
    repeats: "refuse",
    braces: "never",
    parse: (statement, context) => new Secret(onlyWord(statement, context).text),
    print: (value, options) => [{ value: options.reveal ? quote(value.reveal()) : quote(SECRET_SHOWN) }],
    json: () => SECRET_SHOWN,
  };
}

/** Characters that make Bacula hand a path to the shell. */
const SHELL_CHARACTERS = /[~\\$[\]*?`'<>"]/;

/** A path; `~`, `$VAR` and wildcards are expanded by the shell. A value that begins with `|` is a command and left alone. */
export function path(): DirectiveType<string> {
  return scalar({ label: "path", repeats: "refuse", parse: expandPath, print: quote });
}

/** A path or `|command` with %-codes; an unknown long code is refused. */
export function codedPath(): DirectiveType<string> {
  const type = path();
  return {
    ...type,
    parse(statement, context, before) {
      const value = type.parse(statement, context, before);
      checkPercentCodes(value);
      return value;
    },
  };
}

function expandPath(value: string, context: ParseContext): string {
  if (value.startsWith("|") || !SHELL_CHARACTERS.test(value)) return value;
  try {
    return context.host.expandPath(value);
  } catch (error) {
    throw new ConfigMistake(
      `the shell cannot expand "${value}": ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`,
    );
  }
}

/** One word of a fixed set, in any case; the value is spelled as in the set. */
export function oneOf<const T extends string>(...words: readonly T[]): DirectiveType<T> {
  return scalar({
    label: words.join(" | "),
    repeats: "replace",
    parse: (value) => chooseWord(value, words),
    print: (value) => value,
  });
}

/** The word of the set that is meant; throws ConfigMistake with a near match. */
export function chooseWord<T extends string>(value: string, words: readonly T[]): T {
  const folded = value.toLowerCase();
  const found = words.find((word) => word.toLowerCase() === folded);
  if (found === undefined) {
    throw new ConfigMistake(`"${value}" is not allowed here; use ${words.join(", ")}`, { hint: didYouMean(value, words) });
  }
  return found;
}

/** Comma separated texts; the directive may be repeated, which appends. */
export function textList(label = "list of strings"): DirectiveType<readonly string[]> {
  return {
    label,
    repeats: "append",
    braces: "never",
    empty: [],
    parse: (statement, _context, before) =>
      appended(
        before,
        listWords(statement).map((token) => token.text),
      ),
    print: (value) => value.map((item): PrintedDirective => ({ value: quote(item) })),
    json: (value) => value,
  };
}

/** Comma separated words of a fixed set, in any case; the directive may be repeated, which appends. */
export function wordList<const T extends string>(...words: readonly T[]): DirectiveType<readonly T[]> {
  return {
    label: `list of ${words.join(" | ")}`,
    repeats: "append",
    braces: "never",
    empty: [],
    parse: (statement, _context, before) =>
      appended(
        before,
        listWords(statement).map((token) => chooseWord(token.text, words)),
      ),
    print: (value) => value.map((item): PrintedDirective => ({ value: item })),
    json: (value) => value,
  };
}

/** Names that a restricted console may use; `*all*` means every one. */
export function acl(): DirectiveType<readonly string[]> {
  const type = textList("list of names, or *all*");
  return {
    ...type,
    parse(statement, context, before) {
      const end = statement.words.findIndex((word, index) => index % 2 === 1 && word.kind !== ",");
      if (end < 0) return type.parse(statement, context, before);
      context.warn(`the rest of the line, from ${shown(statement.words[end])}, is ignored`, statement.words[end]!.at);
      return type.parse({ ...statement, words: statement.words.slice(0, end) }, context, before);
    },
  };
}

/** One text a line, any number of lines. */
export function repeatedText(
  label: string,
  check?: (value: string, context: ParseContext) => void,
): DirectiveType<readonly string[]> {
  return {
    label,
    repeats: "append",
    braces: "never",
    empty: [],
    parse(statement, context, before) {
      const value = onlyWord(statement, context).text;
      check?.(value, context);
      return appended(before, [value]);
    },
    print: (value) => value.map((item): PrintedDirective => ({ value: quote(item) })),
    json: (value) => value,
  };
}
