import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { runProgram } from "./run-program.ts";

const options = { doing: 'changer "L": load slot 3 into drive 0', timeoutMs: 30_000 };

test("what a program says is given back, and what it fails with is told", async () => {
  assert.equal(await runProgram(["/bin/echo", "1:A 1"], options), "1:A 1\n");
  await assert.rejects(runProgram(["/bin/sh", "-c", "echo no medium; exit 3"], options), (error: Error) => {
    assert.match(error.message, /changer "L": load slot 3 into drive 0: .*status 3: no medium/);
    return true;
  });
  await assert.rejects(runProgram(["/no/such/program"], options), { code: "CHANGER_FAILED" });
});

test("a program that hangs is killed with all that it has started", async () => {
  await using dir = await TempDir.make();
  await writeFile(dir.file("hang"), '#!/bin/sh\ntrap "" TERM\nsleep 300 &\necho $! > "$1"\nwait\nsleep 300\n', { mode: 0o755 });
  // On a busy machine a program may be killed before it has started anything: then the next one has more time.
  const startedPid = () => (existsSync(dir.file("pid")) ? Number(readFileSync(dir.file("pid"), "utf8")) : 0);
  for (let timeoutMs = 500; startedPid() === 0; timeoutMs *= 4)
    await assert.rejects(runProgram(["/bin/sh", dir.file("hang"), dir.file("pid")], { ...options, timeoutMs }), {
      code: "CHANGER_LATE",
    });
  const pid = startedPid();
  for (let look = 0; look < 100 && isAlive(pid); look++) await sleep(50);
  assert.equal(isAlive(pid), false, "a grandchild is still there");
});

test("a program that has ended is not waited for because of what it has left running", async () => {
  const said = await runProgram(["/bin/sh", "-c", "sleep 30 & echo 3"], { ...options, timeoutMs: 20_000 });
  assert.equal(said, "3\n");
});

test("output without end takes a bounded amount of memory", async () => {
  const text = await runProgram(["/bin/sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x"], options);
  assert.equal(text.length, 2 * 1024 * 1024);
});

test("whoever waits for a program may give up", async () => {
  const cancel = new AbortController();
  const running = runProgram(["/bin/sleep", "300"], { ...options, signal: cancel.signal });
  cancel.abort(new Error("canceled"));
  await assert.rejects(running, /canceled/);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
