import assert from "node:assert/strict";
import { appendFileSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { rotateIfFull } from "./rotate-file.ts";

test("a log never takes up more than five times its limit, and the newest lines stay", async () => {
  await using dir = await TempDir.make();
  const log = dir.file("a.log");
  for (let line = 0; line < 1000; line += 1) {
    rotateIfFull(log, 1000);
    appendFileSync(log, `line ${String(line).padStart(4, "0")}\n`);
  }
  const names = readdirSync(dir.path).toSorted();
  assert.deepEqual(names, ["a.log", "a.log.old-1", "a.log.old-2", "a.log.old-3", "a.log.old-4"]);
  const text = ["a.log.old-4", "a.log.old-3", "a.log.old-2", "a.log.old-1", "a.log"]
    .map((name) => readFileSync(dir.file(name), "utf8"))
    .join("");
  assert.ok(text.length <= 5 * 1010, String(text.length));
  const lines = text.trimEnd().split("\n");
  assert.equal(lines.at(-1), "line 0999");
  assert.equal(lines.length, 1000 - Number(lines[0]!.slice(5)), "no line between is lost");
});

test("what is not full, not there or no file is left alone; a link stays a link", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("real.log"), "x".repeat(100));
  symlinkSync(dir.file("real.log"), dir.file("link.log"));
  assert.equal(rotateIfFull(dir.file("real.log"), 101), false);
  assert.equal(rotateIfFull(dir.file("none.log"), 1), false);
  assert.equal(rotateIfFull("/dev/null", 0), false);
  assert.equal(rotateIfFull(dir.file("link.log"), 100), true);
  assert.deepEqual(readdirSync(dir.path).toSorted(), ["link.log", "real.log.old-1"]);
  assert.ok(!existsSync(dir.file("real.log")));
});
