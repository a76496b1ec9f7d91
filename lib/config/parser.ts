import { configLimits } from "./limits.ts";
import type { Token } from "./lexer.ts";
import type { Position } from "./position.ts";
import type { ProblemList } from "./problem.ts";

/**
 * One directive as written: `name = words` or `name { statements }` or both (`Addresses = { ... }`). `words` runs to the end of
 * the line, a semicolon or the closing brace; the parser of the directive's type decides what they mean.
 */
export interface Statement {
  readonly name: string;
  readonly at: Position;
  readonly hasEquals: boolean;
  readonly words: readonly Token[];
  readonly block: readonly Statement[] | undefined;
  /** Where the value begins, or where it should have. */
  readonly valueAt: Position;
}

/** One resource as written. */
export interface Block {
  readonly type: string;
  readonly at: Position;
  readonly statements: readonly Statement[];
}

/** Tokens to resource blocks. After a mistake it goes on with the next line, so that one run finds them all. */
export function parseBlocks(tokens: readonly Token[], problems: ProblemList): readonly Block[] {
  return new Parser(tokens, problems).blocks();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #problems: ProblemList;
  #next = 0;

  constructor(tokens: readonly Token[], problems: ProblemList) {
    this.#tokens = tokens;
    this.#problems = problems;
  }

  blocks(): readonly Block[] {
    const blocks: Block[] = [];
    for (;;) {
      this.#skipEnds();
      const token = this.#take();
      if (token === undefined) return blocks;
      if (token.kind !== "identifier") {
        this.#mistake(
          token,
          `expected the name of a resource, found ${shown(token)}`,
          token.kind === "}" ? "one closing brace too many" : undefined,
        );
        this.#recover(0);
        continue;
      }
      this.#skipEnds();
      if (this.#peek()?.kind !== "{") {
        this.#mistake(this.#peek() ?? token, `expected "{" after the resource name ${token.raw}, found ${shown(this.#peek())}`);
        this.#recover(0);
        continue;
      }
      this.#take();
      blocks.push({ type: token.text, at: token.at, statements: this.#statements(token, 1) });
    }
  }

  /** Statements up to the closing brace, which is taken. */
  #statements(opener: Token, depth: number): readonly Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      this.#skipEnds();
      const token = this.#take();
      if (token === undefined) {
        this.#mistake(opener, `"{" of ${opener.raw} is never closed`);
        return statements;
      }
      if (token.kind === "}") return statements;
      if (token.kind !== "identifier" && !(token.kind === "string" && this.#isOpener(this.#peek()))) {
        this.#mistake(token, `expected the name of a directive, found ${shown(token)}`);
        if (token.kind === "{") this.#skipBlock(1);
        else this.#recover(depth);
        continue;
      }
      const statement = this.#statement(token, depth);
      if (statement !== undefined) statements.push(statement);
    }
  }

  #statement(name: Token, depth: number): Statement | undefined {
    const after = this.#peek();
    this.#skipEnds();
    const hasEquals = this.#peek()?.kind === "=";
    if (hasEquals) {
      this.#take();
      this.#skipLineEnds();
    } else if (this.#peek()?.kind !== "{") {
      this.#mistake(after ?? name, `expected "=" after ${name.raw}, found ${shown(after)}`);
      if (after?.kind !== "end") this.#recover(depth);
      return undefined;
    }
    const valueAt = (this.#peek() ?? name).at;
    const words = this.#words();
    let block: readonly Statement[] | undefined;
    const opener = this.#peek();
    if (opener?.kind === "{") {
      this.#take();
      if (depth >= configLimits.blockDepthMax) {
        this.#mistake(opener, `blocks are nested deeper than ${configLimits.blockDepthMax}`);
        this.#skipBlock(1);
        return undefined;
      }
      block = this.#statements(name, depth + 1);
    }
    return { name: name.raw, at: name.at, hasEquals, words, block, valueAt };
  }

  /**
   * The words of a value. It goes on in the next line after a comma, and (Bareos) where quoted string follows quoted string, which
   * are one string then.
   */
  #words(): readonly Token[] {
    const words: Token[] = [];
    for (;;) {
      const token = this.#peek();
      if (token === undefined || token.kind === "{" || token.kind === "}") return words;
      this.#next++;
      if (token.kind === "end") {
        if (token.raw === ";" || !this.#goesOn(words.at(-1))) return words;
        this.#skipEnds();
      } else this.#addWord(words, token);
    }
  }

  #goesOn(last: Token | undefined): boolean {
    if (last?.kind === ",") return true;
    if (last?.kind !== "quoted") return false;
    let next = this.#next;
    while (this.#tokens[next]?.kind === "end" && this.#tokens[next]?.raw !== ";") next++;
    return this.#tokens[next]?.kind === "quoted";
  }

  #addWord(words: Token[], token: Token): void {
    const last = words.at(-1);
    const isNextLine = this.#tokens[this.#next - 2]?.kind === "end";
    if (last?.kind !== "quoted" || token.kind !== "quoted" || !isNextLine) words.push(token);
    else words[words.length - 1] = { ...last, text: last.text + token.text };
  }

  /** To the end of the line, over blocks that open in it; a closing brace is left for the block that it ends. */
  #recover(depth: number): void {
    for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
      if (token.kind === "}" && depth > 0) return;
      this.#next++;
      if (token.kind === "end") return;
      if (token.kind === "{") return this.#skipBlock(1);
    }
  }

  #skipBlock(depth: number): void {
    for (let token = this.#take(); token !== undefined && depth > 0; token = depth > 0 ? this.#take() : undefined) {
      if (token.kind === "{") depth++;
      else if (token.kind === "}") depth--;
    }
  }

  #skipEnds(): void {
    while (this.#peek()?.kind === "end") this.#next++;
  }

  /** Newlines after an equals sign do not end the statement; a semicolon does. */
  #skipLineEnds(): void {
    while (this.#peek()?.kind === "end" && this.#peek()?.raw !== ";") this.#next++;
  }

  /** Keywords such as ipv4 are no identifiers for the lexer, but names if this follows. */
  #isOpener(token: Token | undefined): boolean {
    return token?.kind === "=" || token?.kind === "{";
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #take(): Token | undefined {
    return this.#tokens[this.#next++];
  }

  #mistake(token: Token, message: string, hint?: string): void {
    this.#problems.add({ severity: "error", message, at: token.at, hint });
  }
}

/** A token as an error message shows it. */
export function shown(token: Token | undefined): string {
  if (token === undefined) return "the end of the file";
  if (token.kind === "end") return token.raw === ";" ? '";"' : token.text;
  const text = token.raw.length > 60 ? `${token.raw.slice(0, 60)}...` : token.raw;
  return JSON.stringify(text.replace(/^"|"$/g, ""));
}
