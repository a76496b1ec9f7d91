import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { mustRun } from "#regress/process.ts";

test("every row runs on little data; no time is asked about", { timeout: 600_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  try {
    const args = [join(import.meta.dirname, "main.ts"), "--quick", "--subjects=nocturne", `--data=${dir}`];
    const { output } = await mustRun(process.execPath, args, { timeoutMs: 580_000 });
    for (const row of ["usr", "sharing", "ten-clients", "catalog", "at-once", "many-jobs", "growth"])
      assert.match(output, new RegExp(`^## ${row}: `, "m"));
    assert.doesNotMatch(output, /FAILED/);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
