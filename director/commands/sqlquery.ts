import type { Catalog } from "#catalog/catalog.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { requireAccess } from "./authorize.ts";
import { showRows } from "./catalog-table.ts";
import { LeavePrompt, type Command, type CommandContext } from "./command.ts";

/** Longest statement, in characters. */
const STATEMENT_CHARS_MAX = 1024 * 1024;

/** Statements of SQL, each ended by a semicolon, until an empty line. */
export const sqlquery: Command = {
  name: "sqlquery",
  help: "Give SQL statements to the catalog",
  usage: "",
  keywords: [],
  async run(context) {
    requireAccess(context.operator, { kind: "sql" });
    const catalog = await context.catalog();
    await context.say(
      "Entering SQL query mode.\nTerminate each query with a semicolon.\nTerminate query mode with a blank line.\n",
    );
    let statement = "";
    for (;;) {
      const line = await askLine(context, statement === "" ? "Enter SQL query: " : "Add to SQL query: ");
      if (line === null || line === "") break;
      statement = `${statement}${statement === "" ? "" : " "}${line}`;
      if (statement.length > STATEMENT_CHARS_MAX)
        throw new OperatorError("LINE_INVALID", `the statement is longer than ${STATEMENT_CHARS_MAX} characters`);
      if (!statement.endsWith(";")) continue;
      await runStatement(context, catalog, statement);
      statement = "";
    }
    await context.say("End query mode.\n");
  },
};

async function askLine(context: CommandContext, prompt: string): Promise<string | null> {
  try {
    return await context.ask({ prompt });
  } catch (error) {
    if (error instanceof LeavePrompt) return null;
    throw error;
  }
}

/** Runs one statement and shows its rows. A statement that the database refuses is told, not thrown. Answers whether it ran. */
export async function runStatement(context: CommandContext, catalog: Catalog, statement: string): Promise<boolean> {
  try {
    const result = await catalog.sqlQuery(statement, context.signal);
    if (result.kind === "rows") await showRows(context, result, { name: "query", vertical: false });
    else await context.say(`${result.rows} rows changed.\n`);
    return true;
  } catch (error) {
    if (!(error instanceof OperatorError) || context.signal.aborted) throw error;
    context.fail(1);
    await context.say(`Query failed: ${describeError(error)}\n`);
    return false;
  }
}
