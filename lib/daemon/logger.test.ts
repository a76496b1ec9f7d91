import assert from "node:assert/strict";
import { test } from "node:test";
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
