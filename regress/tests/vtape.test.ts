import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { LIBRARY_SITE, makeLibrary } from "#regress/changer.ts";
import { assertSameTree } from "#regress/compare.ts";
import { FOREIGN_SQL, foreignSql } from "#regress/foreign-sql.ts";
import { mustRun, runCommand } from "#regress/process.ts";
import { BIN } from "#regress/programs.ts";
import { loseCatalog } from "#regress/rebuild.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

/** Where a job's runs of blocks lie: tape, first and last file, first and last block. */
async function placesOf(world: World, jobId: number): Promise<(readonly [string, number, number, number, number])[]> {
  const rows = await foreignSql(
    world,
    `SELECT m.VolumeName, j.StartFile, j.EndFile, j.StartBlock, j.EndBlock FROM JobMedia j JOIN Media m USING (MediaId) WHERE j.JobId = ${jobId} ORDER BY j.JobMediaId`,
  );
  return rows.map((line) => {
    const [volume = "", ...numbers] = line.split("|");
    const [startFile = -1, endFile = -1, startBlock = -1, endBlock = -1] = numbers.map(Number);
    return [volume, startFile, endFile, startBlock, endBlock] as const;
  });
}

const CODES = ["T1", "T2", "T3", "T4"];

scenario(
  "jobs on tapes of a library: they span, append at the end of data, and are restored by their positions",
  { programs: FOREIGN_SQL, site: { ...LIBRARY_SITE, labelMedia: false } },
  async (world: World) => {
    makeLibrary(world, {
      slots: 4,
      drives: 1,
      barcodes: CODES,
      deviceType: "VTape",
      device: "Volume Capacity = 4000000\n  Maximum File Size = 1000000",
    });
    const tree = world.path("tree");
    plainTree(tree, { files: 20 });
    bigFile(`${tree}/big`, 10);
    await world.start();
    const labeled = await world.console("label barcodes storage=Disks drive=0 pool=Files slots=1-4 yes");
    assert.match(labeled, /3000 OK label\. VolBytes=\d+ VolABytes=0 VolType=5 Volume="T1"/, labeled);
    const saved = await world.backup("Full");
    assert.equal(saved.termination, "Backup OK", saved.text + world.messages().slice(-3000));
    const volumes = /Volume name\(s\): +(\S+)/.exec(saved.text)?.[1]?.split("|") ?? [];
    assert.ok(volumes.length >= 3, `${volumes.join()} ${saved.text}`);
    const places = await placesOf(world, 1);
    assert.ok(places.length >= 9, JSON.stringify(places));
    for (const [, startFile, endFile, startBlock, endBlock] of places) {
      assert.equal(startFile, endFile, "a run goes beyond a file mark");
      assert.ok(startFile >= 1, "file 0 is the label's");
      assert.ok(startBlock === 0 && endBlock <= 16, `blocks are counted, not bytes: ${startBlock}-${endBlock}`);
    }
    const first = await world.console(`llist volume=${volumes[0] ?? ""}`);
    assert.match(first, /voltype: +5/i, first);
    assert.match(first, /volfiles: +5\b/i, first);

    // The next job goes to the end of data of the last tape.
    writeFileSync(`${tree}/late`, "a file of the second job\n");
    const more = await world.backup("Incremental");
    assert.equal(more.termination, "Backup OK", more.text);
    assert.match(world.messages(), /Ready to append to end of Volume "T\d" at file=\d+/);
    await assertSameTree(tree, (await world.restore()) + tree);
  },
);

scenario(
  "one tape: a file is restored by its position, tools read it, and a daemon that is killed leaves a good tape",
  { site: { job: "Maximum Bandwidth = 15 mb/s" } },
  async (world: World) => {
    const tape = world.path("tapes", "T1");
    mkdirSync(world.path("tapes"));
    writeFileSync(tape, "");
    world.edit("bacula-sd.conf", /Archive Device = .*/, `Archive Device = "${tape}"`);
    world.edit(
      "bacula-sd.conf",
      /Device Type = .*/,
      `Device Type = VTape\n  Format Command = /bin/true\n  Maximum File Size = 1000000\n  Two EOF = yes`,
    );
    const tree = world.path("tree");
    plainTree(tree, { files: 20 });
    bigFile(`${tree}/big`, 12);
    writeFileSync(`${tree}/zz-last`, "the last file of the job\n");
    await world.start();
    assert.match(await world.console("label storage=Disks volume=T1 pool=Files"), /3000 OK label/);
    const saved = await world.backup("Full");
    assert.equal(saved.termination, "Backup OK", saved.text + world.messages().slice(-3000));
    // What is in the drive is meant: it is not lost under another name, and a scan of it is written down.
    const [other, unnamed] = [await world.console("format storage=Disks volume=T2 yes"), await world.console("format yes")];
    assert.match(other, /holds Volume "T1", not "T2": it is not formatted/);
    assert.match(unnamed, /format: which Volume\?/);
    assert.match(await world.console("scan storage=Disks"), /Volume "T1": [\d,]+ blocks, [\d,]+ bytes, 0 bad blocks/);
    assert.match(await world.console("llist volume=T1"), /lastverified: \d{4}-/i);
    for (const line of ["scan storage=Disks oldest=1 volume=T1", "label storage=Disks volume=T2 pool=Files slots=1"])
      assert.match(await world.console(line), /another one \(give one|slots says nothing without barcodes/, line);
    const job = await world.queue(`restore select file=${tree}/zz-last where=${world.path("one")} all done yes`);
    const restored = await world.report(job);
    assert.equal(restored.termination, "Restore OK", restored.text);

    // The daemon is killed while it writes; what the tape holds of that job is kept, and the next job is appended behind it.
    bigFile(`${tree}/big2`, 100);
    const cut = await world.queue("run job=Save level=Full yes");
    const before = statSync(tape).size;
    await world.until("the second job has written some of its data", () => statSync(tape).size > before + 4_000_000);
    await world.kill("sd");
    await world.startOne("sd");
    assert.notEqual((await world.report(cut)).termination, "Backup OK");
    const third = await world.backup("Full");
    assert.equal(third.termination, "Backup OK", third.text + world.messages().slice(-3000));
    await assertSameTree(tree, (await world.restore("select current all done")) + tree);

    await world.stop("sd");
    const refused = await runCommand(`${BIN}/btape`, [tape, "test"]);
    assert.match(refused.output, /Volume "T1" was left as it is/, refused.output);
    const listed = await mustRun(`${BIN}/bls`, [tape]);
    for (const name of ["zz-last", "big2"]) assert.ok(listed.output.includes(`${tree}/${name}`), `bls does not list ${name}`);
    mkdirSync(world.path("extracted"));
    // Half a file of the job that was cut off is an error that is told; the job after it has all of it.
    await runCommand(`${BIN}/bextract`, ["-p", tape, world.path("extracted")]);
    for (const name of ["zz-last", "big", "big2"])
      assert.ok(
        readFileSync(`${tree}/${name}`).equals(readFileSync(`${world.path("extracted")}${tree}/${name}`)),
        `${name} differs`,
      );
  },
);

scenario(
  "btape: all subtests are OK on a tape in a file, a fill is read again, and what it must not touch it leaves",
  { site: {} },
  async (world) => {
    const tape = world.path("tape");
    writeFileSync(tape, "");
    world.edit(
      "bacula-sd.conf",
      /Archive Device = .*/,
      `Archive Device = "${tape}"\n  Volume Capacity = 30000000\n  Maximum File Size = 8000000`,
    );
    world.edit("bacula-sd.conf", /Device Type = .*/, "Device Type = VTape");
    const device = /Device \{\s*Name = (\S+)/.exec(readFileSync(world.path("bacula-sd.conf"), "utf8"))?.[1] ?? "";
    const btape = async (args: readonly string[], input = "") =>
      await runCommand(`${BIN}/btape`, ["-c", world.path("bacula-sd.conf"), "-w", world.path(""), ...args], { input });
    // By the name of the resource, and by its path: what is no path is a name.
    for (const named of [device, tape]) {
      const tested = await btape([named, "test"]);
      assert.equal(tested.status, 0, tested.output);
      assert.match(tested.output, /We should be in file 4\. I am at file 4\. This is correct!/);
      assert.match(tested.output, /Total files=4, blocks=7, bytes = 451,136/);
      assert.equal(tested.output.match(/^OK /gm)?.length, 5, tested.output);
    }
    const filled = await btape([device, "fill"], "s\n");
    assert.match(filled.output, /Tape is full: early warning[^]*The last block on the tape matches\. Test succeeded\./);
    assert.equal((await btape([device, "unfill"])).status, 0);
    const walked = await btape([device], "rewind\nfsf 2\nfsr 3\nbsr\nstatus\nbogus\nquit\n");
    assert.match(walked.output, /file=2 block=2[^]*"bogus" is an invalid command/);
    assert.equal(walked.status, 1);

    // A Volume of the site is not written over without a yes.
    await btape([device, "label", "Site1"], "yes\n");
    const relabeled = await btape([device, "readlabel"]);
    assert.match(relabeled.output, /VolName {11}: Site1/, relabeled.output);
    assert.match((await btape([world.path(""), "test"])).output, /nothing for btape to test/);
    assert.match((await btape(["/dev/null", "test"])).output, /no driver for real drives/);
    assert.match((await btape(["Nowhere", "test"])).output, /Could not find device "Nowhere"/);
  },
);

scenario(
  "a lost catalog is rebuilt from a tape, with the same places, and restores from them",
  { programs: FOREIGN_SQL, site: {} },
  async (world) => {
    const tape = world.path("tapes", "T1");
    mkdirSync(world.path("tapes"));
    writeFileSync(tape, "");
    world.edit("bacula-sd.conf", /Archive Device = .*/, `Archive Device = "${tape}"`);
    world.edit("bacula-sd.conf", /Device Type = .*/, `Device Type = VTape\n  Maximum File Size = 1000000`);
    const tree = world.path("tree");
    plainTree(tree, { files: 10 });
    bigFile(`${tree}/big`, 6);
    await world.start();
    await world.console("label storage=Disks volume=T1 pool=Files");
    assert.equal((await world.backup("Full")).termination, "Backup OK");
    assert.equal((await world.backup("Full")).termination, "Backup OK");
    const rows = async () => [
      ...(await foreignSql(
        world,
        "SELECT JobId, FirstIndex, LastIndex, StartFile, EndFile, StartBlock, EndBlock FROM JobMedia ORDER BY JobId, JobMediaId",
      )),
      ...(await foreignSql(
        world,
        "SELECT VolumeName, VolBytes, VolBlocks, VolFiles, EndFile, EndBlock, VolType, VolJobs FROM Media",
      )),
    ];
    const before = await rows();
    await world.stop("dir");
    await loseCatalog(world);
    const said = await mustRun(`${BIN}/bscan`, [
      "-s",
      "-m",
      "-c",
      world.path("bacula-sd.conf"),
      "-C",
      world.path("bacula-dir.conf"),
      "Disk",
    ]);
    const after = await rows();
    assert.deepEqual(after, before, said.output);
    await world.start("dir");
    await assertSameTree(tree, (await world.restore("select jobid=2 all done")) + tree);
  },
);
