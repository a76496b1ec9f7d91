import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { foreignSql } from "./foreign-sql.ts";
import { mustRun } from "./process.ts";
import { BIN } from "./programs.ts";
import type { SiteOptions } from "./site.ts";
import { plainTree } from "./trees.ts";
import type { World } from "./world.ts";

/** A second client that is the same machine, with a job of its own; Volumes that are soon full. */
export function twoClients(
  dir: string,
  ports: { readonly fileDaemon: number },
  deviceType: "File" | "Dedup" = "File",
): SiteOptions {
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
export async function runJobs(world: World): Promise<void> {
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

/** Runs bscan of ours on Volumes of the site; answers what it printed. It must end well. */
export async function bscan(world: World, flags: readonly string[], volumes = world.volumes()): Promise<string> {
  const where = ["-c", world.path("bacula-sd.conf"), "-C", world.path("bacula-dir.conf"), "-V", volumes.join("|")];
  return (await mustRun(join(BIN, "bscan"), [...flags, ...where, "Disk"])).output;
}

/** Takes the catalog away; makes a new one, or leaves the database empty. */
export async function loseCatalog(world: World, leave: "a new one" | "empty" = "a new one"): Promise<void> {
  if (await isSqlite(world)) {
    for (const end of ["", "-wal", "-shm"]) rmSync(world.path(`work/dir/bacula.db${end}`), { force: true });
  } else {
    const tables = await foreignSql(world, "SHOW TABLES");
    await foreignSql(world, tables.map((table) => `DROP TABLE \`${table}\``).join("; "));
  }
  if (leave === "a new one") await world.programs.createCatalog(world.dir);
}

async function isSqlite(world: World): Promise<boolean> {
  const facts = await mustRun(join(BIN, "dbcheck"), ["-B", "-c", world.path("bacula-dir.conf")]);
  return facts.output.includes("db_type=SQLite3");
}

/** What bscan said that it did: "Media 3 Pool 1 Job 2 File 30". */
export function added(output: string): string {
  const [, counts = ""] = /Records (?:would have been )?added or updated in the catalog:\n([\s\S]*)/.exec(output) ?? [];
  return [...counts.matchAll(/^ *(\d+) (\w+)$/gm)].map(([, count, what]) => `${what} ${count}`).join(" ");
}
