import assert from "node:assert/strict";
import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assertSameTree } from "#regress/compare.ts";
import { assertStoreClean, containersOf, dedup, dedupSite, foundDamage, makeStore } from "#regress/dedup.ts";
import { runCommand } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { Seeded } from "#regress/seeded.ts";
import { plainTree, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const site = (dir: string) => dedupSite(dir);
const random = new Seeded("damage");

/** A saved tree of small and large files; the storage daemon is stopped, so that its containers can be damaged. */
async function savedTree(world: World): Promise<void> {
  plainTree(world.path("tree"), { files: 300 });
  // Two containers and a bit: one holds 32 MiB.
  for (let i = 0; i < 5; i++) randomFile(world.path("tree", `big-${i}`), 8);
  await sleep(2100);
  await makeStore(world);
  await world.start();
  await world.backup("Full");
  await world.stop("sd");
}

/** Turns over one byte of a file. */
function flip(path: string, at: number): void {
  const fd = openSync(path, "r+");
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  byte[0]! ^= 0xff;
  writeSync(fd, byte, 0, 1, at);
  closeSync(fd);
}

/**
 * Restores everything. Every file that differs from what was saved must be named in the messages; returns how many those are.
 */
async function restoreNamesAllDamage(world: World): Promise<number> {
  const tree = world.path("tree");
  const where = world.path(`restored-${random.below(1e9)}`);
  const before = world.messages().length;
  const report = await world.report(await world.queue(`restore where=${where} select all done yes`));
  const said = world.messages().slice(before);
  const different = await runCommand("rsync", ["-anc", "--out-format=%n", "--delete", `${tree}/`, `${where}${tree}/`]);
  const files = different.stdout.split("\n").filter((name) => name !== "" && !name.endsWith("/") && name !== "./");
  for (const file of files) assert.ok(said.includes(file), `${file} is damaged and not named:\n${said.slice(-3000)}`);
  if (files.length > 0) assert.notEqual(report.termination, "Restore OK", report.text);
  else assert.equal(report.termination, "Restore OK", report.text + said);
  rmSync(where, { recursive: true });
  return files.length;
}

/** After a scrub the next Full sends what is missing again, and all is whole: of the older job too. */
async function nextFullHeals(world: World): Promise<void> {
  await dedup(world, "scrub");
  const tree = world.path("tree");
  await world.backup("Full");
  await assertStoreClean(world);
  const saved = [...(await world.console("list jobs")).matchAll(/^\| *(\d+) \| Save /gm)].map(([, jobId]) => jobId);
  assert.ok(saved.length >= 2, saved.join());
  for (const jobId of saved) {
    const where = await world.restore(`jobid=${jobId} all done`);
    await assertSameTree(tree, where + tree);
  }
}

const damages: Readonly<Record<string, (containers: readonly string[]) => void>> = {
  "flipped bytes": (containers) => {
    for (let i = 0; i < 5; i++) {
      const path = random.pick(containers);
      flip(path, 200 + random.below(statSync(path).size - 400));
    }
  },
  "a container that is cut short": (containers) => {
    const path = containers[0]!;
    truncateSync(path, Math.floor(statSync(path).size / 2));
  },
  "a container whose directory is gone": (containers) => {
    const path = containers[0]!;
    const { size } = statSync(path);
    for (let back = 1; back < 60; back++) flip(path, size - back);
  },
  "a container that is gone": (containers) => rmSync(containers[0]!),
  "a container that another one's bytes lie over": (containers) => {
    const other = containers[1] ?? containers[0]!;
    const bytes = readFileSync(other).subarray(0, 50_000);
    const fd = openSync(containers[0]!, "r+");
    writeSync(fd, bytes, 0, bytes.length, 100_000);
    closeSync(fd);
  },
};

for (const [name, damage] of Object.entries(damages)) {
  scenario(
    `${name}: what is undamaged restores, each damaged file is named, scrub finds it, the next Full heals it`,
    { site },
    async (world) => {
      await savedTree(world);
      damage(containersOf(world.path("volumes")).files);
      await world.start("sd");
      const damaged = await restoreNamesAllDamage(world);
      assert.ok(damaged > 0 || name === "a container whose directory is gone", "the damage hit no file");
      if (damaged > 0) {
        const scrub = await dedup(world, "scrub");
        assert.ok(foundDamage(scrub), scrub);
        assert.match(scrub, /JobId\D*1\b/i, `the scrub does not name the job:\n${scrub}`);
      }
      await nextFullHeals(world);
    },
  );
}

scenario("a store without anything but containers and references is whole after a restart", { site }, async (world) => {
  await savedTree(world);
  const chunks = world.path("volumes", "@chunks");
  const kept = /(\/containers\/|\/sessions\/|store\.json$)/;
  const { stdout } = await runCommand("find", [chunks, "-type", "f"]);
  for (const file of stdout.split("\n").filter((line) => line !== "" && !kept.test(line))) rmSync(file);
  await world.start("sd");
  await assertStoreClean(world);
  assert.equal(await restoreNamesAllDamage(world), 0);
});

scenario(
  "a session's references that are lost or damaged: nothing is collected until they are there again",
  { site },
  async (world) => {
    await savedTree(world);
    const { stdout } = await runCommand("find", [world.path("volumes", "@chunks"), "-name", "*.refs"]);
    const references = stdout.trim().split("\n");
    assert.equal(references.length, 1);
    const copy = world.path("references");
    cpSync(references[0]!, copy);
    for (const harm of [
      () => rmSync(references[0]!),
      () => flip(references[0]!, Math.floor(statSync(references[0]!).size / 2)),
    ]) {
      harm();
      await world.start("sd");
      await dedup(world, "vacuum");
      assert.equal(await restoreNamesAllDamage(world), 0, "a vacuum dropped chunks of a kept job");
      await world.stop("sd");
      cpSync(copy, references[0]!);
    }
    assert.ok(existsSync(references[0]!));
    await world.start("sd");
    await assertStoreClean(world);
  },
);
