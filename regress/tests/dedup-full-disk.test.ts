import assert from "node:assert/strict";
import { cpSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assertSameTree } from "#regress/compare.ts";
import { assertStoreClean, dedup, dedupSite, makeStore } from "#regress/dedup.ts";
import { LoopFileSystem, whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { scenario } from "#regress/scenario.ts";
import { plainTree, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const MIB = 1 << 20;
/** MiB that are left free before a job that needs about 100; NOCTURNE_FREE_MIB=2,20,45,70,95,120 tries more levels. */
const FREE_MIB = (process.env.NOCTURNE_FREE_MIB ?? "2,120").split(",").map(Number);

/** Puts a file beside the store that leaves so many MiB free. */
function fill(world: World, freeMib: number): void {
  const { bavail, bsize } = statfsSync(world.path("volumes"));
  const size = Math.max(0, Math.floor((bavail * bsize) / MIB) - freeMib);
  try {
    randomFile(world.path("volumes", ".filler"), size);
  } catch (error) {
    if (!/ENOSPC/.test(String(error))) throw error;
  }
}

/** Fills the metadata with tiny files, which btrfs keeps in its trees, until no more go in. */
function fillMetadata(world: World): void {
  const dir = world.path("volumes", ".tiny");
  mkdirSync(dir);
  // All that is unallocated becomes room for data, so that metadata cannot grow and is full soon.
  fill(world, 2);
  try {
    for (let i = 0; i < 2_000_000; i++) writeFileSync(`${dir}/${i}`, "tiny ".repeat(380));
  } catch (error) {
    if (!/ENOSPC/.test(String(error))) throw error;
  }
}

/** A job on a disk that may be too full: it ends clearly, harms nothing, and the next one works when there is space. */
async function jobOnFullDisk(world: World, full: () => void, free: () => void): Promise<string> {
  const tree = world.path("tree");
  const copy = world.path("first");
  full();
  rmSync(tree, { recursive: true });
  plainTree(tree, { files: 60, seed: String(Math.random()) });
  for (let i = 0; i < 5; i++) randomFile(`${tree}/big-${i}`, 20);
  const report = await world.run("job=Save level=Full");
  if (report.termination === "Backup OK") {
    const where = await world.restore(`jobid=${report.jobId} all done`);
    await assertSameTree(tree, where + tree);
    rmSync(where, { recursive: true });
  } else assert.match(world.messages(), /no space|full|quota/i, "the messages do not say why");
  free();
  await sleep(200);
  await dedup(world, "vacuum");
  await assertStoreClean(world);
  const first = await world.restore("jobid=1 all done");
  await assertSameTree(copy, first + tree, { ignoreAttributes: true, wholeSeconds: true });
  rmSync(first, { recursive: true });
  const next = await world.backup("Full");
  const where = await world.restore(`jobid=${next.jobId} all done`);
  await assertSameTree(tree, where + tree);
  rmSync(where, { recursive: true });
  await world.console(`delete jobid=${next.jobId} yes`, `delete jobid=${report.jobId} yes`);
  await dedup(world, "vacuum");
  return report.termination;
}

async function firstJob(world: World): Promise<void> {
  plainTree(world.path("tree"), { files: 100 });
  randomFile(world.path("tree", "first"), 10);
  await sleep(1100);
  await makeStore(world);
  await world.start();
  await world.backup("Full");
  cpSync(world.path("tree"), world.path("first"), { recursive: true, preserveTimestamps: true });
}

const needs = { lacks: whyNoLoop("btrfs") };

scenario(
  `a store on btrfs that runs full at ${FREE_MIB.length} levels: no damage, a clear end, and the next job works when there is space`,
  { site: (dir) => dedupSite(dir, { deviceType: "Btrfs", device: "Maximum Room Wait = 1 second" }), ...needs },
  async (world, context) => {
    await using _image = LoopFileSystem.make({
      type: "btrfs",
      bytes: 500 * MIB,
      mountOptions: "nodiscard",
      at: world.path("volumes"),
    });
    await firstJob(world);
    const ends: string[] = [];
    for (const freeMib of FREE_MIB) {
      const end = await jobOnFullDisk(
        world,
        () => fill(world, freeMib),
        () => rmSync(world.path("volumes", ".filler"), { force: true }),
      );
      context.diagnostic(`${freeMib} MiB free: ${end}`);
      ends.push(end);
    }
    assert.ok(
      ends.some((end) => end !== "Backup OK"),
      "no level was too full",
    );
    assert.ok(ends.includes("Backup OK"), "no level had space enough");
    await world.stop();
  },
);

scenario(
  "a store on btrfs whose metadata is full: no damage, a clear end, and the next job works when there is space",
  { site: (dir) => dedupSite(dir, { deviceType: "Btrfs", device: "Maximum Room Wait = 1 second" }), ...needs },
  async (world, context) => {
    await using _image = LoopFileSystem.make({
      type: "btrfs",
      bytes: 400 * MIB,
      mountOptions: "nodiscard",
      at: world.path("volumes"),
    });
    await firstJob(world);
    const end = await jobOnFullDisk(
      world,
      () => fillMetadata(world),
      () => {
        for (const name of [".tiny", ".filler"]) rmSync(world.path("volumes", name), { recursive: true, force: true });
      },
    );
    context.diagnostic(`metadata full: ${end}`);
    await world.stop();
  },
);
