import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BIN } from "#regress/programs.ts";
import { runCommand } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";

scenario("every command of the operator answers in words, never with a failure of the program", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  await world.start();
  await world.backup("Full");
  const lines = [
    "help", "help run", "version", "time", "show pools", "show jobs", "show director", "list jobs", "list volumes", "list pools", "list clients", "list files jobid=1",
    "list jobmedia jobid=1", "list jobtotals", "llist volume=Vol-0001", "status all", "use", "messages", "estimate job=Save", "unmount storage=Disks", "mount storage=Disks",
    "setdebug level=0 director", "reload", "sqlquery", "SELECT COUNT(*) FROM File;", "", "list jobs bogus=1", "cancel jobid=99", "delete jobid=99 yes",
  ]; // prettier-ignore
  const ended = await world.consoleEnded(...lines);
  assert.equal(ended.status, 0);
  for (const line of lines.filter((one) => one !== "")) assert.ok(ended.output.includes(line), `${line} was reached`);
  assert.doesNotMatch(ended.output, /internal error|TypeError|at .*\.ts:\d+|ERROR/);
});

scenario("delete forgets a job and a Volume", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  await world.start();
  await world.backup("Full");
  await world.console("delete jobid=1 yes");
  assert.doesNotMatch(await world.console("list jobs"), /\| *1 *\| Save/);
  await world.console("delete volume=Vol-0001 pool=Files yes");
  assert.doesNotMatch(await world.console("list volumes"), /Vol-0001/);
});

scenario("a catalog of another version is refused with the command that helps", {}, async (world) => {
  await world.start("dir");
  await world.stop("dir");
  const database = new DatabaseSync(world.path("work/dir/bacula.db"));
  database.exec("UPDATE NocturneVersion SET VersionId = VersionId - 1");
  database.close();
  await assert.rejects(world.start("dir"));
  assert.match(world.daemonLog("dir"), /nocturne catalog upgrade/);
});

scenario("a daemon does not start twice", {}, async (world) => {
  await world.start();
  for (const [program, file] of [
    ["nocturne-dir", "bacula-dir.conf"],
    ["nocturne-fd", "bacula-fd.conf"],
    ["nocturne-sd", "bacula-sd.conf"],
  ] as const) {
    const second = await runCommand(join(BIN, program), ["-f", "-c", world.path(file)]);
    assert.equal(second.status, 1, second.output);
    assert.match(second.output, /runs already/);
  }
});

scenario("a socket is left out, counted and no error", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  const server = createServer().listen(world.path("tree/a.socket"));
  try {
    await world.start();
    await world.backup("Full");
    assert.match(world.messages(), /1 socket skipped/);
    const where = await world.restore();
    assert.equal(existsSync(`${where}${world.path("tree/a.socket")}`), false);
  } finally {
    server.close();
  }
});

scenario("files that grow, shrink and vanish while they are saved do not fail the job", {}, async (world) => {
  bigFile(world.path("tree/steady"), 200);
  plainTree(world.path("tree"), { files: 200 });
  await world.start();
  const churn = spawn("sh", [
    "-c",
    'cd "$0"; while :; do echo more >> grows; : > shrinks; seq 1 20000 > shrinks; echo x > gone; rm -f gone; done',
    world.path("tree"),
  ]);
  try {
    const report = await world.run("job=Save level=Full");
    assert.match(report.termination, /^Backup OK( -- with warnings)?$/, report.text);
  } finally {
    churn.kill("SIGKILL");
  }
  const where = await world.restore();
  assert.ok(existsSync(`${where}${world.path("tree/steady")}`));
});
