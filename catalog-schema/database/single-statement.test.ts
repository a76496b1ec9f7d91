import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { singleStatement } from "./single-statement.ts";

test("one statement is taken, with or without its semicolon", () => {
  assert.equal(singleStatement(" SELECT 1 ; "), "SELECT 1");
  assert.equal(singleStatement("SELECT 1;;; -- end"), "SELECT 1");
  assert.equal(singleStatement("-- first\n/* second; */ select ';'"), "-- first\n/* second; */ select ';'");
  assert.equal(singleStatement("SELECT \"a;b\", `c;d`, 'e'';f'"), "SELECT \"a;b\", `c;d`, 'e'';f'");
});

test("a second statement is refused, however it is hidden", () => {
  for (const text of [
    "SELECT 1; SELECT 2",
    "SELECT ''; DROP TABLE Job",
    "SELECT 1 /* ; */; DELETE FROM Job",
    "SELECT 'it''s'; x",
    "SELECT 1 -- ;\n; y",
  ]) {
    assert.throws(() => singleStatement(text), { code: "CATALOG_STATEMENT" }, text);
  }
});

test("what is no query or change of rows and tables is refused", () => {
  for (const text of [
    "PRAGMA x",
    "ATTACH 'f' AS a",
    "VACUUM INTO 'f'",
    "BEGIN",
    "GRANT ALL ON x",
    "LOAD DATA INFILE 'x'",
    "CALL p()",
    "1",
    "'SELECT'",
  ]) {
    assert.throws(() => singleStatement(text), { code: "CATALOG_STATEMENT" }, text);
  }
});

test("any text ends in a statement or an error for the operator", () => {
  const piece = fc.constantFrom("SELECT", "'", '"', "`", ";", "--", "/*", "*/", "\n", "x", " ");
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      try {
        singleStatement(pieces.join(""));
      } catch (error) {
        assert.ok(error instanceof OperatorError);
      }
    }),
  );
});
