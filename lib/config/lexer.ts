import type { Position } from "./position.ts";

/** Kinds of token. `end` is the end of a line or a semicolon; `include` is `@path` and `@|command`. */
export type TokenKind = "identifier" | "number" | "string" | "quoted" | "{" | "}" | "=" | "," | "end" | "include" | "bad";

/**
 * One token. `text` is its value: an identifier without its blanks, a quoted string without quotes and escapes. `raw` is what
 * was written, blanks included, for the grammars in which blanks count (`Run = ... at 23:05`). A `bad` token's text says why.
 */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly raw: string;
  readonly at: Position;
}

const BLANK = /[ \t\v\f]/;
const LETTER = /[A-Za-z]/;
/** Ends an unquoted string. */
const STRING_END = new Set([" ", "\t", "\v", "\f", "\r", "\n", "=", "{", "}", ";", ",", "#"]);
/** Ends an identifier; a blank does not. */
const IDENTIFIER_END = new Set(["\r", "\n", "=", "{", "}", ";", ",", "#", '"']);
/** Ends an unquoted include. */
const INCLUDE_END = new Set([" ", "\t", "\v", "\f", "\r", "\n", "{", "}", ";", ",", '"', "#"]);

/** Cuts the text of one file into tokens, lazily, knowing no directive. Never throws: what it cannot read is a `bad` token. */
export class Lexer {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, file: string) {
    this.#text = text.startsWith("\uFEFF") ? text.slice(1) : text;
    this.#file = file;
  }

  /** Where the next token will be looked for. */
  position(): Position {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  /** The next token, or undefined at the end of the text. */
  next(): Token | undefined {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) return undefined;
      if (BLANK.test(char)) this.#at++;
      else if (char === "#") this.#skipLine();
      else return this.#token(char);
    }
  }

  #token(char: string): Token {
    const at = this.position();
    switch (char) {
      case "\n":
      case "\r":
        this.#newLine();
        return { kind: "end", text: "end of line", raw: "", at };
      case ";":
        return this.#single("end", at);
      case "{":
      case "}":
      case "=":
      case ",":
        return this.#single(char, at);
      case '"':
        return this.#quoted(at, "quoted");
      case "@":
        return this.#include(at);
      case "\\":
        if (this.#endsLine()) return this.#continuation(at);
    }
    return LETTER.test(char) ? this.#identifier(at) : this.#unquoted(at, this.#at);
  }

  #single(kind: TokenKind, at: Position): Token {
    const text = this.#text[this.#at]!;
    this.#at++;
    return { kind, text, raw: text, at };
  }

  /** Letters and blanks; any other character makes it an unquoted string from there on. */
  #identifier(at: Position): Token {
    const start = this.#at;
    let end = start;
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!;
      if (LETTER.test(char)) end = this.#at + 1;
      else if (IDENTIFIER_END.has(char) || (char === "\\" && this.#endsLine())) break;
      else if (!BLANK.test(char)) return this.#unquoted(at, start);
    }
    const raw = this.#text.slice(start, end);
    return { kind: "identifier", text: raw.replaceAll(/[ \t\v\f]/g, ""), raw, at };
  }

  /** Goes on from here to the end of an unquoted string that began at `start`. */
  #unquoted(at: Position, start: number): Token {
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!;
      if (STRING_END.has(char) || (char === "\\" && this.#at > start && this.#endsLine())) break;
      if (char === "\0") {
        this.#at++;
        return { kind: "bad", text: "a NUL byte is not allowed in a configuration", raw: "", at };
      }
      this.#at++;
    }
    const raw = this.#text.slice(start, this.#at);
    const text = raw.replaceAll(/[ \t\v\f]/g, "");
    return { kind: /^[0-9]+$/.test(text) ? "number" : "string", text, raw, at };
  }

  /** A string in quotes; it may span lines, and a backslash makes the next character literal. */
  #quoted(at: Position, kind: "quoted" | "include"): Token {
    const start = this.#at;
    this.#at++;
    let text = "";
    let from = this.#at;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) return { kind: "bad", text: "this quoted string has no closing quote", raw: "", at };
      if (char === '"') break;
      if (char === "\0") {
        this.#skipToQuote();
        return { kind: "bad", text: "a NUL byte is not allowed in a configuration", raw: "", at };
      }
      if (char === "\\") {
        text += this.#text.slice(from, this.#at);
        this.#at++;
        from = this.#at;
        const escaped = this.#text[this.#at];
        if (escaped === undefined) continue;
        if (escaped === "\n") this.#newLine();
        else this.#at++;
      } else if (char === "\n") this.#newLine();
      else this.#at++;
    }
    text += this.#text.slice(from, this.#at);
    this.#at++;
    return { kind, text, raw: this.#text.slice(start, this.#at), at };
  }

  #include(at: Position): Token {
    const start = this.#at;
    this.#at++;
    const rest = this.#text.slice(this.#at, this.#at + 2);
    if (rest.startsWith('"')) return this.#quoted(at, "include");
    if (rest === '|"') {
      this.#at++;
      const token = this.#quoted(at, "include");
      return token.kind === "bad" ? token : { ...token, text: `|${token.text}` };
    }
    while (this.#at < this.#text.length && !INCLUDE_END.has(this.#text[this.#at]!)) this.#at++;
    const raw = this.#text.slice(start, this.#at);
    if (raw === "@" || raw === "@|") return { kind: "bad", text: "@ must be followed by a file name or by |command", raw, at };
    return { kind: "include", text: raw.slice(1), raw, at };
  }

  /** True if the backslash here is followed by a blank or the end of the line. */
  #endsLine(): boolean {
    const after = this.#text[this.#at + 1];
    return after === undefined || after === "\n" || after === "\r" || BLANK.test(after);
  }

  #continuation(at: Position): Token {
    this.#skipLine();
    if (this.#at < this.#text.length) this.#newLine();
    return { kind: "end", text: "end of line", raw: "\\", at };
  }

  #skipLine(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== "\n" && this.#text[this.#at] !== "\r") this.#at++;
  }

  #skipToQuote(): void {
    for (; this.#at < this.#text.length;) {
      const char = this.#text[this.#at];
      if (char === "\n") this.#newLine();
      else this.#at++;
      if (char === '"') return;
    }
  }

  /** Steps over CR, LF or CRLF. */
  #newLine(): void {
    this.#at += this.#text[this.#at] === "\r" && this.#text[this.#at + 1] === "\n" ? 2 : 1;
    this.#line++;
    this.#lineStart = this.#at;
  }
}
