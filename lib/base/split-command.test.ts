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
  assert.deepEqual(splitCommand('a"b c"d ""'), ["ab cd", ""]);
});

test("a backslash takes the meaning of a quote, a blank or a backslash, and is itself elsewhere", () => {
  assert.deepEqual(splitCommand(String.raw`a\ b \"c\" \\ \n`), ["a b", '"c"', "\\", "\\n"]);
});

test("a quote that is not closed ends at the end, and nothing gives nothing", () => {
  assert.deepEqual(splitCommand('a "b c'), ["a", "b c"]);
  assert.deepEqual(splitCommand("  "), []);
});
