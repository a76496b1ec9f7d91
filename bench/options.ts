import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface BenchOptions {
  /** Names of rows; empty: all. */
  readonly rows: readonly string[];
  /** Rounds of every row; undefined: what each row says. */
  readonly rounds: number | undefined;
  /** Rounds by row, which win over `rounds`. */
  readonly roundsOf: ReadonlyMap<string, number>;
  readonly subjects: readonly string[];
  /** Directory of data and scratch, on the disk that is to be measured. */
  readonly dir: string;
  readonly isQuick: boolean;
}

/** How to call it. */
export const USAGE = `npm run bench -- [--rows=usr,catalog] [--rounds=3 | --rounds=usr:3,big-file:2] [--subjects=nocturne,bacula] [--data=DIR] [--quick]`;

const SUBJECTS = "nocturne,nocturne-file,bacula,restic,borg";

/** Reads the command line. Throws TypeError for what it does not know. */
export function parseOptions(argv: readonly string[], rowNames: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rows: { type: "string", default: rowNames.join(",") },
      rounds: { type: "string", default: "" },
      subjects: { type: "string", default: SUBJECTS },
      data: { type: "string", default: join(tmpdir(), "nocturne-bench-data") },
      quick: { type: "boolean", default: false },
    },
  });
  const rows = known(values.rows, rowNames);
  const [all, byRow] = parseRounds(values.rounds, rowNames);
  const subjects = known(values.subjects, SUBJECTS.split(","));
  return { rows, rounds: values.quick ? 1 : all, roundsOf: byRow, subjects, dir: values.data, isQuick: values.quick };
}

function known(list: string, names: readonly string[]): string[] {
  const wanted = list.split(",").filter((name) => name !== "");
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`"${unknown}" is none of ${names.join(", ")}\n${USAGE}`);
  return wanted;
}

function parseRounds(text: string, rowNames: readonly string[]): [all: number | undefined, byRow: Map<string, number>] {
  let all: number | undefined;
  const byRow = new Map<string, number>();
  for (const part of text.split(",").filter((one) => one !== "")) {
    const [name, count] = part.includes(":") ? part.split(":") : [undefined, part];
    const rounds = Number(count);
    if (!Number.isInteger(rounds) || rounds < 1) throw new TypeError(`"${part}" is no number of rounds\n${USAGE}`);
    if (name === undefined) all = rounds;
    else if (rowNames.includes(name)) byRow.set(name, rounds);
    else throw new TypeError(`"${name}" is none of ${rowNames.join(", ")}\n${USAGE}`);
  }
  return [all, byRow];
}
