import { RE2JS } from "re2js";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Value of a variable: a text, or several for `[n]`; undefined: no such variable. */
export type LabelVariables = (name: string) => string | readonly string[] | undefined;

const VOLUME_NAME_MAX = 127;

/** True for a Label Format that only stands for a beginning, to which a number is added. */
export function isSimpleFormat(format: string): boolean {
  return !/[${}\\[\]|*?]/.test(format);
}

/** True for a Label Format that forbids automatic Volumes. */
export function forbidsCreation(format: string): boolean {
  return format === "" || format.startsWith("*");
}

/** Name of the Volume number `number` in simple mode. */
export function simpleName(format: string, number: number): string {
  return checkVolumeName(`${format}${String(number).padStart(4, "0")}`);
}

/** The name itself if it may name a Volume; throws OperatorError if not. */
export function checkVolumeName(name: string): string {
  const isLegal = /^[A-Za-z0-9:._-]+$/.test(name) && name.length <= VOLUME_NAME_MAX;
  if (isLegal) return name;
  throw new OperatorError("VOLUME_NAME_INVALID", `"${name}" cannot name a Volume`, {
    hint: "use letters, digits and : . - _ only, at most 127 of them",
  });
}

/** Names of Counters that expanding the format counts up, in order of appearance. */
export function countersIn(format: string): readonly string[] {
  return [...format.matchAll(/\$\{([A-Za-z][A-Za-z0-9_-]*)\+\}/g)].map((match) => match[1]!);
}

/** Expands the variables of a Label Format. Throws OperatorError for an unknown variable or a malformed format. */
export function expandLabelFormat(format: string, variables: LabelVariables): string {
  const reader = new FormatReader(format, variables);
  return checkVolumeName(reader.expand());
}

/** Reads a format from left to right; `$name`, `${name[index]:operation:...}` and `\x` are replaced, the rest is kept. */
class FormatReader {
  readonly #format: string;
  readonly #variables: LabelVariables;
  #at = 0;

  constructor(format: string, variables: LabelVariables) {
    this.#format = format;
    this.#variables = variables;
  }

  expand(): string {
    let text = "";
    while (this.#at < this.#format.length) {
      const char = this.#format[this.#at++]!;
      if (char === "\\") text += this.#format[this.#at++] ?? "\\";
      else if (char === "$") text += this.#variable();
      else text += char;
    }
    return text;
  }

  #variable(): string {
    if (this.#format[this.#at] !== "{") return this.#value(this.#match(/[A-Za-z][A-Za-z0-9_]*/y, "a variable"), undefined);
    const end = this.#closing();
    const inside = this.#format.slice(this.#at + 1, end);
    this.#at = end + 1;
    return this.#braced(inside);
  }

  /** Position of the brace that closes the one at hand. */
  #closing(): number {
    let depth = 0;
    for (let at = this.#at; at < this.#format.length; at++) {
      if (this.#format[at] === "\\") at++;
      else if (this.#format[at] === "{") depth++;
      else if (this.#format[at] === "}" && --depth === 0) return at;
    }
    throw this.#wrong("a } is missing");
  }

  #braced(inside: string): string {
    const head = /^([A-Za-z][A-Za-z0-9_-]*?)(\+)?(?:\[(\d+)\])?(?::(.*))?$/s.exec(inside);
    if (head === null) throw this.#wrong(`"\${${inside}}" is not understood`);
    const [, name, , index, operations] = head;
    const found = this.#find(name!, index === undefined ? undefined : Number(index));
    const steps = operations === undefined ? [] : splitOperations(operations);
    let value = found;
    for (const step of steps) value = this.#operate(value, step);
    if (value === undefined) throw this.#unknown(name!);
    return value;
  }

  #find(name: string, index: number | undefined): string | undefined {
    const found = this.#variables(name);
    if (typeof found === "object") return found[index ?? 0] ?? "";
    return found;
  }

  #value(name: string, index: number | undefined): string {
    const value = this.#find(name, index);
    if (value === undefined) throw this.#unknown(name);
    return value;
  }

  #operate(value: string | undefined, step: string): string | undefined {
    const [operation, rest] = [step.charAt(0), step.slice(1)];
    const nested = (text: string) => new FormatReader(text, this.#variables).expand();
    switch (operation) {
      case "-":
        return value === undefined || value === "" ? nested(rest) : value;
      case "*":
        return value === undefined || value === "" ? nested(rest) : "";
      case "+":
        return value === undefined || value === "" ? "" : nested(rest);
      default:
        return value === undefined ? undefined : this.#change(value, operation, rest);
    }
  }

  #change(value: string, operation: string, rest: string): string {
    switch (operation) {
      case "l":
        return value.toLowerCase();
      case "u":
        return value.toUpperCase();
      case "#":
        return String(value.length);
      case "o":
        return this.#cut(value, rest);
      case "p":
        return this.#pad(value, rest);
      case "s":
        return this.#substitute(value, rest);
      case "y":
        return this.#transpose(value, rest);
      default:
        throw this.#wrong(`"${operation}${rest}" is not an operation`);
    }
  }

  #cut(value: string, range: string): string {
    const match = /^(\d+)(?:([,-])(\d*))?$/.exec(range);
    if (match === null) throw this.#wrong(`"o${range}" is not a range`);
    const first = Number(match[1]);
    if (match[3] === undefined || match[3] === "") return value.slice(first);
    return match[2] === "," ? value.slice(first, first + Number(match[3])) : value.slice(first, Number(match[3]) + 1);
  }

  #pad(value: string, rest: string): string {
    const [width, fill, side] = this.#parts(rest, 3);
    const total = Math.min(Number(width), VOLUME_NAME_MAX);
    if (!Number.isInteger(total) || fill === "") throw this.#wrong(`"p${rest}" is not a padding`);
    if (side === "l") return value.padEnd(total, fill);
    if (side === "c") return value.padStart(Math.floor((total + value.length) / 2), fill).padEnd(total, fill);
    return value.padStart(total, fill);
  }

  #substitute(value: string, rest: string): string {
    const [pattern, replacement, flags] = this.#parts(rest, 3);
    if (flags!.includes("t"))
      return flags!.includes("g")
        ? value.replaceAll(pattern!, () => replacement!)
        : value.replace(pattern!, () => replacement!);
    try {
      return substitute(value, pattern!, replacement!, flags!);
    } catch (error) {
      throw this.#wrong(`"s${rest}": ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #transpose(value: string, rest: string): string {
    const [from, to] = this.#parts(rest, 2).map(spreadRanges);
    return Array.from(value, (char) => (from!.includes(char) ? (to![from!.indexOf(char)] ?? to!.at(-1) ?? "") : char)).join("");
  }

  /** `/a/b/c` to its parts; the delimiter is the first character. */
  #parts(text: string, count: number): string[] {
    const parts = text.slice(1).split(text[0] ?? "/");
    while (parts.length < count) parts.push("");
    return parts;
  }

  #match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#format);
    if (match === null) throw this.#wrong(`${what} is expected after $`);
    this.#at = pattern.lastIndex;
    return match[0];
  }

  #unknown(name: string): OperatorError {
    return this.#wrong(`"${name}" is not a variable`);
  }

  #wrong(text: string): OperatorError {
    return new OperatorError("LABEL_FORMAT_INVALID", `Label Format "${this.#format}": ${text}`, {
      hint: "correct LabelFormat of the Pool",
    });
  }
}

/** Operations are separated by colons that no backslash precedes. */
function splitOperations(text: string): string[] {
  return text.split(/(?<!\\):/).map((step) => step.replaceAll("\\:", ":"));
}

/** `a-e` to `abcde`. */
function spreadRanges(text: string): string {
  return text.replaceAll(/(.)-(.)/g, (_, first: string, last: string) => {
    const [from, to] = [first.charCodeAt(0), last.charCodeAt(0)];
    return to < from ? "" : String.fromCharCode(...Array.from({ length: to - from + 1 }, (_unused, at) => from + at));
  });
}

/** Replaces by a regular expression; flags g, i, m. Throws what the expression or the replacement has wrong. */
function substitute(value: string, pattern: string, replacement: string, flags: string): string {
  const options = (flags.includes("i") ? RE2JS.CASE_INSENSITIVE : 0) | (flags.includes("m") ? RE2JS.MULTILINE : 0);
  const matcher = RE2JS.compile(pattern, options).matcher(value);
  return flags.includes("g") ? matcher.replaceAll(replacement) : matcher.replaceFirst(replacement);
}
