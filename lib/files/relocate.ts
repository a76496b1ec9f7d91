import { byteStringOf, nameOf } from "#lib/base/byte-string.ts";
import { compileRegex } from "#lib/base/regex.ts";
import type { Regex } from "#lib/base/regex.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Where a saved name goes. Names are byte strings. */
export interface Relocation {
  /** Directory under which everything is put, without trailing slash; "": the original places. */
  readonly root: string;
  /** The path below `root`, beginning with "/"; undefined if the name is not fit to be restored ("..", empty, NUL). */
  place(name: string): string | undefined;
}

/** Puts everything under `where` ("" or "/": the original places), or moves names by regexwhere rules. Throws OperatorError PATTERN_INVALID. */
export function relocation(where: string, regexWhere: string): Relocation {
  const rules = regexWhere === "" ? [] : parseRules(regexWhere);
  const root = where.replace(/\/+$/, "");
  return {
    root: rules.length > 0 ? "" : root,
    place(name) {
      const moved = rules.length === 0 ? name : byteStringOf(rules.reduce(applyRule, nameOf(name)));
      return soundPath(moved);
    },
  };
}

/** One absolute path without empty, "." or ".." components; undefined where a name has ".." or nothing in it. */
export function soundPath(name: string): string | undefined {
  // A drive letter of a Windows client becomes a directory.
  const unix = /^[A-Za-z]:[/\\]/.test(name) ? `/${name[0]!}${name.slice(2).replaceAll("\\", "/")}` : name;
  if (unix.startsWith("/") && !/\/(?:\/|\.{1,2}(?:\/|$))|\0|.\/$/.test(unix)) return unix;
  const parts = unix.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || unix.includes("\0")) return undefined;
  return `/${parts.join("/")}`;
}

interface Rule {
  readonly regex: Regex;
  readonly replacement: string;
  readonly isGlobal: boolean;
}

const RULES_MAX = 100;

/** "!from!to!i,!from!to!": any separator character, options i (ignore case) and g (everywhere). */
function parseRules(text: string): Rule[] {
  const rules: Rule[] = [];
  let at = 0;
  while (at < text.length) {
    const separator = text[at]!;
    const from = part(text, at + 1, separator);
    const to = part(text, from.end + 1, separator);
    const letters = /^[ig]*/.exec(text.slice(to.end + 1))![0];
    if (rules.length === RULES_MAX) throw invalid(text, `more than ${RULES_MAX} rules`);
    try {
      rules.push({
        regex: compileRegex(from.text, { ignoreCase: letters.includes("i") }),
        replacement: to.text,
        isGlobal: letters.includes("g"),
      });
    } catch (error) {
      throw invalid(text, error instanceof Error ? error.message : String(error));
    }
    at = to.end + 1 + letters.length;
    if (at < text.length && text[at] !== ",") throw invalid(text, `"${text.slice(at, at + 20)}" after a rule`);
    at++;
  }
  return rules;
}

/** Text up to the separator; a backslash before it makes it a plain character. */
function part(text: string, start: number, separator: string): { readonly text: string; readonly end: number } {
  let found = "";
  for (let at = start; at < text.length; at++) {
    if (text[at] === separator) return { text: found, end: at };
    if (text[at] === "\\" && text[at + 1] === separator) at++;
    found += text[at]!;
  }
  throw invalid(text, `the separator "${separator}" is missing at the end`);
}

function applyRule(name: string, rule: Rule): string {
  let done = "";
  let rest = name;
  for (;;) {
    const found = rule.regex.match(rest);
    if (found === undefined) return done + rest;
    const whole = found.groups[0] ?? "";
    const replaced = rule.replacement.replace(/[$\\](\d)|\\(.)/g, (_, digit: string | undefined, char: string | undefined) =>
      digit === undefined ? char! : (found.groups[Number(digit)] ?? ""),
    );
    done += rest.slice(0, found.index) + replaced;
    rest = rest.slice(found.index + whole.length);
    if (!rule.isGlobal || whole === "" || rest === "") return done + rest;
  }
}

function invalid(text: string, why: string): OperatorError {
  return new OperatorError("PATTERN_INVALID", `the relocation "${text}" cannot be understood: ${why}`, {
    hint: "write !pattern!replacement! with commas between several",
  });
}
