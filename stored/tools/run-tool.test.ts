import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { madeVolume } from "./testing/made-volume.ts";
import type { StdioOptions } from "node:child_process";

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** Runs node; "cut" is a pipe that is closed after the first bytes. */
async function ended(args: readonly string[], output: number | "ignore" | "cut") {
  const stdio: StdioOptions = ["ignore", output === "cut" ? "pipe" : output, "pipe"];
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], { stdio });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdout?.once("data", () => child.stdout?.destroy());
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  return { status, signal, said };
}

/** A Volume of so many files, for listings of more than a pipe holds. */
function manyFiles(path: string): void {
  const files = Array.from({ length: 3000 }, (_, at) => ({ name: `/data/${at}-${"x".repeat(80)}` }));
  writeFileSync(path, madeVolume("Many", [files]).bytes);
}

test("a disk that is full under the output is told in one line", async () => {
  await using dir = await TempDir.make();
  manyFiles(dir.file("Many"));
  const full = openSync("/dev/full", "w");
  try {
    const { status, said } = await ended([pathOf("bls-main.ts"), dir.file("Many")], full);
    assert.equal(said.trim(), "bls: the output cannot be written: ENOSPC: no space left on device, write");
    assert.equal(status, 1);
  } finally {
    closeSync(full);
  }
});

test("a tool whose reader goes away does not say that all is well", async () => {
  await using dir = await TempDir.make();
  manyFiles(dir.file("Many"));
  const { status, said } = await ended([pathOf("bls-main.ts"), dir.file("Many")], "cut");
  assert.equal(said, "");
  assert.equal(status, 141);
});

test("a signal ends at once what cannot hear of it", { timeout: 60_000 }, async () => {
  const script = `
    const { runTool } = await import(${JSON.stringify(pathOf("run-tool.ts"))});
    const spec = { program: "t", letters: "", operands: [0, 0], operandsWrong: "", usage: "" };
    await runTool(spec, [], async (_line, _voice) => {
      setTimeout(() => process.kill(process.pid, "SIGINT"), 10);
      await new Promise((resolve) => setTimeout(resolve, 3_600_000));
    });`;
  assert.equal((await ended(["--input-type=module", "-e", script], "ignore")).signal, "SIGINT");
});

test("bextract of thousands of short jobs takes no more memory than of a few", async () => {
  await using dir = await TempDir.make();
  const content = Buffer.alloc(10_000, 1);
  const jobs = Array.from({ length: 2500 }, (_, at) => [{ name: `/data/${at % 50}`, content }]);
  writeFileSync(dir.file("Jobs"), madeVolume("Jobs", jobs, 4096, "oneByOne").bytes);
  mkdirSync(dir.file("to"));
  const script = `process.on("exit", () => process.stderr.write(String(process.resourceUsage().maxRSS)));
    await import(${JSON.stringify(pathOf("bextract-main.ts"))});`;
  writeFileSync(dir.file("measured.mjs"), script);
  const { status, said } = await ended([dir.file("measured.mjs"), "-n", dir.file("Jobs"), dir.file("to")], "ignore");
  assert.equal(status, 0, said);
  assert.ok(Number(said) < 400_000, `${said} KiB`);
});
