import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { FOREIGN_SQL, foreignSql } from "#regress/foreign-sql.ts";
import { mustRun } from "#regress/process.ts";
import { createDebianCatalog, DEBIAN_BACULA, DEBIAN_BACULA_FILES } from "#regress/programs.ts";
import { bscan, runJobs, twoClients } from "#regress/rebuild.ts";
import { scenario } from "#regress/scenario.ts";
import { everythingTree } from "#regress/trees.ts";
import { World } from "#regress/world.ts";

const DEBIAN_BSCAN = "/usr/sbin/bscan";

/**
 * What both make of a job, in the words of each one's tables. Debian's 9.6.7 has names of files in a table of their own, and gives all jobs
 * of a run the FileSet of the first one.
 */
const JOBS = `SELECT j.Job, j.Name, j.Type, j.Level, j.JobStatus, c.Name, p.Name, j.VolSessionId, j.VolSessionTime, j.JobErrors
  FROM Job j JOIN Client c ON c.ClientId = j.ClientId JOIN Pool p ON p.PoolId = j.PoolId
  WHERE j.Type = 'B' ORDER BY j.Job`;
const OUR_FILES = `SELECT j.Job, f.FileIndex, p.Path, f.Filename, f.LStat, f.MD5 FROM File f JOIN Path p ON p.PathId = f.PathId
  JOIN Job j ON j.JobId = f.JobId ORDER BY j.Job, p.Path, f.Filename`;
const DEBIAN_FILES = `SELECT j.Job, f.FileIndex, p.Path, n.Name, f.LStat, f.MD5 FROM File f JOIN Path p ON p.PathId = f.PathId
  JOIN Filename n ON n.FilenameId = f.FilenameId JOIN Job j ON j.JobId = f.JobId ORDER BY j.Job, p.Path, n.Name`;
const PLACES = `SELECT DISTINCT j.Job, m.VolumeName FROM JobMedia r JOIN Job j ON j.JobId = r.JobId JOIN Media m ON m.MediaId = r.MediaId
  ORDER BY j.Job, m.VolumeName`;

async function sqlite(path: string, query: string): Promise<string[]> {
  const { stdout } = await mustRun("/usr/bin/sqlite3", [path, query]);
  return stdout.split("\n").filter((line) => line !== "");
}

/** Debian's bscan on the Volumes of a site, into a catalog of its own; gives the path of that. */
async function debianScan(world: World, volumes = world.volumes()): Promise<string> {
  mkdirSync(world.path("scan"));
  createDebianCatalog(world.path("scan/bacula.db"));
  const where = ["-c", world.path("bacula-sd.conf"), "-w", world.path("scan"), "-n", "bacula", "-V", volumes.join("|")];
  const { output } = await mustRun(DEBIAN_BSCAN, ["-s", "-m", ...where, "Disk"]);
  const complaints = output.split("\n").filter((line) => /Unknown stream|Could not/.test(line));
  assert.deepEqual(complaints, [], "Debian's bscan has nothing to complain of");
  return world.path("scan/bacula.db");
}

scenario(
  "Debian's bscan finds the same jobs, files and places on our Volumes as our catalog",
  { programs: [...FOREIGN_SQL, DEBIAN_BSCAN], site: (dir, ports) => twoClients(dir, ports) },
  async (world) => {
    await runJobs(world);
    await world.stop();
    const scanned = await debianScan(world);
    assert.deepEqual(await sqlite(scanned, JOBS), await foreignSql(world, JOBS));
    assert.deepEqual(await sqlite(scanned, PLACES), await foreignSql(world, PLACES));
    // Files that an accurate job found deleted have no FileIndex in our catalog; Debian's bscan gives them that of their record.
    const live = (rows: readonly string[]): string[] =>
      rows.filter((row) => !deleted.has(row.split("|").slice(2, 4).join("|")));
    const gone = await foreignSql(
      world,
      "SELECT p.Path, f.Filename FROM File f JOIN Path p ON p.PathId = f.PathId WHERE f.FileIndex = 0",
    );
    const deleted = new Set(gone);
    assert.ok(deleted.size > 3);
    assert.deepEqual(live(await sqlite(scanned, DEBIAN_FILES)), live(await foreignSql(world, OUR_FILES)));
  },
);

scenario(
  "bscan makes of Volumes that Debian's Bacula wrote what Debian's bscan makes of them",
  { root: true, programs: [...FOREIGN_SQL, ...DEBIAN_BACULA_FILES, DEBIAN_BSCAN] },
  async (world) => {
    await using foreign = await World.create({ pool: "Maximum Volume Bytes = 3M" }, DEBIAN_BACULA);
    everythingTree(foreign.path("tree"));
    for (let at = 0; at < 200; at++) writeFileSync(foreign.path(`tree/more-${at}`), `${"more ".repeat(5000)}${at}`);
    await foreign.start();
    await foreign.backup("Full");
    writeFileSync(foreign.path("tree/added"), "added");
    await foreign.backup("Incremental");
    await foreign.stop();
    const volumes = foreign.volumes();
    assert.ok(volumes.length >= 2, `several Volumes: ${volumes.join(" ")}`);
    cpSync(foreign.path("volumes"), world.path("volumes"), { recursive: true });
    await world.programs.createCatalog(world.dir);
    await bscan(world, ["-s", "-m"], volumes);
    const scanned = await debianScan(foreign, volumes);
    assert.deepEqual(await foreignSql(world, JOBS), await sqlite(scanned, JOBS));
    // The two keep names that are no text in different types, which sort apart.
    assert.deepEqual((await foreignSql(world, OUR_FILES)).toSorted(), (await sqlite(scanned, DEBIAN_FILES)).toSorted());
    assert.deepEqual(await foreignSql(world, PLACES), await sqlite(scanned, PLACES));
    const counts = "SELECT Job, JobFiles, JobBytes FROM Job ORDER BY Job";
    assert.deepEqual(await foreignSql(world, counts), await sqlite(scanned, counts));
  },
);
