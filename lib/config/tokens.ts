import { dirname, isAbsolute, join } from "node:path";
import { decodeName } from "../base/byte-name.ts";
import type { ConfigHost } from "./host.ts";
import { Lexer, type Token } from "./lexer.ts";
import { configLimits } from "./limits.ts";
import type { Position } from "./position.ts";
import type { ProblemList } from "./problem.ts";

/** All tokens of a configuration, included files in place, and the files that were read, in order. */
export interface TokenRun {
  readonly tokens: readonly Token[];
  readonly files: readonly string[];
}

/** Reads a configuration file and everything it includes. What cannot be read or is refused becomes a problem, not an exception. */
export async function readTokens(path: string, host: ConfigHost, problems: ProblemList): Promise<TokenRun> {
  const reader = new TokenReader(host, problems);
  await reader.file(path, undefined);
  return { tokens: reader.tokens, files: reader.files };
}

/** The same for a text that is in memory already; `file` is the name that positions show. */
export async function tokensOfText(text: string, file: string, host: ConfigHost, problems: ProblemList): Promise<TokenRun> {
  const reader = new TokenReader(host, problems);
  await reader.text(text, file);
  return { tokens: reader.tokens, files: reader.files };
}

class TokenReader {
  readonly tokens: Token[] = [];
  readonly files: string[] = [];
  readonly #host: ConfigHost;
  readonly #problems: ProblemList;
  /** Real paths of the files being read now, outermost first. */
  readonly #open: string[] = [];
  #bytes = 0;
  #includes = 0;
  #full = false;

  constructor(host: ConfigHost, problems: ProblemList) {
    this.#host = host;
    this.#problems = problems;
  }

  async file(path: string, at: Position | undefined): Promise<void> {
    let real: string;
    let bytes: Buffer;
    try {
      real = await this.#host.realPath(path);
      if (this.#open.includes(real)) return this.#refuse(at, `"${path}" includes itself`);
      bytes = await this.#host.readFile(path, configLimits.fileBytesMax);
    } catch (error) {
      return this.#refuse(at, `cannot read "${path}": ${messageOf(error)}`);
    }
    const text = this.#decode(bytes, path, at);
    if (text === undefined) return;
    this.files.push(path);
    this.#open.push(real);
    await this.text(text, path);
    this.#open.pop();
  }

  async text(text: string, file: string): Promise<void> {
    const lexer = new Lexer(text, file);
    for (let token = lexer.next(); token !== undefined && !this.#full; token = lexer.next()) {
      if (token.kind === "include") await this.#include(token, file);
      else if (token.kind === "bad") this.#refuse(token.at, token.text);
      else this.#push(token);
    }
    this.#push({ kind: "end", text: "end of file", raw: "", at: lexer.position() });
  }

  #push(token: Token): void {
    // Empty lines and comments say nothing that the end of the line before them has not said.
    if (token.kind === "end" && token.raw === "" && this.tokens.at(-1)?.kind === "end" && this.tokens.at(-1)?.raw === "")
      return;
    if (this.tokens.length < configLimits.tokensMax) this.tokens.push(token);
    else if (!this.#full) {
      this.#full = true;
      this.#refuse(token.at, `the configuration has more than ${configLimits.tokensMax} words`);
    }
  }

  async #include(token: Token, from: string): Promise<void> {
    const { at, text } = token;
    if (++this.#includes > configLimits.includesMax)
      return this.#refuse(at, `more than ${configLimits.includesMax} included files`);
    if (this.#open.length >= configLimits.includeDepthMax)
      return this.#refuse(at, `included files are nested deeper than ${configLimits.includeDepthMax}`);
    if (text.startsWith("|")) return this.#command(text.slice(1), at);
    for (const path of await this.#paths(text, from, at)) await this.file(path, at);
  }

  async #command(command: string, at: Position): Promise<void> {
    let output: Buffer;
    try {
      output = await this.#host.runCommand(command, { bytesMax: configLimits.fileBytesMax, timeoutMs: configLimits.commandMs });
    } catch (error) {
      return this.#refuse(at, `command "${command}" ${messageOf(error)}`);
    }
    const file = `|${command}`;
    const text = this.#decode(output, file, at);
    if (text === undefined) return;
    this.#open.push(file);
    await this.text(text, file);
    this.#open.pop();
  }

  /**
   * Files that `@text` means. A relative path is looked for beside the including file, then in the working directory of the
   * daemon (which is where Bacula looks). Wildcards, an addition, give the files in the order of their names, and may match none.
   */
  async #paths(text: string, from: string, at: Position): Promise<string[]> {
    const beside = isAbsolute(text) || from.startsWith("|") ? text : join(dirname(from), text);
    if (!/[*?[]/.test(text)) return [await this.#existing(beside, text)];
    try {
      const found = await this.#host.matchFiles(beside, configLimits.includesMax);
      return found.toSorted();
    } catch (error) {
      this.#refuse(at, `cannot list "${beside}": ${messageOf(error)}`);
      return [];
    }
  }

  async #existing(first: string, second: string): Promise<string> {
    if (first === second) return first;
    try {
      await this.#host.realPath(first);
      return first;
    } catch {
      return second;
    }
  }

  #decode(bytes: Buffer, path: string, at: Position | undefined): string | undefined {
    const start = at ?? { file: path, line: 1, column: 1 };
    this.#bytes += bytes.length;
    if (this.#bytes > configLimits.totalBytesMax) {
      this.#refuse(start, `the configuration is larger than ${configLimits.totalBytesMax} bytes in all`);
    } else if (bytes.length >= 2 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))) {
      this.#refuse(start, `"${path}" is UTF-16`, "convert it to UTF-8");
    } else return decodeName(bytes);
    return undefined;
  }

  #refuse(at: Position | undefined, message: string, hint?: string): void {
    this.#problems.add({ severity: "error", message, at, hint });
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "no such file";
  return code === "EACCES" ? "permission denied" : error.message;
}
