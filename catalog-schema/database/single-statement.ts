import { OperatorError } from "#lib/errors/operator-error.ts";

/** First words of what an operator may run. Transactions, attached files and settings are the catalog's own business. */
const allowed: ReadonlySet<string> = new Set([
  "select",
  "with",
  "values",
  "explain",
  "show",
  "describe",
  "desc",
  "insert",
  "replace",
  "update",
  "delete",
  "create",
  "drop",
  "alter",
  "analyze",
  "truncate",
]);

/** The one statement in `text`, without what follows its semicolon. Throws CATALOG_STATEMENT if there is none, or more, or another kind. */
export function singleStatement(text: string): string {
  const end = statementEnd(text);
  const statement = text.slice(0, end).trim();
  const rest = text.slice(end + 1);
  if (statement === "") throw new OperatorError("CATALOG_STATEMENT", "there is no SQL statement");
  if (withoutComments(rest).replaceAll(";", "").trim() !== "")
    throw new OperatorError("CATALOG_STATEMENT", "there is more than one SQL statement");
  const first =
    /^[a-z]+/i
      .exec(
        withoutComments(statement)
          .trim()
          .replace(/^\(+\s*/, ""),
      )?.[0]
      ?.toLowerCase() ?? "";
  if (!allowed.has(first))
    throw new OperatorError(
      "CATALOG_STATEMENT",
      `"${statement.slice(0, 40)}" does not begin with SELECT, INSERT, UPDATE, DELETE or the like`,
    );
  return statement;
}

/** Offset of the semicolon that ends the first statement; the length when there is none. */
function statementEnd(text: string): number {
  for (let at = 0; at < text.length;) {
    const next = skip(text, at);
    if (next === at && text[at] === ";") return at;
    at = next === at ? at + 1 : next;
  }
  return text.length;
}

/** Offset after the quoted text or comment that begins at `at`; `at` itself if none does. */
function skip(text: string, at: number): number {
  const char = text[at]!;
  if (char === "'" || char === '"' || char === "`") return endOfQuote(text, at, char);
  if (text.startsWith("--", at)) return orEnd(text, text.indexOf("\n", at), 1);
  if (text.startsWith("/*", at)) return orEnd(text, text.indexOf("*/", at + 2), 2);
  return at;
}

function endOfQuote(text: string, at: number, quote: string): number {
  for (let end = text.indexOf(quote, at + 1); end >= 0; end = text.indexOf(quote, end + 2)) {
    if (text[end + 1] !== quote) return end + 1;
  }
  return text.length;
}

function orEnd(text: string, found: number, length: number): number {
  return found < 0 ? text.length : found + length;
}

function withoutComments(text: string): string {
  let plain = "";
  for (let at = 0; at < text.length;) {
    const isComment = text.startsWith("--", at) || text.startsWith("/*", at);
    const next = skip(text, at);
    if (!isComment) plain += text.slice(at, Math.max(next, at + 1));
    at = Math.max(next, at + 1);
  }
  return plain;
}
