import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { LOG_BYTES_MAX } from "#lib/messages/rotate-file.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { makeLogger } from "./logger.ts";

test("a log on a full disk does not end the daemon, nor fill its memory", () => {
  const log = makeLogger("test-dir", { kind: "file", path: "/dev/full" }, 0);
  assert.doesNotThrow(() => {
    for (let line = 0; line < 2000; line += 1) log.info("x".repeat(1000));
  });
});

test("a log in a directory that is not there is an error at once", () => {
  assert.throws(() => makeLogger("test-dir", { kind: "file", path: "/nonexistent/test.log" }, 0), { code: "ENOENT" });
});

test("a full log is put aside and begun anew, and no line is lost", async () => {
  await using dir = await TempDir.make();
  const path = dir.file("test-dir.log");
  writeFileSync(path, "");
  truncateSync(path, LOG_BYTES_MAX - 10);
  const log = makeLogger("test-dir", { kind: "file", path }, 0);
  log.info("the last line before");
  log.info("the first line after");
  assert.deepEqual(readdirSync(dir.path).toSorted(), ["test-dir.log", "test-dir.log.old-1"]);
  assert.ok(statSync(`${path}.old-1`).size > LOG_BYTES_MAX);
  assert.match(readFileSync(path, "utf8"), /^\{[^\n]*the first line after"\}\n$/);
});
