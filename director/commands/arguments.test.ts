import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { parseArguments, parseJobIds, splitLine } from "./arguments.ts";

const rules = { keywords: ["job=", "jobs", "client|fd=", "storage=", "strip_prefix=", "yes", "pool=?"] };

function parse(line: string): ReturnType<typeof parseArguments> {
  return parseArguments("run", splitLine(line), rules);
}

test("keywords come in any order and any case, values with blanks in quotes", () => {
  const args = parse('YES Client="big one" job=a');
  assert.deepEqual([args.value("client"), args.value("job"), args.has("yes"), args.has("pool")], ["big one", "a", true, false]);
  assert.equal(parse("fd=x").value("client"), "x");
  assert.equal(parse('"job=two words"').value("job"), "two words");
  assert.equal(parse("job=back\\ slash").value("job"), "back slash");
});

test("an abbreviation that fits one keyword is taken, one that fits two is refused", () => {
  assert.equal(parse("cl=x").value("client"), "x");
  assert.throws(() => parse("st=x"), /keyword st may mean storage, strip_prefix/);
  assert.equal(parse("job=x").value("job"), "x", "the whole word wins over a longer one");
});

test("an unknown keyword is named, with the nearest one", () => {
  assert.throws(
    () => parse("jbo=x"),
    (error) =>
      error instanceof OperatorError &&
      error.code === "KEYWORD_UNKNOWN" &&
      error.message === "run: unknown keyword jbo" &&
      error.hint === "type: help run",
  );
  assert.throws(
    () => parse("clinet=x"),
    (error) => error instanceof OperatorError && error.hint === 'did you mean "client"?',
  );
});

test("a keyword without its value, or with one it cannot have, is refused", () => {
  assert.throws(() => parse("job"), /keyword job needs a value/);
  assert.throws(() => parse("yes=1"), /keyword yes takes no value/);
  assert.equal(parse("pool").has("pool"), true);
  assert.equal(parse("pool=x").value("pool"), "x");
});

test("words that are no keywords are kept where the command takes them", () => {
  const args = parseArguments("help", ["list", "all"], { keywords: ["all"], words: true });
  assert.deepEqual([args.words, args.has("all")], [["list"], true]);
});

test("an open quote is an error", () => {
  assert.throws(() => splitLine('run job="x'), /double quote is open/);
});

test("whatever is quoted comes back as one word", () => {
  const word = fc.string({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      const line = words.map((one) => `"${one.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join("  ");
      assert.deepEqual(splitLine(line), words);
    }),
  );
});

test("any line gives arguments or an OperatorError", () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom("job=", "client=x", "yes", '"', "\\", "=", " ", "st"));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      try {
        parse(pieces.join(""));
      } catch (error) {
        assert.ok(error instanceof OperatorError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("lists of JobIds know ranges, and refuse what would fill memory", () => {
  assert.deepEqual(parseJobIds("1,3-5, 4"), [1, 3, 4, 5]);
  for (const text of ["", "0", "x", "5-3", "1-99999999", "1,,2", "-1"])
    assert.throws(() => parseJobIds(text), OperatorError, text);
});
