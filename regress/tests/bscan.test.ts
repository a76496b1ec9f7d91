import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dumpCatalog, dumpDifferences } from "#regress/catalog-dump.ts";
import { CATALOGS, scenarioOn } from "#regress/catalogs.ts";
import { assertSameTree } from "#regress/compare.ts";
import { FOREIGN_SQL, foreignSql } from "#regress/foreign-sql.ts";
import { mustRun } from "#regress/process.ts";
import { BIN } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import type { SiteOptions } from "#regress/site.ts";
import { plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

/** A second client that is the same machine, with a job of its own; Volumes that are soon full. */
function twoClients(dir: string, ports: { readonly fileDaemon: number }, deviceType: "File" | "Dedup" = "File"): SiteOptions {
  return {
    deviceType,
    pool: `Maximum Volume Bytes = ${deviceType === "File" ? "400K" : "64K"}
  Volume Retention = 90 days`,
    job: "Accurate = yes",
    client: "File Retention = 30 days",
    resources: `Client {
  Name = second-fd
  Address = 127.0.0.1
  FD Port = ${ports.fileDaemon}
  Catalog = MyCatalog
  Password = "client-secret"
}
FileSet {
  Name = Other
  Include {
    Options { Signature = MD5 }
    File = "${dir}/other"
  }
}
Job {
  Name = SaveOther
  Type = Backup
  Client = second-fd
  FileSet = Other
  Storage = Disks
  Pool = Files
  Messages = Standard
  Level = Full
}`,
  };
}

/** Full, Differential and Incremental of two clients, the Fulls at once. */
async function runJobs(world: World): Promise<void> {
  plainTree(world.path("tree"), { files: 150 });
  mkdirSync(world.path("other"));
  for (let at = 0; at < 60; at++) writeFileSync(world.path(`other/file-${at}`), `${"other ".repeat(400)}${at}`);
  await world.start();
  const first = await world.queue("run job=Save level=Full yes");
  const second = await world.queue("run job=SaveOther level=Full yes");
  for (const jobId of [first, second]) assert.equal((await world.report(jobId)).termination, "Backup OK");
  writeFileSync(world.path("tree/folder-1/added"), "added");
  await world.backup("Differential");
  rmSync(world.path("tree/folder-2"), { recursive: true });
  writeFileSync(world.path("tree/folder-1/again"), "again");
  await world.backup("Incremental");
}

async function bscan(world: World, flags: readonly string[], volumes = world.volumes()): Promise<string> {
  const where = ["-c", world.path("bacula-sd.conf"), "-C", world.path("bacula-dir.conf"), "-V", volumes.join("|")];
  return (await mustRun(join(BIN, "bscan"), [...flags, ...where, "Disk"])).output;
}

/** Takes the catalog away and makes an empty one. */
async function loseCatalog(world: World): Promise<void> {
  if (await isSqlite(world)) {
    for (const end of ["", "-wal", "-shm"]) rmSync(world.path(`work/dir/bacula.db${end}`), { force: true });
  } else {
    const tables = await foreignSql(world, "SHOW TABLES");
    await foreignSql(world, tables.map((table) => `DROP TABLE \`${table}\``).join("; "));
  }
  await world.programs.createCatalog(world.dir);
}

async function isSqlite(world: World): Promise<boolean> {
  const facts = await mustRun(join(BIN, "dbcheck"), ["-B", "-c", world.path("bacula-dir.conf")]);
  return facts.output.includes("db_type=SQLite3");
}

/** "Media 3 Pool 1 Job 2 File 30" */
function added(output: string): string {
  const [, counts = ""] = /Records (?:would have been )?added or updated in the catalog:\n([\s\S]*)/.exec(output) ?? [];
  return [...counts.matchAll(/^ *(\d+) (\w+)$/gm)].map(([, count, what]) => `${what} ${count}`).join(" ");
}

for (const kind of CATALOGS) {
  scenarioOn(
    kind,
    "a lost catalog comes back from the Volumes as it was, and restores",
    { programs: FOREIGN_SQL, site: (dir, ports) => twoClients(dir, ports) },
    async (world) => {
      await runJobs(world);
      await world.stop();
      assert.ok(world.volumes().length >= 3, `several Volumes: ${world.volumes().join(" ")}`);
      const before = await dumpCatalog(world);
      await loseCatalog(world);
      const output = await bscan(world, ["-s", "-m"]);
      assert.match(added(output), new RegExp(`^Media ${world.volumes().length} Pool 1 Job 4 File `));
      assert.deepEqual(dumpDifferences(before, await dumpCatalog(world)), [], "differences to the catalog that was lost");
      assert.equal(added(await bscan(world, ["-s", "-m"])), "Media 0 Pool 0 Job 0 File 0", "a second run adds nothing");
      assert.deepEqual(dumpDifferences(before, await dumpCatalog(world)), [], "after the second run");
      await world.start();
      const where = await world.restore("client=client-fd select current all done");
      await assertSameTree(world.path("tree"), where + world.path("tree"));
      const other = await world.restore("client=second-fd select current all done", world.path("restored-other"));
      await assertSameTree(world.path("other"), other + world.path("other"));
      await world.backup("Incremental");
    },
  );
}

scenario(
  "bscan fills a catalog from packed Volumes with a store of chunks",
  { programs: FOREIGN_SQL, site: (dir, ports) => twoClients(dir, ports, "Dedup") },
  async (world) => {
    await mustRun(join(BIN, "nocturne-sd"), ["--init", "-c", world.path("bacula-sd.conf")]);
    await runJobs(world);
    await world.stop();
    const volumes = world.volumes().filter((name) => !name.startsWith("@"));
    const before = await dumpCatalog(world);
    await loseCatalog(world);
    await bscan(world, ["-s", "-m"], volumes);
    assert.deepEqual(dumpDifferences(before, await dumpCatalog(world)), []);
    await world.start();
    const where = await world.restore("client=client-fd select current all done");
    await assertSameTree(world.path("tree"), where + world.path("tree"));
  },
);
