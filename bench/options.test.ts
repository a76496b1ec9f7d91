import assert from "node:assert/strict";
import test from "node:test";
import { parseOptions } from "./options.ts";

const ROWS = ["usr", "catalog"];

test("without options every row runs, with its own number of rounds", () => {
  const options = parseOptions([], ROWS);
  assert.deepEqual(options.rows, ROWS);
  assert.equal(options.rounds, undefined);
});

test("rounds are given for all rows, for some, or both", () => {
  const options = parseOptions(["--rounds=2,usr:5"], ROWS);
  assert.equal(options.rounds, 2);
  assert.deepEqual([...options.roundsOf], [["usr", 5]]);
});

test("a row, a subject or a number that there is not is refused by name", () => {
  assert.throws(() => parseOptions(["--rows=usr,nothing"], ROWS), /"nothing" is none of usr, catalog/);
  assert.throws(() => parseOptions(["--subjects=tar"], ROWS), /"tar" is none of/);
  assert.throws(() => parseOptions(["--rounds=0"], ROWS), /"0" is no number of rounds/);
  assert.throws(() => parseOptions(["--rounds=cat:1"], ROWS), /"cat" is none of/);
});
