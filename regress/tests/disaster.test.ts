import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertSameTree } from "#regress/compare.ts";
import { freePortsInARow } from "#lib/testing/ports.ts";
import { scenarioOn, CATALOGS } from "#regress/catalogs.ts";
import { dumpCatalog, dumpDifferences } from "#regress/catalog-dump.ts";
import { FOREIGN_SQL, foreignSql } from "#regress/foreign-sql.ts";
import { loseCatalog } from "#regress/rebuild.ts";
import { mustRun, runCommand } from "#regress/process.ts";
import { BIN } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import { plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const PAGE = fileURLToPath(new URL("../../docs/operations/disaster-recovery.md", import.meta.url));

/** The commands that stand under a heading of the page, for the directories of this world. */
function commandsOf(world: World, heading: string): string {
  const [, section = ""] = readFileSync(PAGE, "utf8").split(`## ${heading}\n`);
  const [, commands = ""] = /```sh\n([\s\S]*?)```/.exec(section) ?? [];
  assert.notEqual(commands, "", `the page has commands under "${heading}"`);
  return commands
    .replaceAll("/etc/nocturne", world.path("etc"))
    .replaceAll("/var/lib/nocturne", world.path("data"))
    .replaceAll("summary.bsr", world.path("elsewhere/summary.bsr"))
    .replaceAll("/restored", world.path("restored"));
}

async function nocturne(...args: readonly string[]): Promise<string> {
  return (await mustRun(join(BIN, "nocturne"), args)).output;
}

async function bconsole(world: World, ...lines: readonly string[]): Promise<string> {
  const ended = await runCommand(join(BIN, "bconsole"), ["-c", world.path("etc/bconsole.conf")], {
    input: `${lines.join("\n")}\n`,
  });
  return ended.output;
}

/** Rows of `list jobs`: JobId, name, level, files, bytes, status. */
async function jobs(world: World): Promise<string[]> {
  const output = await bconsole(world, "list jobs");
  return output.split("\n").filter((line) => /^\| +\d/.test(line));
}

/** A site as `nocturne init` makes it, started. */
async function makeSite(world: World): Promise<void> {
  const port = await freePortsInARow(3);
  await nocturne(
    "init",
    world.path("etc"),
    ...["--name", "drill", "--port", String(port), "--data", world.path("data"), "--path", world.path("tree")],
  );
  const file = world.path("etc/bacula-dir.conf");
  mkdirSync(world.path("elsewhere"));
  const copied = readFileSync(file, "utf8").replace(
    /(--to \S+summary-drill\.bsr)"/,
    `$1 --copy 'cp %%f ${world.path("elsewhere/summary.bsr")}'"`,
  );
  assert.match(copied, /--copy/);
  writeFileSync(file, copied);
  await nocturne("catalog", "create", "-c", file);
  await nocturne("start", "-c", world.path("etc"));
}

scenario(
  "a machine that lost everything but its Volumes comes back by the steps of the page",
  { root: true },
  async (world) => {
    plainTree(world.path("tree"), { files: 60 });
    await makeSite(world);
    try {
      await bconsole(world, "run job=Backup-drill level=Full yes", "wait");
      writeFileSync(world.path("tree/folder-1/second"), "second");
      await bconsole(world, "run job=Backup-drill level=Incremental yes", "wait");
      const log = await bconsole(world, "run job=BackupCatalog yes", "wait", "messages");
      assert.match(log, /BackupCatalog[\s\S]*Termination: +Backup OK[\s\S]*The summary of job 3 is/);
      writeFileSync(world.path("tree/folder-1/third"), "after the catalog was saved");
      await bconsole(world, "run job=Backup-drill level=Incremental yes", "wait");
      const before = await jobs(world);
      assert.equal(before.length, 4, before.join("\n"));
      await nocturne("stop", "-c", world.path("etc"));

      const summary = readFileSync(world.path("elsewhere/summary.bsr"), "utf8");
      assert.match(summary, /# Lies on:\n# {3}Volume "Vol-0001", Media Type File1, Storage File1, addresses \d+-\d+/);
      rmSync(world.path("etc"), { recursive: true });
      for (const part of readdirSync(world.path("data")))
        if (part !== "volumes" && part !== "dedup") rmSync(world.path("data", part), { recursive: true });
      await mustRun("cp", ["-a", world.path("tree"), world.path("before")]);

      const script = `set -e\nexport PATH=${BIN}:$PATH\n${commandsOf(world, "Cold start")}`;
      const ended = await runCommand("sh", ["-c", script]);
      assert.equal(ended.status, 0, ended.output.slice(-3000));
      await bconsole(world, "wait");
      assert.ok(existsSync(world.path("restored")), ended.output.slice(-3000));
      await assertSameTree(world.path("before"), world.path("restored") + world.path("tree"));
      const after = (await jobs(world)).filter((row) => !row.includes("RestoreFiles"));
      assert.deepEqual(after.map(withoutTimes), before.map(withoutTimes));
      const next = await bconsole(world, "run job=Backup-drill level=Incremental yes", "wait", "messages");
      assert.match(next, /Backup Level: +Incremental, since[\s\S]*Termination: +Backup OK/);
    } finally {
      await runCommand(join(BIN, "nocturne"), ["stop", "-c", world.path("etc")]);
    }
  },
);

scenario("from the job Emergency and its bootstrap file alone a site comes back", { root: true }, async (world) => {
  plainTree(world.path("tree"), { files: 20 });
  await makeSite(world);
  try {
    // Some small file for the programs, which are those of this machine.
    const file = world.path("etc/bacula-dir.conf");
    writeFileSync(world.path("program"), "a program");
    const programs = join(BIN, "..");
    const made = readFileSync(file, "utf8");
    assert.ok(made.includes(`File = "${programs}"`), "the FileSet Emergency names the programs");
    writeFileSync(file, made.replace(`File = "${programs}"`, `File = "${world.path("program")}"`));
    await bconsole(world, "reload");
    await bconsole(world, "run job=Backup-drill level=Full yes", "wait");
    await bconsole(world, "run job=BackupCatalog yes", "wait");
    const log = await bconsole(world, "run job=Emergency yes", "wait", "messages");
    assert.match(log, /Emergency[\s\S]*Termination: +Backup OK/);
    await nocturne("stop", "-c", world.path("etc"));
    await mustRun("cp", ["-a", world.path("data/backup/emergency.bsr"), world.path("elsewhere/emergency.bsr")]);
    await mustRun("cp", ["-a", world.path("etc"), world.path("etc-before")]);
    rmSync(world.path("etc"), { recursive: true });
    rmSync(world.path("program"));
    for (const part of readdirSync(world.path("data")))
      if (part !== "volumes" && part !== "dedup") rmSync(world.path("data", part), { recursive: true });

    await mustRun(join(BIN, "bextract"), ["-b", world.path("elsewhere/emergency.bsr"), world.path("data/volumes"), "/"]);
    assert.equal(readFileSync(world.path("program"), "utf8"), "a program");
    await assertSameTree(world.path("etc-before"), world.path("etc"));
    await nocturne("init", world.path("etc"), "--data", world.path("data"));
    await nocturne("catalog", "load", world.path("data/backup/MyCatalog.db"), "-c", file);
    await nocturne("start", "-c", world.path("etc"));
    const where = world.path("restored");
    await bconsole(world, `restore where=${where} fileset="Full Set" select current all done yes`, "wait");
    await assertSameTree(world.path("tree"), where + world.path("tree"));
  } finally {
    await runCommand(join(BIN, "nocturne"), ["stop", "-c", world.path("etc")]);
  }
});

function withoutTimes(row: string): string {
  return row.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "").replaceAll(/ +/g, " ");
}

for (const kind of CATALOGS) {
  scenarioOn(
    kind,
    "a dump of a catalog that is written to is one moment of it, and loads where there is none",
    { programs: FOREIGN_SQL },
    async (world) => {
      plainTree(world.path("tree"), { files: 300 });
      const config = world.path("bacula-dir.conf");
      await world.start();
      await world.backup("Full");
      const under = await world.queue("run job=Save level=Full yes");
      await nocturne("catalog", "dump", "-c", config, "--to", world.path("dumps"));
      await world.report(under);
      const [dump = ""] = readdirSync(world.path("dumps"));
      await nocturne("catalog", "dump", "-c", config, "--to", world.path("later"));
      await world.stop();
      const before = await dumpCatalog(world);

      const taken = await runCommand(join(BIN, "nocturne"), ["catalog", "load", world.path("later", dump), "-c", config]);
      assert.notEqual(taken.status, 0);
      assert.match(taken.output, /there is a catalog already/);
      await loseCatalog(world, "empty");
      await nocturne("catalog", "load", world.path("later", dump), "-c", config);
      assert.deepEqual(dumpDifferences(before, await dumpCatalog(world)), []);
      await loseCatalog(world, "empty");
      await nocturne("catalog", "load", world.path("dumps", dump), "-c", config);
      const torn = "SELECT COUNT(*) FROM File WHERE NOT EXISTS (SELECT 1 FROM Path p WHERE p.PathId = File.PathId)";
      assert.deepEqual(await foreignSql(world, torn), ["0"]);
      assert.deepEqual(await foreignSql(world, "SELECT COUNT(*) FROM File WHERE JobId = 1"), [
        String(before.get("File")?.filter((row) => row.startsWith("1|")).length),
      ]);
      await world.start();
      await world.restore("jobid=1 all done");
    },
  );
}
