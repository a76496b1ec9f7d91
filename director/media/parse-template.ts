import type { OperatorError } from "#lib/errors/operator-error.ts";
import { labelFormatError, type IndexTerm, type Operation, type TemplatePart, type VariablePart } from "./label-template.ts";

/** Deepest nesting of loops, operations and brackets. */
const DEPTH_MAX = 20;

/** Reads a Label Format. Throws LABEL_FORMAT_INVALID, which names what is wrong. */
export function parseTemplate(format: string): readonly TemplatePart[] {
  return new TemplateParser(format).parse();
}

/** Reads from left to right. */
class TemplateParser {
  readonly #format: string;
  #at = 0;
  #depth = 0;

  constructor(format: string) {
    this.#format = format;
  }

  parse(): readonly TemplatePart[] {
    const parts = this.#parts("");
    if (this.#at < this.#format.length) throw this.#wrong(`"${this.#format[this.#at]}" without its beginning`);
    return parts;
  }

  /** Parts up to one of the characters `ends` or the end of the format; inside an operation `[` is only a character. */
  #parts(ends: string, hasLoops = true): readonly TemplatePart[] {
    const parts: TemplatePart[] = [];
    let text = "";
    const keep = (part: TemplatePart) => {
      if (text !== "") parts.push({ kind: "text", text });
      text = "";
      parts.push(part);
    };
    for (let char = this.#peek(); char !== "" && !ends.includes(char); char = this.#peek()) {
      if (hasLoops && ends === "" && char === "]") break;
      if (char === "\\") text += this.#escape(ends);
      else if (this.#beginsVariable()) keep(this.#nested(() => this.#variable()));
      else if (hasLoops && char === "[") keep(this.#nested(() => this.#loop()));
      else text += this.#take();
    }
    if (text !== "") parts.push({ kind: "text", text });
    return parts;
  }

  #beginsVariable(): boolean {
    return this.#peek() === "$" ? !this.#isPatternEnd() : this.#format.startsWith("%(", this.#at);
  }

  /** `$` before `/` ends a regular expression. */
  #isPatternEnd(): boolean {
    return this.#format[this.#at + 1] === "/";
  }

  /** Octal and hexadecimal characters, and any character for itself. Within an operation others stay as they are: they belong to its pattern. */
  #escape(ends: string): string {
    this.#at++;
    const number = /x[0-9A-Fa-f]{2}|[0-3][0-7]{2}/y;
    number.lastIndex = this.#at;
    const found = number.exec(this.#format)?.[0];
    if (found !== undefined) {
      this.#at += found.length;
      return String.fromCharCode(found.startsWith("x") ? Number.parseInt(found.slice(1), 16) : Number.parseInt(found, 8));
    }
    const char = this.#take();
    if (char === "") throw this.#wrong("a character is expected behind \\");
    return ends.includes("/") && char !== "/" ? `\\${char}` : char;
  }

  #variable(): VariablePart {
    const isPercent = this.#take() === "%";
    if (!isPercent && this.#peek() !== "{") {
      const name = this.#match(/[A-Za-z0-9_]+/y, "a name is expected behind $");
      return { kind: "variable", name, increments: false, index: null, operations: [] };
    }
    this.#at++;
    const close = isPercent ? ")" : "}";
    const name = this.#match(/[A-Za-z0-9_-]+/y, `a name is expected behind ${isPercent ? "%(" : "${"}`);
    const increments = this.#skip("+");
    const index = this.#skip("[") ? this.#bracketed(() => this.#sum(), "]") : null;
    const operations: Operation[] = [];
    while (this.#skip(":")) operations.push(this.#operation(close));
    this.#expect(close);
    return { kind: "variable", name, increments, index, operations };
  }

  #operation(close: string): Operation {
    const letter = this.#take();
    const word = () => {
      const text = this.#parts(`:${close}`, false);
      if (text.length === 0) throw this.#wrong(`a text is expected behind ":${letter}"`);
      return text;
    };
    switch (letter) {
      case "l":
        return { kind: "lower" };
      case "u":
        return { kind: "upper" };
      case "#":
        return { kind: "length" };
      case "-":
        return { kind: "ifEmpty", text: word() };
      case "*":
        return { kind: "onlyIfEmpty", text: word() };
      case "+":
        return { kind: "ifFilled", text: word() };
      case "o":
        return this.#cut();
      case "p":
        return this.#pad(close);
      case "s":
        return this.#replace();
      case "y":
        return this.#translate();
      default:
        throw this.#wrong(`":${letter}" is not an operation`);
    }
  }

  /** `o2,5` from character 2 to character 5, `o2-3` three characters, `o2,` the rest. */
  #cut(): Operation {
    const [, start, sign, end] = /^(\d+)([,-])(\d*)$/.exec(
      this.#match(/\d+[,-]\d*/y, "o is followed by start,end or start-count"),
    )!;
    return { kind: "cut", start: Number(start), end: end === "" ? null : Number(end), isCount: sign === "-" };
  }

  /** `p/width/fill/side`; without a side the value is put to the right. */
  #pad(close: string): Operation {
    this.#expect("/");
    const width = Number(this.#match(/\d{1,3}/y, "p is followed by /width/fill/side"));
    this.#expect("/");
    const fill = this.#parts(`/${close}`, false);
    const side = this.#skip("/") ? this.#match(/[lrc]/y, "the side of a padding is l, r or c") : "r";
    if (fill.length === 0) throw this.#wrong("a padding needs something to fill with");
    return { kind: "pad", width, fill, side: side as "l" | "r" | "c" };
  }

  #replace(): Operation {
    this.#expect("/");
    const from = this.#parts("/", false);
    this.#expect("/");
    const to = this.#parts("/", false);
    this.#expect("/");
    const flags = this.#match(/[gimt]*/y, "");
    if (from.length === 0) throw this.#wrong("s needs something to look for");
    return { kind: "replace", from, to, flags };
  }

  #translate(): Operation {
    this.#expect("/");
    const from = this.#spread(this.#match(/[^/]+/y, "y is followed by /from/to/"));
    this.#expect("/");
    const to = this.#spread(this.#match(/[^/]+/y, "y is followed by /from/to/"));
    this.#expect("/");
    if (from.length !== to.length) throw this.#wrong("the two sets of y are not of one length");
    return { kind: "translate", from, to };
  }

  /** `a-e` to `abcde`. */
  #spread(text: string): string {
    return text.replaceAll(/(.)-(.)/g, (_all, first: string, last: string) => {
      const [from, to] = [first.charCodeAt(0), last.charCodeAt(0)];
      if (to < from) throw this.#wrong(`"${first}-${last}" goes backwards`);
      return String.fromCharCode(...Array.from({ length: to - from + 1 }, (_unused, at) => from + at));
    });
  }

  #loop(): TemplatePart {
    this.#at++;
    const body = this.#parts("]");
    this.#expect("]");
    if (!this.#skip("{")) return { kind: "loop", body, limits: null };
    const start = this.#limit(0);
    this.#expect(",");
    const step = this.#limit(1);
    this.#expect(",");
    const stop = this.#limit(0);
    this.#expect("}");
    return { kind: "loop", body, limits: { start, step, stop } };
  }

  #limit(otherwise: number): IndexTerm {
    return ",}".includes(this.#peek()) ? { kind: "number", value: otherwise } : this.#nested(() => this.#sum());
  }

  #sum(): IndexTerm {
    let left = this.#product();
    while (this.#peek() === "+" || this.#peek() === "-")
      left = { kind: "binary", operator: this.#take(), left, right: this.#product() };
    return left;
  }

  #product(): IndexTerm {
    let left = this.#term();
    while (this.#peek() !== "" && "*/%".includes(this.#peek()) && !this.#format.startsWith("%(", this.#at))
      left = { kind: "binary", operator: this.#take(), left, right: this.#term() };
    return left;
  }

  #term(): IndexTerm {
    if (this.#skip("#")) return { kind: "turn" };
    if (this.#skip("(")) return this.#bracketed(() => this.#sum(), ")");
    if (this.#beginsVariable()) return this.#nested(() => this.#variable());
    return { kind: "number", value: Number(this.#match(/[+-]?\d{1,9}/y, "a number is expected")) };
  }

  #bracketed(read: () => IndexTerm, close: string): IndexTerm {
    const term = this.#nested(read);
    this.#expect(close);
    return term;
  }

  /** Hostile formats nest without end. */
  #nested<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX) throw this.#wrong("it is nested too deeply");
    const found = read();
    this.#depth--;
    return found;
  }

  #peek(): string {
    return this.#format[this.#at] ?? "";
  }

  #take(): string {
    return this.#format[this.#at++] ?? "";
  }

  #skip(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (!this.#skip(char))
      throw this.#wrong(
        `a ${char} is missing${this.#peek() === "" ? "" : ` before "${this.#format.slice(this.#at, this.#at + 20)}"`}`,
      );
  }

  #match(pattern: RegExp, otherwise: string): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#format)?.[0];
    if (found === undefined) throw this.#wrong(otherwise);
    this.#at += found.length;
    return found;
  }

  #wrong(fault: string): OperatorError {
    return labelFormatError(this.#format, fault);
  }
}
