import assert from "node:assert/strict";
import { test } from "node:test";
import { splitCommand } from "./split-command.ts";

test("blanks separate, and quotes of either kind keep blanks", () => {
  assert.deepEqual(splitCommand(`  sh -c 'for f in /a; do echo "@$f"; done' x`), [
    "sh",
    "-c",
    'for f in /a; do echo "@$f"; done',
    "x",
  ]);
});

test("a quote within a word and a backslash mean nothing, and a word ends with its quote, as with Bacula", () => {
  // Each seen of Bacula 9.6.7, which ran a program that tells its arguments.
  const cases: [string, string[]][] = [
    [String.raw`a\ b \"c d\" x`, ["a\\", "b", '\\"c', 'd\\"', "x"]],
    ["'c d' e'f g' h", ["c d", "e'f", "g'", "h"]],
    [String.raw`a\b "x\"y z" w`, ["a\\b", "x\\", "y", 'z"', "w"]],
    ["'it''s' '' e", ["it", "s", "", "e"]],
    ["a\tb", ["a\tb"]],
    ['"x"y', ["x", "y"]],
  ];
  for (const [line, words] of cases) assert.deepEqual(splitCommand(line), words, line);
});

test("a quote that is not closed ends at the end, and nothing gives nothing", () => {
  assert.deepEqual(splitCommand('a "b c'), ["a", "b c"]);
  assert.deepEqual(splitCommand("  "), []);
  assert.deepEqual(splitCommand("a \t "), ["a"]);
});
