import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { runCommand } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { plainTree } from "#regress/trees.ts";

scenario("a script's lines are echoed, no prompt is printed, and quit ends with status 0", {}, async (world) => {
  await world.start();
  const ended = await world.consoleEnded("version", "quit", "never reached");
  assert.equal(ended.status, 0);
  assert.match(ended.stdout, /^version$/m);
  assert.match(ended.stdout, /site-dir Version:/);
  assert.doesNotMatch(ended.stdout, /^\*/m, "no prompt");
  assert.doesNotMatch(ended.stdout, /never reached/);
});

scenario("@output and @tee send what follows to files, @output alone ends that", {}, async (world) => {
  await world.start();
  const [file, tee] = [world.path("out.txt"), world.path("tee.txt")];
  const stdout = (
    await world.consoleEnded(`@output ${file}`, "version", "@output", "time", `@tee ${tee}`, "version", "@output")
  ).stdout;
  assert.match(readFileSync(file, "utf8"), /site-dir Version:/);
  assert.match(readFileSync(tee, "utf8"), /site-dir Version:/);
  assert.equal([...stdout.matchAll(/^site-dir Version:/gm)].length, 1, stdout);
});

scenario("@input reads another file of commands, and end of input ends well", {}, async (world) => {
  await world.start();
  writeFileSync(world.path("commands"), "@echo from the file\nversion\n");
  const ended = await world.consoleEnded(`@input ${world.path("commands")}`, "@# a comment");
  assert.equal(ended.status, 0);
  assert.match(ended.stdout, /^from the file *$/m);
  assert.match(ended.stdout, /Version:/);
});

scenario("@exec runs a program, @sleep waits, @version says which console", {}, async (world) => {
  await world.start();
  const began = Date.now();
  const output = await world.console(`@exec "touch ${world.path("made")}"`, "@sleep 1", "@version");
  assert.ok(existsSync(world.path("made")));
  assert.ok(Date.now() - began >= 1000);
  assert.match(output, /Version/i);
});

scenario("list draws a bordered table, llist a column a line", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  await world.start();
  await world.backup("Full");
  const list = await world.console("list jobs");
  assert.match(list, /^\+-+\+/m);
  assert.match(list, /^\| *jobid *\| name *\|/im);
  assert.match(list, /^\| *1 *\| Save/m);
  const long = await world.console("llist jobid=1");
  assert.match(long, /^ *jobid: 1$/im);
  assert.match(long, /^ *name: Save$/im);
});

scenario("prompts take the lines that follow, and a dot leaves them", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  await world.start();
  const canceled = await world.console("run job=Save level=Full", "no", "version");
  assert.match(canceled, /OK to run\? \(yes\/mod\/no\)/);
  assert.match(canceled, /not run/i);
  const left = await world.console("run", ".", "version");
  assert.match(left, /Version:/);
  const output = await world.console("run job=Save", "mod", "1", "1", "yes", "wait", "list jobs");
  assert.match(output, /Job queued\. JobId=1/);
});

scenario(
  "the last Director in sight: unknown names and unreachable Directors end with a status that is not 0",
  {},
  async (world) => {
    const unreachable = await world.consoleEnded("version");
    assert.notEqual(unreachable.status, 0);
    await world.start();
    const unknown = await runCommand(world.programs.console, ["-c", world.path("bconsole.conf"), "-D", "nobody"], {
      input: "version\n",
    });
    assert.notEqual(unknown.status, 0);
    const listed = await runCommand(world.programs.console, ["-c", world.path("bconsole.conf"), "-l"]);
    assert.equal(listed.stdout.trim(), "site-dir");
    assert.equal(listed.status, 0);
  },
);

scenario("status answers for every daemon, and says when nothing runs", {}, async (world) => {
  await world.start();
  for (const target of ["director", "client=client-fd", "storage=Disks"]) {
    const output = await world.console(`status ${target}`);
    assert.match(output, /No Jobs running\./, `status ${target}:\n${output}`);
    assert.match(output, /Version:/, `status ${target}:\n${output}`);
  }
  assert.match(await world.console(".api 2", ".status storage=Disks header"), /pid=\d+/);
});

scenario("sqlquery answers on Bacula's tables, and an empty line ends it", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  await world.start();
  await world.backup("Full");
  const output = await world.console("sqlquery", "SELECT JobId, Name, JobFiles FROM Job;", "", "version");
  assert.match(output, /\| *1 *\| Save/);
  assert.match(output, /Version:/);
  assert.match(await world.console("query", "2"), /Save/);
});

scenario("an unknown command is said to be one, in words", {}, async (world) => {
  await world.start();
  const output = await world.console("frobnicate", "version");
  assert.match(output, /frobnicate.*(invalid|not|unknown)|(invalid|not|unknown).*frobnicate/i);
  assert.doesNotMatch(output, /ERROR|at .*\.ts:/);
});
