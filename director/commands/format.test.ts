import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeName } from "#lib/base/byte-name.ts";
import { parseQueryFile } from "./query.ts";
import { commas, counted, displayName, shortSize } from "./format.ts";
import { longLine } from "../restore/long-line.ts";
import { relocationRules } from "../restore/relocation.ts";
import { relocation } from "#lib/files/relocate.ts";
import { volumeNameFault } from "./write-label.ts";

test("sizes and counts read as Bacula writes them", () => {
  assert.deepEqual([0, 999, 1000, 300_016, 1_234_567_890].map(shortSize), ["0 ", "999 ", "1.0 K", "300.0 K", "1.2 G"]);
  assert.equal(commas(1_234_567), "1,234,567");
  assert.deepEqual([counted(1, "file"), counted(1000, "file")], ["1 file", "1,000 files"]);
});

test("bytes of a name that are no text are shown as escapes", () => {
  assert.equal(displayName(decodeName(Buffer.from([0x61, 0xe9, 0x62]))), "a\\xe9b");
});

test("a saved entry is shown like ls -l, a directory that was not saved with zeros", () => {
  assert.match(
    longLine("A B IHt C A A A E BAA I BqF BqF BqF A A C", "/a/f", "*"),
    /^-rwxr-xr-x +2 0 +0 +4 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \*\/a\/f\n$/,
  );
  assert.match(longLine(undefined, "/a/", ""), /^---------- +0 0 +0 +0 {2}1970-01-01 00:00:00 {2}\/a\/\n$/);
});

test("strip, add and suffix move names as they say, whatever characters they hold", () => {
  const { place } = relocation("", relocationRules({ stripPrefix: "/home/a.b", addPrefix: "/new!$1", addSuffix: ".old" }));
  assert.equal(place("/home/a.b/file"), "/new!$1/file.old");
  assert.equal(place("/home/aXb/file"), "/new!$1/home/aXb/file.old", "the dot is a dot");
  assert.equal(relocationRules({}), "");
});

test("names of Volumes hold letters, digits and : . - _ only", () => {
  assert.equal(volumeNameFault("Vol-0001.a:b_c"), undefined);
  for (const name of ["", "a b", "a/b", "ü", "x".repeat(128)]) assert.notEqual(volumeNameFault(name), undefined, name);
});

test("a query file is titles, prompts and statements", () => {
  const text = "# comment\n:First\n*Name\n*Limit\nSELECT '%1;' FROM a\nLIMIT %2;\nSELECT 2;\n:Second\n! comment\nSELECT 3;\n";
  assert.deepEqual(parseQueryFile(text), [
    { title: "First", prompts: ["Name", "Limit"], statements: ["SELECT '%1;' FROM a\nLIMIT %2;", "SELECT 2;"] },
    { title: "Second", prompts: [], statements: ["SELECT 3;"] },
  ]);
});
