import assert from "node:assert/strict";
import { assertSameTree } from "#regress/compare.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const MIB = 1 << 20;

/** Slow enough that a job is always in the middle when a daemon is killed. */
const site = { job: "Maximum Bandwidth = 20 mb/s" };

/** A tree that takes some seconds to save; the save is in the middle. */
async function startLongSave(world: World): Promise<number> {
  plainTree(world.path("tree"));
  for (let i = 0; i < 4; i++) bigFile(world.path("tree", `big-${i}`), 25);
  await world.start();
  const jobId = await world.queue("run job=Save level=Full yes");
  await world.untilVolumeBytes(10 * MIB);
  return jobId;
}

scenario(
  "kill -9 of the Director in the middle of a save: after its restart the job ends OK and restores identically",
  { site },
  async (world) => {
    const jobId = await startLongSave(world);
    await world.kill("dir");
    await world.start("dir");
    const report = await world.report(jobId);
    assert.equal(report.termination, "Backup OK", report.text + world.messages());
    const where = await world.restore();
    await assertSameTree(world.path("tree"), where + world.path("tree"));
  },
);

scenario("a Director that stays away until the save has ended learns all of it when it comes back", { site }, async (world) => {
  const jobId = await startLongSave(world);
  await world.kill("dir");
  let before = -1;
  await world.until("the Volume grows no more", async () => {
    const now = world.volumeBytes();
    const same = now === before && now > 100 * MIB;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return same;
  });
  await world.start("dir");
  const report = await world.report(jobId);
  assert.equal(report.termination, "Backup OK", report.text + world.messages());
  const where = await world.restore();
  await assertSameTree(world.path("tree"), where + world.path("tree"));
});

scenario("kill -9 of the file daemon: the job is never OK", { site }, async (world) => {
  const jobId = await startLongSave(world);
  await world.kill("fd");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await world.start("fd");
  const report = await world.report(jobId);
  assert.match(report.termination, /Backup Error|Incomplete/, report.text);
  const again = await world.backup("Full");
  assert.equal(again.termination, "Backup OK");
});

scenario("kill -9 of the storage daemon: the job is never OK, and the next one is", { site }, async (world) => {
  const jobId = await startLongSave(world);
  await world.kill("sd");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await world.start("sd");
  const report = await world.report(jobId);
  assert.match(report.termination, /Backup Error|Incomplete/, report.text);
  await world.backup("Full");
  const where = await world.restore();
  await assertSameTree(world.path("tree"), where + world.path("tree"));
});
