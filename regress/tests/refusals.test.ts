import assert from "node:assert/strict";
import { scenario } from "#regress/scenario.ts";
import { plainTree } from "#regress/trees.ts";

scenario("a console with a wrong password is refused in one clear line and learns nothing", {}, async (world) => {
  await world.start();
  world.edit("bconsole.conf", "console-secret", "guessed");
  const ended = await world.consoleEnded("version", "list jobs");
  assert.notEqual(ended.status, 0);
  assert.match(ended.output, /password|authori[sz]ation|authenticat/i);
  assert.doesNotMatch(ended.output, /JobId|at .*\.ts:\d+/);
  assert.doesNotMatch(ended.output, /guessed|console-secret/);
});

scenario(
  "a Director with a wrong password for a client: the job fails, both sides say why in a line, nothing is read",
  {},
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    world.edit("bacula-fd.conf", "client-secret", "another-secret");
    await world.start();
    const report = await world.run("job=Save level=Full");
    assert.match(report.termination, /Backup Error/);
    assert.match(world.messages(), /client-fd.*password|password.*client-fd|authenticat.*client-fd|client-fd.*authenticat/i);
    assert.match(world.daemonLog("fd"), /site-dir/);
    assert.doesNotMatch(world.messages() + world.daemonLog("fd") + world.daemonLog("dir"), /client-secret|another-secret/);
  },
);

scenario("a Director that a file daemon does not know is refused by name", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  world.edit("bacula-fd.conf", /Name = site-dir/, "Name = other-dir");
  world.edit("bacula-fd.conf", /director = site-dir/, "director = other-dir");
  await world.start();
  const report = await world.run("job=Save level=Full");
  assert.match(report.termination, /Backup Error/);
  assert.match(world.daemonLog("fd"), /site-dir/);
});

scenario("a storage daemon with a wrong password: the job fails with a line that names it", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  world.edit("bacula-sd.conf", "storage-secret", "another-secret");
  await world.start();
  const report = await world.run("job=Save level=Full");
  assert.match(report.termination, /Backup Error/);
  assert.match(world.messages(), /Disks|site-sd/);
  assert.equal(world.volumeBytes(), 0);
});

scenario(
  "a configuration with mistakes: every one is told with file, line and directive, and nothing starts",
  {},
  async (world) => {
    await world.start("dir");
    await world.stop("dir");
    world.edit("bacula-dir.conf", "Maximum Concurrent Jobs = 10", "Maximum Concurent Jobs = 10");
    world.edit("bacula-dir.conf", "Media Type = File\n", "Media Type = File\n  Maximum Concurrent Jobs = many\n");
    await assert.rejects(world.start("dir"));
    const log = world.daemonLog("dir");
    assert.match(log, /bacula-dir\.conf/);
    assert.match(log, /Maximum ?Concurent ?Jobs/i);
    assert.match(log, /Maximum ?Concurrent ?Jobs/i, "a near match is offered");
    assert.match(log, /many/);
  },
);
