import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { assertSameTree } from "#regress/compare.ts";
import { mustRun } from "#regress/process.ts";
import { createDebianCatalog } from "#regress/programs.ts";
import { numberIn } from "#regress/report.ts";
import { scenario } from "#regress/scenario.ts";
import { everythingTree, plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const TOOLS = ["/usr/sbin/bls", "/usr/sbin/bextract", "/usr/sbin/bscan"];

/** A tree whose attributes Debian's tools of 9.6.7 know wholly: times to the second, no ACLs and xattrs. */
async function bextractAll(world: World, volumes: readonly string[]): Promise<string> {
  const into = world.path("extracted");
  mkdirSync(into);
  await mustRun("/usr/sbin/bextract", ["-c", world.path("bacula-sd.conf"), "-V", volumes.join("|"), "Disk", into]);
  return into;
}

scenario("Debian's bls lists every file of our Volume", { programs: TOOLS }, async (world) => {
  plainTree(world.path("tree"));
  await world.start();
  await world.backup("Full");
  const [volume = ""] = world.volumes();
  const listing = (await mustRun("/usr/sbin/bls", ["-c", world.path("bacula-sd.conf"), "-V", volume, "Disk"])).output;
  for (let i = 0; i < 40; i++) assert.match(listing, new RegExp(`folder-${i % 5}/file-${i}\\.txt`));
  const sessions = (await mustRun("/usr/sbin/bls", ["-j", "-c", world.path("bacula-sd.conf"), "-V", volume, "Disk"])).output;
  assert.match(sessions, /Begin Job Session Record[\s\S]*Job=Save[\s\S]*End Job Session Record/);
  const blocks = (await mustRun("/usr/sbin/bls", ["-k", "-c", world.path("bacula-sd.conf"), "-V", volume, "Disk"])).output;
  assert.doesNotMatch(blocks, /error/i);
});

scenario("Debian's bextract extracts our Volume to an identical tree", { root: true, programs: TOOLS }, async (world) => {
  everythingTree(world.path("tree"));
  await world.start();
  await world.backup("Full");
  const into = await bextractAll(world, world.volumes());
  // bextract brings no ACLs and xattrs back, and makes two symbolic links of one that has two names
  const rsync = ["--exclude=linked-symlink*"];
  await assertSameTree(world.path("tree"), into + world.path("tree"), { wholeSeconds: true, ignoreAttributes: true, rsync });
});

scenario(
  "Debian's bextract follows a job over several Volumes",
  { programs: TOOLS, site: { pool: "Maximum Volume Bytes = 300K" } },
  async (world) => {
    plainTree(world.path("tree"), { files: 200 });
    await world.start();
    await world.backup("Full");
    assert.ok(world.volumes().length >= 3, `several Volumes: ${world.volumes().join(" ")}`);
    const into = await bextractAll(world, world.volumes());
    await assertSameTree(world.path("tree"), into + world.path("tree"), { wholeSeconds: true });
  },
);

scenario(
  "Debian's bextract takes the bootstrap file that our job wrote",
  { programs: TOOLS, site: (dir) => ({ job: `Write Bootstrap = "${dir}/save.bsr"` }) },
  async (world) => {
    plainTree(world.path("tree"));
    await world.start();
    await world.backup("Full");
    const into = world.path("extracted");
    mkdirSync(into);
    await mustRun("/usr/sbin/bextract", ["-c", world.path("bacula-sd.conf"), "-b", world.path("save.bsr"), "Disk", into]);
    await assertSameTree(world.path("tree"), into + world.path("tree"), { wholeSeconds: true });
  },
);

scenario("Debian's bscan rebuilds its catalog from our Volume", { programs: TOOLS }, async (world) => {
  plainTree(world.path("tree"));
  await world.start();
  const full = await world.backup("Full");
  writeFileSync(world.path("tree/folder-1/added.txt"), "added");
  const incremental = await world.backup("Incremental");
  const [volume = ""] = world.volumes();
  mkdirSync(world.path("scan"));
  createDebianCatalog(world.path("scan/bacula.db"));
  const bscan = [
    "-s",
    "-m",
    "-c",
    world.path("bacula-sd.conf"),
    "-V",
    volume,
    "-w",
    world.path("scan"),
    "-n",
    "bacula",
    "Disk",
  ];
  await mustRun("/usr/sbin/bscan", bscan);
  using catalog = new DatabaseSync(world.path("scan/bacula.db"));
  const jobs = catalog
    .prepare(
      "SELECT Name, Level, JobStatus, JobFiles, (SELECT COUNT(*) FROM File WHERE File.JobId = Job.JobId) AS Files FROM Job ORDER BY JobId",
    )
    .all();
  const expected = [full, incremental].map((report, i) => {
    const files = numberIn(report, "FD Files Written");
    return { Name: "Save", Level: "FI"[i], JobStatus: "T", JobFiles: files, Files: files };
  });
  assert.deepEqual(
    jobs.map((row) => ({ ...row })),
    expected,
  );
  const digests = catalog.prepare("SELECT COUNT(*) AS n FROM File WHERE LENGTH(MD5) > 10").get();
  assert.ok(Number(digests?.n) >= 40, "the digest of each file is found");
});
