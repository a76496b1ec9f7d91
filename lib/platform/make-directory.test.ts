import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeDirectory } from "./make-directory.ts";

test("a directory is made with all that is missing above it, names being bytes", () => {
  const top = mkdtempSync(join(tmpdir(), "make-directory-"));
  try {
    const deep = Buffer.concat([Buffer.from(`${top}/a/`), Buffer.of(0xe9), Buffer.from("/c")]);
    makeDirectory(deep, 0o700);
    makeDirectory(deep, 0o700);
    assert.equal(statSync(deep).mode & 0o777, 0o700);
  } finally {
    rmSync(top, { recursive: true });
  }
});

test("where nothing can be made, it ends with what the system says", () => {
  assert.throws(() => makeDirectory("/proc/nowhere/below", 0o700), { code: "ENOENT" });
});

test("a file in the way is an error", () => {
  const top = mkdtempSync(join(tmpdir(), "make-directory-"));
  try {
    writeFileSync(join(top, "file"), "");
    assert.throws(() => makeDirectory(join(top, "file"), 0o700), { code: "EEXIST" });
  } finally {
    rmSync(top, { recursive: true });
  }
});
