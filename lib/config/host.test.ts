import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { TempDir } from "../testing/temp-dir.ts";
import { systemHost } from "./host.ts";

const limits = { bytesMax: 1000, timeoutMs: 5000 };

test("a command runs without a shell and gives its output", async () => {
  assert.equal((await systemHost.runCommand("echo a; 'b c'", limits)).toString(), "a; b c\n");
});

test("a command that fails, talks too much or takes too long is refused", async () => {
  await assert.rejects(systemHost.runCommand("sh -c 'echo x; exit 3'", limits), /status 3/);
  await assert.rejects(systemHost.runCommand("yes", limits), /wrote more than 1000 bytes/);
  await assert.rejects(systemHost.runCommand("sleep 60", { ...limits, timeoutMs: 50 }), /took longer than 0.05 s/);
  await assert.rejects(systemHost.runCommand("/nonexistent/program", limits), /status ENOENT/);
  await assert.rejects(systemHost.runCommand("", limits), /empty/);
});

test("a file is read up to the bound, and a directory is refused", async () => {
  await using dir = await TempDir.make();
  await writeFile(dir.file("a"), "x".repeat(1000));
  assert.equal((await systemHost.readFile(dir.file("a"), 1000)).length, 1000);
  await assert.rejects(systemHost.readFile(dir.file("a"), 999), /larger than 999/);
  await assert.rejects(systemHost.readFile("/dev/zero", 5000), /larger than 5000/);
  await assert.rejects(systemHost.readFile(dir.path, 1000), /is a directory/);
});

test("a path is expanded as the shell does", () => {
  assert.equal(systemHost.expandPath("/x/$((1+2))"), "/x/3");
});
