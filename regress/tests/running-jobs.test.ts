import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { assertSameTree } from "#regress/compare.ts";
import { runCommand } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";

const MIB = 1 << 20;

// Slow enough that the job is always in the middle when it is canceled.
const slow = { job: "Maximum Bandwidth = 10 mb/s" };

scenario("cancel ends a running job as Canceled, and the next one runs", { site: slow }, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  bigFile(world.path("tree/big"), 300);
  await world.start();
  const jobId = await world.queue("run job=Save level=Full yes");
  await world.untilVolumeBytes(10 * MIB);
  await world.console(`cancel jobid=${jobId}`);
  const report = await world.report(jobId);
  assert.equal(report.termination, "Backup Canceled", report.text);
  assert.match(await world.console("list jobs"), /\| *A *\|/);
  rmSync(world.path("tree/big"));
  await world.backup("Full");
});

scenario(
  "no more jobs of a client run at once than it allows; the others wait their turn",
  {
    site: (dir) => ({
      // A job runs until it may go.
      job: `Maximum Concurrent Jobs = 1
  Client Run Before Job = "sh -c 'touch ${dir}/runs; until [ -e ${dir}/go ]; do sleep 0.05; done'"`,
    }),
  },
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    const jobs = await world.queueAll("run job=Save level=Full yes", "run job=Save level=Full yes");
    await world.until("the first one runs", () => existsSync(world.path("runs")));
    assert.match(await world.console("status director"), new RegExp(String.raw`^\s*${jobs[1]}\s.*waiting`, "m"));
    writeFileSync(world.path("go"), "");
    for (const { termination } of await world.reports(jobs)) assert.equal(termination, "Backup OK");
  },
);

scenario(
  "run scripts before and after a job run on the Director and on the client, and their output is in the job's messages",
  {
    site: (dir) => ({
      job: `Run Before Job = "sh -c 'echo director before %n > ${dir}/dir-before; echo said before'"
  Run After Job = "touch ${dir}/dir-after"
  Client Run Before Job = "sh -c 'echo client before; touch ${dir}/fd-before'"
  Client Run After Job = "touch ${dir}/fd-after"`,
    }),
  },
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    await world.backup("Full");
    assert.equal(readFileSync(world.path("dir-before"), "utf8"), "director before Save\n");
    for (const name of ["dir-after", "fd-before", "fd-after"]) assert.ok(existsSync(world.path(name)), name);
    assert.match(world.messages(), /shell command: run Client(Run)?BeforeJob ".*client before/);
    assert.match(world.messages(), /BeforeJob: said before/);
    assert.match(world.messages(), /Client(Run)?BeforeJob: client before/);
  },
);

scenario(
  "a run script that fails before the job stops it",
  { site: { job: 'Client Run Before Job = "false"' } },
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    const report = await world.run("job=Save level=Full");
    assert.match(report.termination, /Backup Error/);
    assert.equal(world.volumeBytes() < MIB, true);
  },
);

scenario("reload takes a changed configuration, and keeps the old one when the new one is wrong", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  await world.start();
  world.edit("bacula-dir.conf", "Name = Save\n", "Name = Renamed\n");
  await world.console("reload");
  assert.equal((await world.run("job=Renamed level=Full")).termination, "Backup OK");
  world.edit("bacula-dir.conf", "Pool Type = Backup", "Pool Tipe = Backup");
  const output = await world.console("reload", "version");
  assert.match(output + world.messages(), /Pool ?Tipe/i);
  assert.equal((await world.run("job=Renamed level=Full")).termination, "Backup OK");
});

scenario("estimate counts what a backup would save, and lists it when asked", {}, async (world) => {
  plainTree(world.path("tree"));
  await world.start();
  const output = await world.console("estimate job=Save level=Full");
  const files = Number(/files=([\d,]+)/.exec(output)?.[1]?.replaceAll(",", ""));
  const report = await world.backup("Full");
  assert.equal(files, Number(report.fields.get("FD Files Written")));
  assert.match(await world.console("estimate listing job=Save level=Full"), /folder-2\/file-2\.txt/);
  assert.equal(world.volumes().length, 1);
});

scenario("a file that cannot be read is a warning by name, and the rest is saved", { root: true }, async (world) => {
  plainTree(world.path("tree"), { files: 5 });
  world.edit(
    "bacula-dir.conf",
    `File = "${world.path("tree")}"`,
    `File = "${world.path("tree")}"\n    File = "${world.path("not-there")}"`,
  );
  await world.start();
  const report = await world.run("job=Save level=Full");
  assert.match(report.termination, /^Backup OK( -- with warnings)?$/);
  assert.match(world.messages(), /not-there/);
});

scenario("messages show what happened once, and list joblog keeps it", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  await world.start();
  await world.backup("Full");
  assert.match(await world.console("messages"), /Termination:\s+Backup OK/);
  assert.doesNotMatch(await world.console("messages"), /Termination/);
  assert.match(await world.console("list joblog jobid=1"), /Origin: Manual, console "[\s\S]*Termination:\s+Backup OK/);
});

scenario("a Volume is found again after the storage daemon was restarted", {}, async (world) => {
  plainTree(world.path("tree"), { files: 3 });
  await world.start();
  await world.backup("Full");
  await world.stop("sd");
  await world.start("sd");
  writeFileSync(world.path("tree/new"), "new");
  await world.backup("Incremental");
  assert.equal(world.volumes().length, 1);
});

scenario(
  "limits of a Job end it: errors in error, bytes as Incomplete with what was saved to be restored",
  {
    site: (dir) => ({
      resources: `FileSet {
  Name = Gaps
  Include { Options { Signature = SHA256 }
    ${Array.from({ length: 20 }, (_, at) => `File = "${dir}/gone/${at}"`).join("\n    ")}
    File = "${dir}/tree"
  }
}
JobDefs { Name = Defs; Type = Backup; Level = Full; Client = client-fd; FileSet = Gaps; Storage = Disks; Pool = Files; Messages = Standard }
Job { Name = Strict; JobDefs = Defs; Max Errors = 10 }
Job { Name = Lenient; JobDefs = Defs; Max Errors = 30 }
Job { Name = Short; JobDefs = Defs; FileSet = Tree; Max Bytes = 10MB }`,
    }),
  },
  async (world) => {
    for (let at = 0; at < 10; at++) bigFile(world.path("tree", `big-${at}`), 5);
    await world.start();
    const strict = await world.run("job=Strict");
    assert.equal(strict.termination, "*** Backup Error ***", strict.text);
    assert.match(world.messages(), /more than 10 errors \(Maximum Errors\)/);
    const lenient = await world.run("job=Lenient");
    assert.equal(lenient.termination, "Backup OK -- with warnings", lenient.text);
    assert.equal(lenient.fields.get("Non-fatal FD errors"), "20");
    const short = await world.run("job=Short");
    assert.equal(short.termination, "Backup failed -- Incomplete", short.text);
    const command = async (line: string) => await runCommand(world.programs.console, ["-c", world.path("bconsole.conf"), "-x", line], { env: {} }); // prettier-ignore
    assert.equal((await command("run job=Lenient yes wait")).status, 0);
    const failed = await command("run job=Strict yes wait");
    assert.deepEqual([failed.status, /JobStatus=Fatal Error \(f\)/.test(failed.output)], [2, true], failed.output);
    assert.match(world.messages(), /Byte limit reached \(Maximum Bytes = 10000000\)/);
    const where = await world.restore(`jobid=${short.jobId} all done`);
    const names = await world.namesUnder(`${where}${world.path("tree")}`);
    assert.deepEqual(names, ["big-0", "big-1"]);
    assert.match(await world.console("run job=Short level=Incremental yes", "wait"), /Job queued/);
    assert.match(world.messages(), /No prior or suitable Full backup found/, "an Incomplete job is no base for others");
  },
);

scenario(
  "a Client that is renamed keeps its history: the next Incremental is one, and its jobs are restored",
  {},
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    await world.backup("Full");
    world.edit("bacula-dir.conf", /client-fd/g, "web-fd");
    await world.console("reload");
    assert.match(await world.console("rename client=client-fd new=web-fd"), /Client "client-fd" is now called "web-fd"/);
    const listed = await world.console("llist client=web-fd", "list client=client-fd", "list jobs client=web-fd");
    assert.match(listed, /name: web-fd\n *uname: \S+ \S+ \S*linux/i);
    assert.match(listed, /\| +1 \| Save/);
    writeFileSync(world.path("tree/later"), "later");
    const next = await world.backup("Incremental");
    assert.match(next.fields.get("Backup Level") ?? "", /^Incremental, since/);
    await assertSameTree(world.path("tree"), (await world.restore("client=web-fd select all done")) + world.path("tree"));
    const known = await world.console(
      "llist job jobid=1",
      "list joblog jobid=0",
      "rename client=nobody new=x",
      "rename client=web-fd new=a/b",
    );
    assert.match(known, /clientname: web-fd/);
    assert.doesNotMatch(known, /Unknown list keyword|no range/);
    assert.match(known, /Could not find Client "nobody"[\s\S]*"a\/b" cannot be the name of a Client/);
  },
);

scenario(
  "a job that runs longer than its Report After is reported on by mail while it runs, and once more at its end",
  {
    site: (dir) => ({
      resources: `Messages { Name = Mailed; Mail Command = "sh -c 'cat >> ${dir}/mail-%e'"; Mail On Error = root = all, !skipped; append = "${dir}/messages.log" = all }
Job {
  Name = Slow; Type = Backup; Level = Full; Client = client-fd; FileSet = Tree; Storage = Disks; Pool = Files; Messages = Mailed
  Report After = 2 seconds; Client Run Before Job = "sh -c 'until [ -e ${dir}/go ]; do sleep 0.1; done'"
}`,
    }),
  },
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    const jobId = await world.queue("run job=Slow yes");
    const mailed = () => (existsSync(world.path("mail-Running")) ? readFileSync(world.path("mail-Running"), "utf8") : "");
    await world.until("it is mailed", () => /^ *Status: .*\n/m.test(mailed()));
    const mail = mailed();
    assert.match(mail, /JobId 1 is still running\n[\s\S]*Elapsed time: +\d+ secs\n[\s\S]*Status: +is (running|waiting)/);
    writeFileSync(world.path("go"), "");
    assert.equal((await world.report(jobId)).termination, "Backup OK");
    assert.equal(world.messages().split("is still running").length, 2, "once, and at the end the report as ever");
    assert.ok(!existsSync(world.path("mail-OK")), "no failure: no mail of the end");
  },
);
