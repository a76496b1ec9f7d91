import assert from "node:assert/strict";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assertSameTree, assertStillSparse } from "#regress/compare.ts";
import { assertStoreClean, containersOf, dedup, dedupSite, makeStore } from "#regress/dedup.ts";
import { numberIn } from "#regress/report.ts";
import { scenario } from "#regress/scenario.ts";
import { everythingTree, plainTree, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const MIB = 1 << 20;
const site = (dir: string) => dedupSite(dir);

async function startWithStore(world: World): Promise<void> {
  await makeStore(world);
  await world.start();
}

const stored = (world: World): number => containersOf(world.path("volumes")).bytes;

scenario("every file type and attribute comes back from a store as it was", { site, root: true }, async (world) => {
  const tree = world.path("tree");
  everythingTree(tree);
  await startWithStore(world);
  await world.backup("Full");
  const where = await world.restore();
  await assertSameTree(tree, where + tree);
  await assertStoreClean(world);
  // Once more, now from what the client remembers.
  await sleep(2100);
  await world.backup("Full");
  const again = await world.restore();
  await assertSameTree(tree, again + tree);
});

scenario("a second Full of an unchanged tree is not read, stores under 1 % and restores the same", { site }, async (world) => {
  const tree = world.path("tree");
  plainTree(tree, { files: 2000 });
  for (let i = 0; i < 4; i++) randomFile(`${tree}/big-${i}`, 20);
  await sleep(2100);
  await startWithStore(world);
  const first = await world.backup("Full");
  const before = stored(world);
  assert.ok(before > 80 * MIB);
  const second = await world.backup("Full");
  assert.ok(stored(world) - before < before / 100, `${stored(world) - before} bytes more`);
  assert.equal(numberIn(second, "FD Files Written"), numberIn(first, "FD Files Written"));
  assert.ok(numberIn(second, "Network Bytes") < numberIn(first, "Network Bytes") / 50, second.text);
  const where = await world.restore("jobid=2 all done");
  await assertSameTree(tree, where + tree);
});

scenario("one byte in front of 200 MB adds under 5 MB, and 1 MB changed in it sends under 10 MB", { site }, async (world) => {
  const tree = world.path("tree");
  randomFile(`${tree}/big`, 200);
  await sleep(2100);
  await startWithStore(world);
  await world.backup("Full");
  const before = stored(world);
  const data = readFileSync(`${tree}/big`);
  writeFileSync(`${tree}/shifted`, Buffer.concat([Buffer.from("x"), data]));
  renameSync(`${tree}/shifted`, `${tree}/big`);
  await world.backup("Full");
  assert.ok(stored(world) - before < 5 * MIB, `${stored(world) - before} bytes more`);
  const fd = openSync(`${tree}/big`, "r+");
  writeSync(fd, Buffer.alloc(MIB, "changed"), 0, MIB, 77 * MIB);
  closeSync(fd);
  await sleep(1100);
  const report = await world.backup("Incremental");
  assert.ok(numberIn(report, "Network Bytes") < 10 * MIB, report.text);
  const where = await world.restore();
  await assertSameTree(tree, where + tree);
});

scenario(
  "a file that changes between Fulls is saved as it is then; each job restores its own state",
  { site },
  async (world) => {
    const tree = world.path("tree");
    plainTree(tree, { files: 300 });
    randomFile(`${tree}/big`, 20);
    await sleep(2100);
    await startWithStore(world);
    const states: string[] = [];
    for (let round = 1; round <= 4; round++) {
      writeFileSync(`${tree}/folder-1/file-1.txt`, `round ${round}`); // the same length each time
      if (round === 2) rmSync(`${tree}/folder-2`, { recursive: true });
      if (round === 3) plainTree(`${tree}/new`, { files: 50 });
      const kept = world.path(`kept-${round}`);
      cpSync(tree, kept, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
      states.push(kept);
      await world.backup(round === 3 ? "Incremental" : "Full");
      await sleep(1100);
    }
    for (const [at, kept] of states.entries()) {
      if (at === 2) continue; // an Incremental holds only its changes
      const where = await world.restore(`jobid=${at + 1} all done`);
      await assertSameTree(kept, where + tree, { ignoreAttributes: true, wholeSeconds: true });
    }
  },
);

scenario("a device whose store was never made refuses jobs and says how to make it", { site }, async (world) => {
  plainTree(world.path("tree"));
  await world.start();
  const report = await world.run("job=Save level=Full");
  assert.match(report.termination, /Error|Cancel/);
  assert.match(world.messages(), /dedup init/);
  assert.ok(!existsSync(world.path("volumes", "@chunks")), "nothing is made silently");
  await dedup(world, "init");
  await world.backup("Full");
});

scenario("jobs that are deleted free their space, and those that are kept stay whole", { site }, async (world) => {
  const tree = world.path("tree");
  plainTree(tree, { files: 200 });
  randomFile(`${tree}/shared`, 20);
  await sleep(2100);
  await startWithStore(world);
  randomFile(`${tree}/first`, 40);
  await world.backup("Full");
  rmSync(`${tree}/first`);
  randomFile(`${tree}/second`, 30);
  await sleep(2100);
  await world.backup("Full");
  const both = stored(world);
  await world.console("delete jobid=1 yes");
  await dedup(world, "vacuum");
  await world.until("the space of the deleted job is free", () => stored(world) < both - 35 * MIB);
  await assertStoreClean(world);
  const where = await world.restore("jobid=2 all done");
  await assertSameTree(tree, where + tree);
  await world.console("purge volume=Vol-0001 yes");
  await dedup(world, "vacuum");
  await world.until("nothing is left of purged jobs", () => stored(world) < MIB);
});

scenario(
  "Dedup = None in the FileSet keeps file data out of the store",
  {
    site: (dir) => dedupSite(dir, { fileset: `Include { Options { Signature = MD5; Dedup = None }\n File = "${dir}/tree" }` }),
  },
  async (world) => {
    const tree = world.path("tree");
    plainTree(tree);
    await startWithStore(world);
    await world.backup("Full");
    assert.equal(stored(world), 0);
    const where = await world.restore();
    await assertSameTree(tree, where + tree, { ignoreAttributes: true });
  },
);

scenario("files with holes keep them, also when they end in one", { site }, async (world) => {
  const tree = world.path("tree");
  mkdirSync(tree, { recursive: true });
  const fd = openSync(`${tree}/holes`, "w");
  for (const at of [3, 40, 90]) writeSync(fd, Buffer.alloc(300_000, `at ${at}`), 0, 300_000, at * MIB);
  closeSync(fd);
  truncateSync(`${tree}/holes`, 200 * MIB);
  writeFileSync(`${tree}/all-hole`, "");
  truncateSync(`${tree}/all-hole`, 50 * MIB);
  await startWithStore(world);
  await world.backup("Full");
  const where = await world.restore();
  await assertSameTree(tree, where + tree);
  assertStillSparse(tree, where + tree, ["holes", "all-hole"]);
});
