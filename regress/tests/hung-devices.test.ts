import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { LoopFileSystem, whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { assertSameTree } from "#regress/compare.ts";
import { assertStoreClean, containersOf, dedup, dedupSite, makeStore } from "#regress/dedup.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const MIB = 1 << 20;

/** A second Device of its own directory, for jobs that find the first one hung. */
const twoDevices = (dir: string) => ({
  device: `Device Probe Limit = 2 s
  Device Probe Interval = 1 s
}
Device {
  Name = Other
  Media Type = File
  Device Type = File
  Archive Device = "${dir}/other"
  Label Media = yes
}
Autochanger {
  Name = Both
  Device = Disk, Other
  Changer Command = ""
  Changer Device = /dev/null`,
});

/** Slow enough that a job is always in the middle when its device freezes. */
const slow = "Maximum Bandwidth = 30 mb/s";
const oneDevice = { device: "Device Probe Limit = 2 s\n  Device Probe Interval = 1 s", job: slow };

for (const type of ["btrfs", "ext4"] as const) {
  scenario(
    `a ${type} that freezes under a job is told within its limit, the daemon answers, and the job ends well after the thaw`,
    { site: oneDevice, root: true, lacks: whyNoLoop(type) },
    async (world) => {
      await using disk = LoopFileSystem.make({ type, bytes: 1024 * MIB, at: world.path("volumes") });
      const tree = world.path("tree");
      for (let i = 0; i < 3; i++) bigFile(`${tree}/big-${i}`, 40);
      await world.start();
      const jobId = await world.queue("run job=Save level=Full yes");
      await world.untilVolumeBytes(10 * MIB);
      disk.freeze();
      await world.until("the job is told", () =>
        /Device "Disk" is blocked: its file system .* has not answered/.test(world.messages()),
      );
      await assertAnswers(world, /Device is BLOCKED: its file system has not answered since/);
      const waiting = await world.queue("run job=Save level=Full yes");
      await world.until("a new job waits for it", async () =>
        /" does not answer/.test(await world.console("status storage=Disks")),
      );
      disk.thaw();
      for (const id of [jobId, waiting]) assert.match((await world.report(id)).termination, /^Backup OK/);
      assert.match(world.messages(), /Device "Disk" is free again/);
      const where = await world.restore(`jobid=${jobId} all done`);
      await assertSameTree(tree, where + tree);
    },
  );
}

scenario(
  "a job that is canceled while its device is frozen ends at once, and the device serves the next one after the thaw",
  { site: oneDevice, root: true, lacks: whyNoLoop("ext4") },
  async (world) => {
    await using disk = LoopFileSystem.make({ type: "ext4", bytes: 1024 * MIB, at: world.path("volumes") });
    for (let i = 0; i < 3; i++) bigFile(world.path("tree", `big-${i}`), 40);
    await world.start();
    const jobId = await world.queue("run job=Save level=Full yes");
    await world.untilVolumeBytes(10 * MIB);
    disk.freeze();
    await world.until("the job is told", () => /Device "Disk" is blocked/.test(world.messages()));
    await world.console(`cancel jobid=${jobId}`);
    assert.equal((await world.report(jobId)).termination, "Backup Canceled");
    disk.thaw();
    await world.until("the device is free again", async () => !/BLOCKED/.test(await world.console("status storage=Disks")));
    assert.match((await world.run("job=Save level=Full")).termination, /^Backup OK/);
  },
);

scenario(
  "a store on a frozen btrfs: the daemon answers, a canceled job ends, another one goes on after the thaw, and the store is clean",
  { site: (dir) => dedupSite(dir, { deviceType: "Btrfs", ...oneDevice }), root: true, lacks: whyNoLoop("btrfs") },
  async (world) => {
    await using disk = LoopFileSystem.make({ type: "btrfs", bytes: 2048 * MIB, at: world.path("volumes") });
    const tree = world.path("tree");
    for (let i = 0; i < 3; i++) randomFile(`${tree}/big-${i}`, 40);
    await makeStore(world);
    await world.start();
    const [going, canceled] = await world.queueAll("run job=Save level=Full yes", "run job=Save level=Full yes");
    await world.until("chunks arrive", () => containersOf(world.path("volumes")).bytes > 20 * MIB);
    disk.freeze();
    await world.until("the jobs are told", () => /Device "Disk" is blocked/.test(world.messages()));
    await assertAnswers(world, /Device is BLOCKED: its file system has not answered since/);
    assert.match(await world.console("dedup status storage=Disks"), /is blocked: its file system has not answered/);
    await world.console(`cancel jobid=${canceled}`);
    assert.equal((await world.report(canceled!)).termination, "Backup Canceled");
    disk.thaw();
    assert.match((await world.report(going!)).termination, /^Backup OK/);
    const where = await world.restore(`jobid=${going} all done`);
    await assertSameTree(tree, where + tree);
    await dedup(world, "vacuum");
    await assertStoreClean(world);
  },
);

scenario(
  "new jobs go to another device of the storage while one is frozen",
  { site: (dir) => ({ ...twoDevices(dir), storage: "Autochanger = yes" }), root: true, lacks: whyNoLoop("ext4") },
  async (world) => {
    await using disk = LoopFileSystem.make({ type: "ext4", bytes: 256 * MIB, at: world.path("volumes") });
    world.edit("bacula-dir.conf", "Device = Disk", "Device = Both");
    mkdirSync(world.path("other"));
    bigFile(world.path("tree", "big"), 20);
    await world.start();
    disk.freeze();
    await world.until("the device is found to hang", async () => /BLOCKED/.test(await world.console("status storage=Disks")));
    const report = await world.run("job=Save level=Full");
    assert.equal(report.termination, "Backup OK");
    assert.match(world.messages(), /Using Device "Other"/);
  },
);

/** The status comes while a disk is frozen, and says what it should. */
async function assertAnswers(world: World, expected: RegExp): Promise<void> {
  assert.match(await world.console("status storage=Disks"), expected);
}
