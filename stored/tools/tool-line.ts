/** What a tool's command line may hold. */
export interface ToolSpec {
  /** Name of the tool, as messages show it. */
  readonly program: string;
  /** Letters of its flags as getopt(3) has them: a colon behind those that take a value. `d` and `?` are understood by all tools. */
  readonly letters: string;
  /** Least and most arguments behind the flags. */
  readonly operands: readonly [least: number, most: number];
  /** What is said when there are too few or too many. */
  readonly operandsWrong: string;
  /** The text of `-?`, of the options that are its own. */
  readonly usage: string;
}

/** A command line that was understood. */
export class ToolLine {
  readonly operands: readonly string[];
  readonly #flags: ReadonlyMap<string, readonly string[]>;

  constructor(flags: ReadonlyMap<string, readonly string[]>, operands: readonly string[]) {
    this.#flags = flags;
    this.operands = operands;
  }

  /** Whether a flag was given. */
  has(letter: string): boolean {
    return this.#flags.has(letter);
  }

  /** How often it was given: `-v -v` and `-vv` are 2. */
  count(letter: string): number {
    return this.#flags.get(letter)?.length ?? 0;
  }

  /** The value of a flag; the last one counts. */
  value(letter: string): string | undefined {
    return this.#flags.get(letter)?.at(-1);
  }

  /** All values of a flag that may come several times. */
  values(letter: string): readonly string[] {
    return this.#flags.get(letter) ?? [];
  }

  /** A whole number; undefined if the flag was not given. */
  number(letter: string): number | undefined {
    const value = this.value(letter);
    return value === undefined ? undefined : Number(value);
  }

  /** Level of `-d`; 0: none. */
  get debugLevel(): number {
    return Number(/^\d+/.exec(this.#flags.get("d")?.findLast((value) => value !== "t") ?? "")?.[0] ?? 0);
  }
}

/** What to do: run, or say something and end. */
export type ToolCommand =
  | { readonly kind: "run"; readonly line: ToolLine }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "wrong"; readonly message: string };

/** Reads a tool's arguments the way getopt(3) does: letters may be joined, a value may follow its letter at once, `--` ends flags. */
export function readToolLine(spec: ToolSpec, args: readonly string[]): ToolCommand {
  const flags = new Map<string, string[]>();
  const operands: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at]!;
    if (word === "--") {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (word === "--version") return { kind: "version" };
    if (word === "--help") return { kind: "help" };
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    for (let char = 1; char < word.length; char += 1) {
      const letter = word[char]!;
      if (letter === "?") return { kind: "help" };
      const kind = kindOf(spec, letter);
      if (kind === undefined) return { kind: "wrong", message: `invalid option -- '${letter}'` };
      const values = flags.get(letter) ?? [];
      flags.set(letter, values);
      if (kind === "flag") {
        values.push("");
        continue;
      }
      const rest = word.slice(char + 1);
      const value = rest === "" ? args[(at += 1)] : rest;
      if (value === undefined) return { kind: "wrong", message: `option requires an argument -- '${letter}'` };
      values.push(value);
      break;
    }
  }
  const [least, most] = spec.operands;
  if (operands.length < least || operands.length > most) return { kind: "wrong", message: spec.operandsWrong };
  const debug = flags.get("d")?.find((value) => value !== "t" && !/^\d{1,4}(,.*)?$/.test(value));
  if (debug !== undefined) return { kind: "wrong", message: `-d wants a number, not "${debug}"` };
  return { kind: "run", line: new ToolLine(flags, operands) };
}

function kindOf({ letters }: ToolSpec, letter: string): "flag" | "value" | undefined {
  if (letter === "d") return "value";
  if (letter === ":") return undefined;
  const at = letters.indexOf(letter);
  if (at < 0) return undefined;
  return letters[at + 1] === ":" ? "value" : "flag";
}
