import assert from "node:assert/strict";
import { spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";

const fixture = fileURLToPath(new URL("../testing/fixture-daemon.ts", import.meta.url));

async function configure(dir: TempDir, own: object = {}): Promise<string> {
  const path = dir.file("fixture.json");
  await writeFile(path, JSON.stringify({ name: "test-fd", port: 9999, workingDirectory: dir.path, ...own }));
  return path;
}

function run(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [fixture, ...args], { encoding: "utf8", timeout: 120_000 });
}

async function until<T>(what: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const value = await what();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("-t checks and ends; with -v it prints the warnings; a bad configuration is told in one line", async () => {
  await using dir = await TempDir.make();
  const config = await configure(dir);
  assert.deepEqual([run("-t", "-c", config).status, run("-t", "-c", config).stdout], [0, ""]);
  assert.equal(run("-t", "-v", "-c", config).stdout, "fixture.json:1:1: a warning\n");
  const bad = run("-t", "-c", dir.file("missing.json"));
  assert.equal(bad.status, 1);
  assert.match(bad.stderr, /^nocturne-fd: cannot read .*missing\.json/);
  assert.equal(run("-x").status, 1);
  assert.match(run("-?").stdout, /^Usage: nocturne-fd/);
});

test("without -f it returns when the daemon works, and a second one is refused", async () => {
  await using dir = await TempDir.make();
  const config = await configure(dir);
  const started = run("-c", config);
  assert.deepEqual([started.status, started.stderr], [0, ""]);
  const pidFile = dir.file("nocturne-fd.9999.pid");
  const pid = Number(await readFile(pidFile, "utf8"));
  try {
    const second = run("-c", config);
    assert.equal(second.status, 1);
    assert.match(second.stderr, new RegExp(`runs already as process ${pid}`));
  } finally {
    process.kill(pid, "SIGHUP");
    await until(async () => ((await readFile(dir.file("test-fd.log"), "utf8")).includes("reloading") ? true : undefined));
    process.kill(pid, "SIGTERM");
  }
  await until(() => (existsSync(pidFile) ? undefined : true));
  assert.match(await readFile(dir.file("test-fd.log"), "utf8"), /is ready.*\n(.*\n)*.*let go.*\n.*stopped/);
});

test("a daemon that cannot start says why in the foreground and in the background, and leaves no pid file", async () => {
  await using dir = await TempDir.make();
  const config = await configure(dir, { fail: "port 9999 is taken" });
  for (const flags of [["-f"], []]) {
    const failed = run(...flags, "-c", config);
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, /^nocturne-fd: port 9999 is taken\n/);
    assert.equal(existsSync(dir.file("nocturne-fd.9999.pid")), false);
  }
});

test("a pid file of a process that is gone or is something else does not hinder", async () => {
  await using dir = await TempDir.make();
  const config = await configure(dir, { fail: "so far so good" });
  for (const pid of [999_999_999, process.ppid]) {
    await writeFile(dir.file("nocturne-fd.9999.pid"), `${pid}\n`);
    assert.match(run("-f", "-c", config).stderr, /so far so good/);
  }
});

test("a daemon in the foreground goes on when nobody reads its log any more", async () => {
  await using dir = await TempDir.make();
  const child = spawn(process.execPath, [fixture, "-f", "-c", await configure(dir)], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.stdout.once("data", () => child.stdout.destroy());
  await new Promise((resolve) => child.stdout.once("close", resolve));
  child.kill("SIGTERM");
  assert.equal(await ended, 0);
});

test("SIGTERM lets running work end; an error of the program itself is logged and ends it with a code that is not 0", async () => {
  await using dir = await TempDir.make();
  const child = spawn(process.execPath, [fixture, "-f", "-c", await configure(dir)], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await until(() => (output.includes("is ready") ? true : undefined));
  child.kill("SIGTERM");
  const code = await new Promise((resolve) => child.once("exit", resolve));
  assert.equal(code, 0);
  assert.match(output, /SIGTERM received, stopping\n.*let go\n.*stopped/);
  const crashed = run("-f", "-c", await configure(dir, { crash: true }));
  assert.notEqual(crashed.status, 0);
  assert.match(crashed.stdout, /an error of the program itself; it stops: a fault of ours/);
});
