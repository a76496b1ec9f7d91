import assert from "node:assert/strict";
import { test } from "node:test";
import { heardName, heardText } from "./message.ts";

test("what another daemon says cannot steer a terminal, forge a message of ours or fill a log", () => {
  assert.equal(heardText("a\u001b[2J\u0000\u009b\u202e\tb\nc"), "a\\x1b[2J\\x00\\x9b\\u202e\tb\nc");
  assert.equal(
    heardText("done\n21-Nov 08:48 main-dir JobId 1: all is well"),
    "done\n    21-Nov 08:48 main-dir JobId 1: all is well",
  );
  assert.ok(heardText("x".repeat(1_000_000)).length < 40_000);
});

test("another daemon does not speak in our name", () => {
  assert.equal(heardName("web1-fd", "main-dir"), "web1-fd");
  assert.equal(heardName("main-dir", "main-dir"), "(main-dir)");
  assert.equal(heardName("main-dir\u200b JobId 1: x\ny", "main-dir"), "main-dir__JobId_1:_x_y");
  assert.equal(heardName("", "main-dir"), "()");
});
