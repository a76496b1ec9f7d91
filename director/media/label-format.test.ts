import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { checkVolumeName, countersIn, expandLabelFormat, forbidsCreation, isSimpleFormat, simpleName } from "./label-format.ts";

const values: Record<string, string | string[]> = {
  Year: "2026",
  Month: "11",
  Job: "Backup",
  Pool: "File",
  Empty: "",
  Days: ["Mon", "Tue"],
  Counter: "7",
};
const expand = (format: string) => expandLabelFormat(format, (name) => values[name]);

test("a format without special characters gets a number of four digits", () => {
  assert.equal(isSimpleFormat("Vol-"), true);
  assert.equal(simpleName("Vol-", 7), "Vol-0007");
  assert.equal(simpleName("Vol-", 12_345), "Vol-12345");
});

test("a star or nothing forbids new Volumes", () => {
  assert.equal(forbidsCreation("*Vol"), true);
  assert.equal(forbidsCreation(""), true);
  assert.equal(forbidsCreation("Vol"), false);
});

test("variables are expanded with and without braces", () => {
  assert.equal(expand("$Year-${Month}-$Job"), "2026-11-Backup");
  assert.equal(expand("${Days[1]}"), "Tue");
  assert.equal(expand("${Counter+:p/4/0/r}"), "0007");
  assert.deepEqual(countersIn("${Year}-${Counter+}"), ["Counter"]);
});

test("operations change the value", () => {
  assert.equal(expand("${Job:u}${Job:l}"), "BACKUPbackup");
  assert.equal(expand("${Job:o0,4}${Job:o1-2}"), "Backac");
  assert.equal(expand("${Empty:-none}${Nothing:-x}${Job:+y}"), "nonexy");
  assert.equal(expand("${Job:s/ck/CK/}${Year:s/2/x/g}"), "BaCKupx0x6");
  assert.equal(expand("${Job:y/a-c/A-C/}"), "BACkup");
  assert.equal(expand("${Job:#}"), "6");
});

test("a wrong format is refused with the reason", () => {
  for (const format of ["$Nope", "${Job", "$", "${Job:q}", "a b", "${Job}/${Year}"])
    assert.throws(() => expand(format), OperatorError, format);
  assert.throws(() => checkVolumeName("x".repeat(128)), /cannot name a Volume/);
});

test("any text either names a Volume or is refused, never anything else", () => {
  const piece = fc.constantFrom(
    "$",
    "{",
    "}",
    ":",
    "Job",
    "Year",
    "+",
    "[1]",
    "\\",
    "s/a/b/g",
    "s/(/x/",
    "s/a/$9/",
    "y/a-z/b/",
    "p/9/x/l",
    "-",
    "o1,2",
    "V",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        assert.match(expand(pieces.join("")), /^[A-Za-z0-9:._-]+$/);
      } catch (error) {
        assert.ok(error instanceof OperatorError, String(error));
      }
    }),
  );
});
