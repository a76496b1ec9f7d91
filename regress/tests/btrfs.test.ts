import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { unlink, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { btrfsImage } from "#regress/btrfs-image.ts";
import { assertSameTree } from "#regress/compare.ts";
import { assertStoreClean, containersOf, dedup, dedupSite, makeStore } from "#regress/dedup.ts";
import { mustRun } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { plainTree, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const MIB = 1 << 20;
const lacks = whyNoLoop("btrfs");
const site = (dir: string) => dedupSite(dir, { deviceType: "Btrfs" });
/** Slow enough that a job is always in the middle when it is canceled. */
const slowSite = (dir: string) => dedupSite(dir, { deviceType: "Btrfs", job: "Maximum Bandwidth = 20 mb/s" });

/** Files came and went since: the directory's own time is another. */
const leftOut = { rsync: ["--omit-dir-times"] };

async function btrfs(...args: string[]): Promise<string> {
  return (await mustRun("btrfs", args)).stdout;
}

async function readOnlySnapshots(world: World): Promise<string[]> {
  return (await btrfs("subvolume", "list", "-r", world.path("volumes")))
    .split("\n")
    .flatMap((line) => /path (\S+)$/.exec(line)?.[1] ?? []);
}

scenario(
  "a job that ends well leaves a read-only snapshot, a failed or canceled one none",
  { site: slowSite, root: true, lacks },
  async (world) => {
    await using _image = await btrfsImage(world.path("volumes"), { mebibytes: 1024 });
    const tree = world.path("tree");
    plainTree(tree, { files: 200 });
    randomFile(`${tree}/big`, 20);
    await makeStore(world);
    await world.start();
    await world.backup("Full");
    const first = (await readOnlySnapshots(world)).filter((path) => path.startsWith("@snapshots/Vol-0001/"));
    assert.equal(first.length, 1, (await readOnlySnapshots(world)).join());
    assert.ok((await readOnlySnapshots(world)).some((path) => path.startsWith("@snapshots/@chunks-all/")));
    assert.throws(() => writeFileSync(world.path("volumes", first[0]!, "touched"), ""), { code: "EROFS" });
    assert.equal(readdirSync(world.path("volumes", first[0]!, "sessions")).length, 1, "a copy of the job's references");
    for (let i = 0; i < 4; i++) randomFile(`${tree}/more-${i}`, 80);
    const jobId = await world.queue("run job=Save level=Full yes");
    await world.until("chunks arrive", () => containersOf(world.path("volumes")).bytes > 30 * MIB);
    await world.console(`cancel jobid=${jobId}`);
    assert.equal((await world.report(jobId)).termination, "Backup Canceled");
    assert.deepEqual(
      (await readOnlySnapshots(world)).filter((path) => path.startsWith("@snapshots/Vol-0001/")),
      first,
    );
    const where = await world.restore("jobid=1 all done");
    for (let i = 0; i < 4; i++) rmSync(`${tree}/more-${i}`);
    await assertSameTree(tree, where + tree, leftOut);
    await assertStoreClean(world);
    assert.match(await dedup(world, "scrub"), /btrfs scrub of .*no errors found/);
  },
);

scenario("the space of a deleted job is really free, though snapshots held it", { site, root: true, lacks }, async (world) => {
  await using _image = await btrfsImage(world.path("volumes"), { mebibytes: 1024 });
  const tree = world.path("tree");
  plainTree(tree, { files: 20 });
  randomFile(`${tree}/big`, 200);
  await makeStore(world);
  await world.start();
  await world.backup("Full");
  const used = async () =>
    Number(/^Data,.*Used:(\d+)/m.exec(await btrfs("filesystem", "usage", "--raw", world.path("volumes")))?.[1]);
  await btrfs("filesystem", "sync", world.path("volumes"));
  const before = await used();
  assert.ok(before > 200 * MIB);
  await world.console("delete jobid=1 yes");
  await dedup(world, "vacuum");
  await world.until("btrfs has the space back", async () => {
    await btrfs("filesystem", "sync", world.path("volumes"));
    await sleep(200);
    return (await used()) < before - 190 * MIB;
  });
});

scenario(
  "a client that has used up its quota fails with quota exceeded, other clients go on, and the status shows sizes",
  {
    site: (dir) =>
      dedupSite(dir, {
        deviceType: "Btrfs",
        device: "Dedup Domain = client\n  Client Quota = 60 M",
        resources: `Client {
  Name = second-fd
  Address = 127.0.0.1
  FD Port = @PORT@
  Catalog = MyCatalog
  Password = "client-secret"
}
Job {
  Name = Second
  Type = Backup
  Level = Full
  Client = second-fd
  FileSet = Small
  Storage = Disks
  Pool = Files
  Messages = Standard
}
FileSet {
  Name = Small
  Include { Options { Signature = MD5 }
    File = "${dir}/small" }
}`,
      }),
    root: true,
    lacks,
  },
  async (world) => {
    world.edit("bacula-dir.conf", "@PORT@", String(world.ports.fileDaemon));
    await using _image = await btrfsImage(world.path("volumes"), { mebibytes: 1024 });
    const tree = world.path("tree");
    mkdirSync(world.path("small"));
    randomFile(world.path("small", "file"), 5);
    randomFile(`${tree}/fits`, 30);
    await makeStore(world);
    await world.start();
    await world.backup("Full");
    for (let i = 0; i < 3; i++) randomFile(`${tree}/too-much-${i}`, 40);
    const [over, other] = [
      await world.queue("run job=Save level=Full yes"),
      await world.queue("run job=Second level=Full yes"),
    ];
    assert.match((await world.report(over)).termination, /Error/);
    assert.match(world.messages(), /quota exceeded/i);
    assert.equal((await world.report(other)).termination, "Backup OK");
    const status = await world.console("status storage=Disks");
    assert.match(status, /Client "client-fd": Referenced=.* Exclusive=.* Quota=/);
    assert.match(status, /Client "second-fd": Referenced=/);
    assert.match(status, /Volume "Vol-0001": Referenced=/);
    assert.match(status, /Btrfs: Free=.*Unallocated=/);
    const where = await world.restore("jobid=1 all done");
    for (let i = 0; i < 3; i++) rmSync(`${tree}/too-much-${i}`);
    await assertSameTree(tree, where + tree, leftOut);
    // What the failed job had stored is collected although the quota was used up, and there is room for what fits.
    randomFile(`${tree}/fits-too`, 20);
    await dedup(world, "vacuum");
    assert.equal((await world.run("job=Save level=Full")).termination, "Backup OK");
    await assertStoreClean(world);
  },
);

scenario("a Btrfs device on another file system is refused in words", { site }, async (world) => {
  plainTree(world.path("tree"));
  await world.start();
  const output = await dedup(world, "init");
  assert.match(output, /does not lie on btrfs/);
  assert.ok(!existsSync(world.path("volumes", "@chunks")));
  assert.deepEqual(
    readdirSync(world.path("volumes")).filter((name) => name !== ".nocturne-probe"),
    [],
  );
});

scenario(
  "jobs at once, with deletions and collections between them, leave the file system usable by others and clean",
  { site, root: true, lacks },
  async (world) => {
    await using _image = await btrfsImage(world.path("volumes"), { mebibytes: 2048 });
    const tree = world.path("tree");
    plainTree(tree, { files: 300 });
    randomFile(`${tree}/shared`, 30);
    await makeStore(world);
    await world.start();
    let touched = 0;
    let isOver = false;
    const touching = (async () => {
      while (!isOver) {
        await writeFile(world.path("volumes", ".touched"), "", { flush: true });
        await unlink(world.path("volumes", ".touched"));
        touched++;
        await sleep(100);
      }
    })();
    const kept: number[] = [];
    for (let round = 0; round < 2; round++) {
      randomFile(`${tree}/round`, 30);
      const jobs = await world.queueAll(...Array<string>(5).fill("run job=Save level=Full yes"));
      for (const { termination } of await world.reports(jobs)) assert.equal(termination, "Backup OK");
      await world.console(...jobs.slice(1).map((id) => `delete jobid=${id} yes`));
      kept.push(jobs[0]!);
    }
    await dedup(world, "vacuum");
    isOver = true;
    await touching;
    assert.ok(touched >= 10, `a small write was done only ${touched} times meanwhile`);
    const snapshots = (await readOnlySnapshots(world)).filter((path) => path.startsWith("@snapshots/Vol"));
    assert.equal(snapshots.length, kept.length, snapshots.join());
    await assertStoreClean(world);
    const where = await world.restore(`jobid=${kept.at(-1)} all done`);
    await assertSameTree(tree, where + tree);
  },
);
