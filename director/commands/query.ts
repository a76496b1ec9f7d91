import { readFile } from "node:fs/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { requireAccess } from "./authorize.ts";
import type { Command } from "./command.ts";
import { askText, chooseOne } from "./prompts.ts";
import { runStatement } from "./sqlquery.ts";

/** One query of the QueryFile. */
export interface StoredQuery {
  readonly title: string;
  /** What to ask for %1, %2 ... */
  readonly prompts: readonly string[];
  readonly statements: readonly string[];
}

/** A numbered query of the Director's QueryFile. */
export const query: Command = {
  name: "query",
  help: "Run a query of the query file",
  usage: "[<number>]",
  keywords: [],
  words: true,
  async run(context, args) {
    // The answers become part of the statements, so whoever may answer may ask for anything.
    requireAccess(context.operator, { kind: "sql" });
    const file = context.director.config().director.queryFile;
    const queries = parseQueryFile(await readQueryFile(file));
    if (queries.length === 0) throw new OperatorError("QUERY_FILE_INVALID", `${file} holds no query`);
    const chosen = await chosenQuery(args.words[0], queries, () =>
      chooseOne(context, { title: "Available queries:", prompt: "Choose a query", choices: queries.map((one) => one.title) }),
    );
    const answers: string[] = [];
    for (const prompt of chosen.prompts) answers.push(await askText(context, `${prompt} `));
    const catalog = await context.catalog();
    for (const statement of chosen.statements) await runStatement(context, catalog, fillIn(statement, answers));
  },
};

async function chosenQuery(
  word: string | undefined,
  queries: readonly StoredQuery[],
  choose: () => Promise<number>,
): Promise<StoredQuery> {
  if (word === undefined) return queries[await choose()]!;
  const found = /^\d+$/.test(word) ? queries[Number(word) - 1] : undefined;
  if (found === undefined)
    throw new OperatorError("QUERY_FILE_INVALID", `there is no query ${word}`, { hint: `from 1 to ${queries.length}` });
  return found;
}

async function readQueryFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new OperatorError("QUERY_FILE_INVALID", `the query file ${file} cannot be read`, { cause });
  }
}

/** Queries of a file: `:title`, then `*what to ask for %1`, then statements, each ended by a semicolon. `#` and `!` begin comments. */
export function parseQueryFile(text: string): StoredQuery[] {
  const queries: { title: string; prompts: string[]; sql: string }[] = [];
  for (const line of text.split("\n").map((one) => one.trimEnd())) {
    const current = queries.at(-1);
    if (line.startsWith("#") || line.startsWith("!") || line.trim() === "") continue;
    if (line.startsWith(":")) queries.push({ title: line.slice(1).trim(), prompts: [], sql: "" });
    else if (current === undefined) continue;
    else if (line.startsWith("*") && current.sql === "") current.prompts.push(line.slice(1).trim());
    else current.sql += `${line}\n`;
  }
  return queries.map(({ title, prompts, sql }) => ({ title, prompts, statements: splitStatements(sql) }));
}

function splitStatements(sql: string): string[] {
  const parts = sql.match(/(?:'(?:[^']|'')*'|[^;'])+/g) ?? [];
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => `${part};`);
}

/** Puts the answers in the place of %1 ... %9, single quotes doubled. */
function fillIn(statement: string, answers: readonly string[]): string {
  return statement.replaceAll(/%([1-9])/g, (mark, digit: string) => answers[Number(digit) - 1]?.replaceAll("'", "''") ?? mark);
}
