import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { LoopFileSystem, whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { dedupSite, makeStore } from "#regress/dedup.ts";
import { runCommand } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";
import { plainTree, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";
import { liveThrough, mebibytes, PRESSURE_LEVELS, pressureImage, pressureSite } from "../campaigns/pressure.ts";

/* The long form of the first three is `npm run campaign -- --days=200 --type=...`. */

/** NOCTURNE_REGRESS_LONG=1: also what takes up to a minute and is much like another scenario. */
const isLong = process.env.NOCTURNE_REGRESS_LONG !== undefined;

const DAYS = [
  { deviceType: "Btrfs", image: 300, days: 9, files: 4, changedMib: 20, used: 75 },
  { deviceType: "Dedup", image: 180, days: 9, files: 3, changedMib: 18, used: 70 },
  // A whole Volume goes at a time, and a Full needs its own room beside the last one.
  { deviceType: "File", image: 180, days: 16, files: 3, changedMib: 7, used: 60 },
] as const;

for (const { deviceType, image, days, used, ...tree } of DAYS.filter((each) => isLong || each.deviceType !== "Dedup")) {
  scenario(
    `${deviceType}: on a disk of fixed size a job a day never fails, the disk is made full use of, and what goes next was foretold`,
    {
      site: (dir) => pressureSite(dir, deviceType, 10),
      root: true,
      lacks: whyNoLoop(deviceType === "Btrfs" ? "btrfs" : "ext4") ?? whyNoTestClock(),
    },
    async (world, context) => {
      const clock = world.useClock("2027-01-01 21:00:00");
      const wish = { deviceType, days, imageBytes: mebibytes(image), ...tree, say: (line: string) => context.diagnostic(line) };
      await using _image = pressureImage(world, wish);
      const counts = await liveThrough(world, clock, wish);
      assert.ok(counts.pruned > 0, `nothing went by pressure: ${JSON.stringify(counts)}`);
      assert.ok(counts.lowestUsed >= used, `less than ${used} % in use: ${JSON.stringify(counts)}`);
      context.diagnostic(JSON.stringify(counts));
      await world.stop();
    },
  );
}

/** Everything that pruning could delete, as the catalog has it. */
function rows(world: World): string {
  using catalog = new DatabaseSync(world.path("work/dir/bacula.db"), { readOnly: true });
  const of = (table: string, columns: string) => catalog.prepare(`SELECT ${columns} FROM ${table}`).all();
  return JSON.stringify([
    of("Job", "JobId, JobStatus, PurgedFiles"),
    of("Media", "VolumeName, VolStatus, VolBytes"),
    of("JobMedia", "*"),
  ]);
}

scenario(
  "where the directory is read-only or not mounted prune, label and jobs say so and change nothing, and all goes on when it is back",
  {
    site: (dir) => ({ ...pressureSite(dir, "File", 16), job: "Max Wait Time = 3 minutes" }),
    root: true,
    lacks: whyNoLoop("ext4"),
  },
  async (world) => {
    await using image = LoopFileSystem.make({ type: "ext4", bytes: mebibytes(100), at: world.path("volumes") });
    plainTree(world.path("tree"), { files: 5 });
    await world.start();
    const volume = (await world.backup("Full")).fields.get("Volume name(s)");
    await world.console(`update volume=${volume} volstatus=Used`);
    const refused = async (what: RegExp) => {
      const before = rows(world);
      const files = readdirSync(world.path("volumes"));
      const outputs = [await world.console("prune pressure dryrun storage=Disks")];
      for (const line of ["prune pressure storage=Disks", "prune jobs all yes", "prune expired volume all yes"]) {
        const pruned = await runCommand(world.programs.console, ["-c", world.path("bconsole.conf"), "-x", line]);
        assert.notEqual(pruned.status, 0, pruned.output);
        outputs.push(pruned.output);
      }
      for (const output of outputs) {
        assert.match(output, what);
        assert.ok(output.includes(world.path("volumes")), `the path is not named: ${output}`);
      }
      assert.match(await world.console("label storage=Disks volume=Other pool=Files slot=0 drive=0"), what);
      assert.equal(rows(world), before);
      assert.deepEqual(readdirSync(world.path("volumes")), files);
    };
    execFileSync("mount", ["-o", "remount,ro", world.path("volumes")]);
    await refused(/is mounted read-only/);
    execFileSync("mount", ["-o", "remount,rw", world.path("volumes")]);
    await image.unmount();
    await refused(/is not mounted/);
    await world.console(`update volume=${volume} volstatus=Append`);
    const jobId = await world.queue("run job=Save level=Full yes");
    await world.until("the job says why it waits", () => /is not mounted[^]*Please correct that/.test(world.messages()));
    assert.deepEqual(
      readdirSync(world.path("volumes")).filter((name) => name !== ".nocturne-probe"),
      [],
      "nothing was written to the directory below",
    );
    image.mount();
    await world.console("mount storage=Disks");
    assert.equal((await world.report(jobId)).termination, "Backup OK");
    await world.stop();
  },
);

/** Fills the metadata of a btrfs with tiny files, which it keeps in its trees, until no more go in. */
function fillMetadata(directory: string): void {
  mkdirSync(directory);
  try {
    for (let i = 0; i < 1_000_000; i++) writeFileSync(`${directory}/${i}`, "tiny ".repeat(380));
  } catch (error) {
    if (!/ENOSPC/.test(String(error))) throw error;
  }
}

if (isLong)
  scenario(
    "where btrfs has no metadata left, though much data is free, old backups make room for it and the next job runs",
    { site: (dir) => pressureSite(dir, "Btrfs", 0), root: true, lacks: whyNoLoop("btrfs") },
    async (world) => {
      await using _image = LoopFileSystem.make({ type: "btrfs", bytes: mebibytes(400), at: world.path("volumes") });
      const tree = world.path("tree");
      plainTree(tree, { files: 5 });
      await makeStore(world);
      await world.start();
      for (let i = 0; i < 4; i++) {
        randomFile(`${tree}/changed`, 45);
        await world.backup("Full");
      }
      fillMetadata(world.path("volumes", ".tiny"));
      randomFile(`${tree}/changed`, 20);
      const report = await world.run("job=Save level=Full");
      assert.equal(report.termination, "Backup OK", world.messages().slice(-4000));
      const messages = world.messages();
      assert.match(
        messages,
        /Storage "Disks": .*metadata are free[^]*Deleting Full JobId \d /,
        "it is said what is short, and what goes",
      );
      assert.match(messages, /metadata [\d.]+ \w+ of [\d.]+ \w+ free .*That is enough/, "and how it stands afterwards");
      await world.stop();
    },
  );

scenario(
  "when nothing on a full disk may be deleted the job fails at once and says why; when there is room the next one works",
  { site: (dir) => dedupSite(dir, { storage: PRESSURE_LEVELS }), root: true, lacks: whyNoLoop("ext4") },
  async (world) => {
    await using _image = LoopFileSystem.make({ type: "ext4", bytes: mebibytes(100), at: world.path("volumes") });
    const tree = world.path("tree");
    plainTree(tree, { files: 5 });
    randomFile(`${tree}/a`, 50);
    await makeStore(world);
    await world.start();
    await world.backup("Full");
    randomFile(`${tree}/b`, 60);
    const report = await world.run("job=Save level=Full");
    assert.match(report.termination, /Error/, world.messages().slice(-3000));
    assert.match(world.messages(), /nothing may be deleted: Full JobId 1 .*newest good Full/);
    randomFile(`${tree}/b`, 5);
    assert.equal((await world.run("job=Save level=Full")).termination, "Backup OK", world.messages().slice(-3000));
    await world.stop();
  },
);
