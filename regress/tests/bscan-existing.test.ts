import assert from "node:assert/strict";
import { copyFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dumpCatalog, dumpDifferences } from "#regress/catalog-dump.ts";
import { FOREIGN_SQL, foreignSql } from "#regress/foreign-sql.ts";
import { mustRun, runCommand } from "#regress/process.ts";
import { BIN } from "#regress/programs.ts";
import { added, bscan, loseCatalog } from "#regress/rebuild.ts";
import { numberIn } from "#regress/report.ts";
import { scenario } from "#regress/scenario.ts";
import { plainTree } from "#regress/trees.ts";

scenario(
  "bscan -m makes a Volume's row agree with the Volume, and jobs go on there",
  { programs: FOREIGN_SQL },
  async (world) => {
    plainTree(world.path("tree"));
    await world.start();
    await world.backup("Full");
    await world.stop();
    const row = "SELECT VolBytes, VolBlocks, VolJobs, EndBlock, VolStatus, LastWritten IS NOT NULL FROM Media";
    const before = await foreignSql(world, row);
    const rest = await dumpCatalog(world);
    // As a Director that fell over before it heard of the job's last blocks.
    await foreignSql(world, "UPDATE Media SET VolBytes = 177, VolBlocks = 0, VolJobs = 0, EndBlock = 176, LastWritten = NULL");
    const dry = await bscan(world, []);
    assert.match(dry, /Records would have been added or updated in the catalog:\n +1 Media/);
    assert.notDeepEqual(await foreignSql(world, row), before, "without -s and -m nothing is changed");
    assert.equal(added(await bscan(world, ["-m"])), "Media 1 Pool 0 Job 0 File 0");
    assert.deepEqual(await foreignSql(world, row), before);
    assert.deepEqual(dumpDifferences(rest, await dumpCatalog(world)), []);
    await world.start();
    await world.backup("Incremental");
    assert.deepEqual(world.volumes().length, 1, "the job went on on the same Volume");
  },
);

scenario("bscan adds what a catalog lacks and leaves the rest alone", { programs: FOREIGN_SQL }, async (world) => {
  plainTree(world.path("tree"));
  await world.start();
  await world.backup("Full");
  writeFileSync(world.path("tree/folder-1/added"), "added");
  await world.backup("Incremental");
  await world.stop();
  const before = await dumpCatalog(world);
  await foreignSql(world, "DELETE FROM File WHERE JobId = 1 AND FileIndex % 3 = 0");
  await foreignSql(
    world,
    "DELETE FROM Job WHERE JobId = 2; DELETE FROM File WHERE JobId = 2; DELETE FROM JobMedia WHERE JobId = 2",
  );
  const output = await bscan(world, ["-s"]);
  assert.match(added(output), /^Media 0 Pool 0 Job 1 File [1-9]/);
  assert.deepEqual(dumpDifferences(before, await dumpCatalog(world)), []);
  // A run that was killed in the middle leaves its note, and files without the rest.
  await foreignSql(world, "DELETE FROM File WHERE JobId = 1 AND FileIndex > 20");
  await foreignSql(world, "INSERT INTO NocturneJobEvent (JobId, Daemon, LastEvent, LastFilename) VALUES (1, 'bscan', 3, '')");
  assert.match(await bscan(world, ["-s"]), /JobId=1 was left half rebuilt/);
  assert.deepEqual(dumpDifferences(before, await dumpCatalog(world)), []);
});

scenario("a job without its end label is incomplete, and no base for others", { programs: FOREIGN_SQL }, async (world) => {
  plainTree(world.path("tree"), { files: 200 });
  await world.start();
  const report = await world.backup("Full");
  await world.stop();
  const [volume = ""] = world.volumes();
  truncateSync(world.path("volumes", volume), Math.floor(statSync(world.path("volumes", volume)).size / 2));
  await loseCatalog(world);
  const where = ["-c", world.path("bacula-sd.conf"), "-C", world.path("bacula-dir.conf"), "-V", volume, "Disk"];
  const ended = await runCommand(join(BIN, "bscan"), ["-s", "-m", "-p", ...where]);
  assert.match(ended.output, /the Volume ends after[\s\S]*has no end on these Volumes and is incomplete/);
  assert.notEqual(ended.status, 0, "damage shows in the exit status");
  const [row = ""] = await foreignSql(world, "SELECT JobStatus, JobFiles, (SELECT COUNT(*) FROM File) FROM Job");
  const [status, files, rows] = row.split("|");
  assert.equal(status, "I");
  assert.ok(Number(files) > 10 && Number(files) < numberIn(report, "FD Files Written"), `JobFiles ${files}`);
  assert.ok(Math.abs(Number(rows) - Number(files)) <= 1, `${rows} rows of ${files} files`);
  await world.start();
  const next = await world.run("job=Save level=Incremental");
  assert.match(next.text, /upgraded from Incremental/);
});

scenario(
  "bscan -b stores the jobs of a bootstrap file, and the Volume's row waits for a whole reading",
  { programs: FOREIGN_SQL, site: (dir) => ({ job: `Write Bootstrap = "${dir}/save.bsr"` }) },
  async (world) => {
    plainTree(world.path("tree"));
    await world.start();
    await world.backup("Full");
    copyFileSync(world.path("save.bsr"), world.path("full.bsr"));
    writeFileSync(world.path("tree/folder-1/added"), "added");
    await world.backup("Incremental");
    await world.stop();
    const before = await dumpCatalog(world);
    await loseCatalog(world);
    const where = ["-c", world.path("bacula-sd.conf"), "-C", world.path("bacula-dir.conf")];
    await mustRun(join(BIN, "bscan"), ["-s", "-m", "-b", world.path("full.bsr"), ...where, "Disk"]);
    assert.deepEqual(await foreignSql(world, "SELECT JobId, JobStatus FROM Job"), ["1|T"]);
    assert.deepEqual(await foreignSql(world, "SELECT VolBytes FROM Media"), ["0"]);
    assert.match(added(await bscan(world, ["-s", "-m"])), /^Media 1 Pool 0 Job 1 File /);
    assert.deepEqual(dumpDifferences(before, await dumpCatalog(world)), []);
  },
);
