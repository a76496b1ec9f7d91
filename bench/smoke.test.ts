import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { mustRun } from "#regress/process.ts";

const dir = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
after(() => rmSync(dir, { recursive: true, force: true }));

/** Needs no more than the repository itself. MariaDB and the peers are left to the real thing. */
for (const row of ["usr", "small-files", "sharing", "ten-clients", "catalog", "at-once", "many-jobs", "growth"]) {
  test(`the row ${row} runs on little data; no time is asked about`, async () => {
    const args = [join(import.meta.dirname, "main.ts"), "--quick", `--rows=${row}`, "--subjects=nocturne", `--data=${dir}`];
    const { output } = await mustRun(process.execPath, args);
    assert.match(output, new RegExp(`^## ${row}: `, "m"));
    assert.match(output, /^\| .* \| [\d.,]+ /m);
  });
}
