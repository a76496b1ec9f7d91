import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { claimPidFile } from "./pid-file.ts";

test("a daemon that was killed and not fetched by its parent yet does not hinder the next", async () => {
  await using dir = await TempDir.make();
  // The shell becomes a program that never fetches its child, which ends only when that has happened.
  const script = '(until [ "$(cat /proc/$$/comm)" = sleep ]; do sleep 0.01; done) & echo $!; exec sleep 60';
  const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const [said] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(said.toString());
    while (!readFileSync(`/proc/${pid}/status`, "latin1").includes("State:\tZ")) await new Promise(setImmediate);
    const path = dir.file("test.9101.pid");
    writeFileSync(path, `${pid}\n`);
    await using _claimed = await claimPidFile(path);
    assert.equal(readFileSync(path, "latin1"), `${process.pid}\n`);
  } finally {
    parent.kill();
  }
});
