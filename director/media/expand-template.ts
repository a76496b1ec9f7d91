import { RE2JS } from "re2js";
import { labelFormatError, type IndexTerm, type Operation, type TemplatePart, type VariablePart } from "./label-template.ts";

/** Where the values of variables come from. */
export interface TemplateValues {
  /** Value of a variable or of a Counter as it stands; undefined: there is none. */
  value(name: string): Promise<string | undefined>;
  /** Value of a Counter, which then moves on; undefined: there is no such Counter. */
  next(counter: string): Promise<string | undefined>;
}

/** Most characters of an expanded text, whatever its loops and paddings say. */
const TEXT_CHARS_MAX = 1000;
/** Most turns of one loop. */
const TURNS_MAX = 1000;
/** Most turns of all loops together: loops within loops may give no character that would end them. */
const ALL_TURNS_MAX = 10_000;

/** Expands a template. Throws LABEL_FORMAT_INVALID for a variable without a value, or an operation that its value does not allow. */
export async function expandTemplate(format: string, parts: readonly TemplatePart[], values: TemplateValues): Promise<string> {
  return await new Expansion(format, values).text(parts, 0);
}

/** One expansion; `turn` is the number of the innermost loop's turn. */
class Expansion {
  readonly #format: string;
  readonly #values: TemplateValues;
  #turns = 0;

  constructor(format: string, values: TemplateValues) {
    this.#format = format;
    this.#values = values;
  }

  async text(parts: readonly TemplatePart[], turn: number): Promise<string> {
    let text = "";
    for (const part of parts) {
      if (part.kind === "text") text += part.text;
      else if (part.kind === "variable") text += await this.#variable(part, turn);
      else text += await this.#loop(part, turn);
      if (text.length > TEXT_CHARS_MAX) throw this.#wrong(`it gives more than ${TEXT_CHARS_MAX} characters`);
    }
    return text;
  }

  /** Variables have one value each, so a loop without limits makes one turn if it has an index, and else none. */
  async #loop(part: Extract<TemplatePart, { kind: "loop" }>, turn: number): Promise<string> {
    if (part.limits === null) return usesTurn(part.body) ? await this.text(part.body, 0) : "";
    const start = await this.#number(part.limits.start, turn);
    const step = await this.#number(part.limits.step, turn);
    const stop = await this.#number(part.limits.stop, turn);
    if (step < 1) throw this.#wrong("the step of a loop is at least 1");
    if ((stop - start) / step > TURNS_MAX) throw this.#wrong(`a loop makes more than ${TURNS_MAX} turns`);
    let text = "";
    for (let at = start; at <= stop; at += step) {
      if (++this.#turns > ALL_TURNS_MAX) throw this.#wrong(`its loops make more than ${ALL_TURNS_MAX} turns`);
      text += await this.text(part.body, at);
      if (text.length > TEXT_CHARS_MAX) throw this.#wrong(`it gives more than ${TEXT_CHARS_MAX} characters`);
    }
    return text;
  }

  async #variable(part: VariablePart, turn: number): Promise<string> {
    const { name, increments, index } = part;
    if (index !== null) await this.#number(index, turn);
    let value = increments ? await this.#values.next(name) : await this.#values.value(name);
    if (increments && value === undefined) throw this.#wrong(`"${name}" is not a Counter, so it cannot move on`);
    for (const operation of part.operations) {
      if (value === undefined && operation.kind !== "ifEmpty") continue;
      value = await this.#operate(value ?? "", operation, turn);
      if (value.length > TEXT_CHARS_MAX) throw this.#wrong(`"${name}" gives more than ${TEXT_CHARS_MAX} characters`);
    }
    if (value === undefined) throw this.#wrong(`"${name}" is not a variable`);
    return value;
  }

  async #operate(value: string, operation: Operation, turn: number): Promise<string> {
    switch (operation.kind) {
      case "lower":
        return value.toLowerCase();
      case "upper":
        return value.toUpperCase();
      case "length":
        return String(value.length);
      case "ifEmpty":
        return value === "" ? await this.text(operation.text, turn) : value;
      case "onlyIfEmpty":
        return value === "" ? await this.text(operation.text, turn) : "";
      case "ifFilled":
        return value === "" ? "" : await this.text(operation.text, turn);
      case "cut":
        return this.#cut(value, operation);
      case "pad":
        return pad(value, operation.width, await this.text(operation.fill, turn), operation.side);
      case "replace":
        return this.#replace(
          value,
          await this.text(operation.from, turn),
          await this.text(operation.to, turn),
          operation.flags,
        );
      case "translate":
        return Array.from(value, (char) => operation.to[operation.from.indexOf(char)] ?? char).join("");
    }
  }

  /** An end of 0 stands for the end of the value. */
  #cut(value: string, { start, end, isCount }: Extract<Operation, { kind: "cut" }>): string {
    if (start >= value.length && value !== "") throw this.#wrong(`"${value}" has no character ${start}`);
    if (end === null || end === 0) return value.slice(start);
    if (!isCount && end < start) throw this.#wrong(`o${start},${end} ends before it begins`);
    return isCount ? value.slice(start, start + end) : value.slice(start, end + 1);
  }

  #replace(value: string, from: string, to: string, flags: string): string {
    const isGlobal = flags.includes("g");
    if (flags.includes("t")) return isGlobal ? value.replaceAll(from, () => to) : value.replace(from, () => to);
    const options = (flags.includes("i") ? RE2JS.CASE_INSENSITIVE : 0) | (flags.includes("m") ? RE2JS.MULTILINE : 0);
    // In the replacement \1 stands for a group; the library spells that $1.
    const replacement = to.replaceAll("$", "\\$").replaceAll(/\\([0-9])/g, (_all, digit: string) => `$${digit}`);
    try {
      const matcher = RE2JS.compile(from, options).matcher(value);
      return isGlobal ? matcher.replaceAll(replacement) : matcher.replaceFirst(replacement);
    } catch (error) {
      throw this.#wrong(`s/${from}/${to}/: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #number(term: IndexTerm, turn: number): Promise<number> {
    if (term.kind === "number") return term.value;
    if (term.kind === "turn") return turn;
    if (term.kind === "variable") {
      const text = await this.#variable(term, turn);
      if (!/^[+-]?\d{1,9}$/.test(text)) throw this.#wrong(`"${text}" is no number for an index`);
      return Number(text);
    }
    return this.#compute(term.operator, await this.#number(term.left, turn), await this.#number(term.right, turn));
  }

  #compute(operator: string, left: number, right: number): number {
    if ((operator === "/" || operator === "%") && right === 0) throw this.#wrong("an index is divided by 0");
    if (operator === "+") return left + right;
    if (operator === "-") return left - right;
    if (operator === "*") return left * right;
    return operator === "/" ? Math.trunc(left / right) : left % right;
  }

  #wrong(fault: string) {
    return labelFormatError(this.#format, fault);
  }
}

function pad(value: string, width: number, fill: string, side: "l" | "r" | "c"): string {
  if (fill === "") return value;
  if (side === "l") return value.padEnd(width, fill);
  if (side === "r") return value.padStart(width, fill);
  return value.padStart(Math.floor((width + value.length) / 2), fill).padEnd(width, fill);
}

function usesTurn(parts: readonly TemplatePart[]): boolean {
  const inTerm = (term: IndexTerm | null): boolean => {
    if (term === null || term.kind === "number") return false;
    if (term.kind === "binary") return inTerm(term.left) || inTerm(term.right);
    return term.kind === "turn" || inTerm(term.index);
  };
  return parts.some((part) => part.kind === "variable" && inTerm(part.index));
}
