import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { freePortsInARow } from "#lib/testing/ports.ts";
import { BIN } from "#regress/programs.ts";
import { runCommand } from "#regress/process.ts";
import { World } from "#regress/world.ts";

for (const program of ["nocturne-dir", "nocturne-fd", "nocturne-sd", "bconsole", "nocturne"]) {
  test(`${program} works from any directory and through links of links`, async () => {
    await using world = await World.create();
    mkdirSync(world.path("one"));
    symlinkSync(join(BIN, program), world.path("one", "first-link"));
    symlinkSync("one/first-link", world.path("second-link"));
    const args =
      program === "nocturne"
        ? ["version"]
        : [
            "-t",
            "-c",
            world.path(
              { "nocturne-dir": "bacula-dir.conf", "nocturne-fd": "bacula-fd.conf", "nocturne-sd": "bacula-sd.conf" }[
                program
              ] ?? "bconsole.conf",
            ),
          ];
    const ended = await runCommand(world.path("second-link"), args, { cwd: "/" });
    assert.equal(ended.status, 0, ended.output);
  });
}

test("a configuration with a mistake is refused by -t with status and place, by every program", async () => {
  await using world = await World.create();
  for (const [program, file] of [
    ["nocturne-dir", "bacula-dir.conf"],
    ["nocturne-fd", "bacula-fd.conf"],
    ["nocturne-sd", "bacula-sd.conf"],
    ["bconsole", "bconsole.conf"],
  ] as const) {
    world.edit(file, /Password = .*/, 'Pasword = "x"');
    const ended = await runCommand(join(BIN, program), ["-t", "-c", world.path(file)]);
    assert.notEqual(ended.status, 0, program);
    assert.match(ended.output, new RegExp(`${file.replace(".", "\\.")}:\\d+`), program);
    assert.match(ended.output, /Pasword/, program);
    assert.doesNotMatch(ended.output, /at .*\.ts:\d+/, "no stack");
  }
});

test("init, start, status, stop: a site as an administrator makes it, with certificates", async () => {
  await using world = await World.create();
  const dir = world.path("site");
  const nocturne = async (...args: string[]) => await runCommand(join(BIN, "nocturne"), args);
  const port = String(await freePortsInARow(3));
  assert.equal((await nocturne("init", dir, "--name", "host1", "--port", port, "--path", world.path("tree"))).status, 0);
  const again = await nocturne("init", dir, "--name", "host1", "--port", port);
  assert.match(again.output, /set up already/);
  assert.equal((await nocturne("catalog", "create", "-c", join(dir, "bacula-dir.conf"))).status, 0);
  const twice = await nocturne("catalog", "create", "-c", join(dir, "bacula-dir.conf"));
  assert.notEqual(twice.status, 0);
  try {
    const started = await nocturne("start", "-c", dir);
    assert.equal(started.status, 0, started.output);
    const status = await nocturne("status", "-c", dir);
    assert.equal([...status.output.matchAll(/answers/g)].length, 3, status.output);
    const console = await runCommand(join(BIN, "bconsole"), ["-c", join(dir, "bconsole.conf")], {
      input: "run job=Backup-host1 level=Full yes\nwait\nmessages\nquit\n",
    });
    assert.match(console.output, /Termination:\s+Backup OK/);
  } finally {
    const stopped = await nocturne("stop", "-c", dir);
    assert.equal(stopped.status, 0, stopped.output);
  }
  assert.notEqual((await nocturne("status", "-c", dir)).status, 0);
});

test("set-up errors are one line with cause and remedy", async () => {
  for (const args of [
    ["init", "/proc/nowhere"],
    ["init", "/usr/bin"],
    ["frob"],
    ["catalog", "create", "-c", "/nowhere.conf"],
    ["start", "-c", "/nowhere"],
    ["init", "--port", "70000"],
  ]) {
    const ended = await runCommand(join(BIN, "nocturne"), args);
    assert.equal(ended.status, 1, args.join(" "));
    assert.match(ended.output, /^nocturne: .*\(.*\)$/m, args.join(" "));
    assert.doesNotMatch(ended.output, /at .*\.ts:\d+/, args.join(" "));
  }
});
