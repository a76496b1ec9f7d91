import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assertSameTree } from "#regress/compare.ts";
import { CutProxy } from "#regress/cut-proxy.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";

const MIB = 1 << 20;

scenario(
  "a link to the storage daemon cut for ten seconds: the save goes on where it was, and restores identically",
  // Slow enough that the cut always comes in the middle.
  { site: { storageAddress: CutProxy.ADDRESS, job: "Maximum Bandwidth = 20 mb/s" } },
  async (world) => {
    await using link = new CutProxy(world.ports.storage);
    await link.mend();
    plainTree(world.path("tree"));
    for (let i = 0; i < 4; i++) bigFile(world.path("tree", `big-${i}`), 25);
    await world.start();
    const jobId = await world.queue("run job=Save level=Full yes");
    await world.untilVolumeBytes(20 * MIB);
    await link.cut();
    const held = world.volumeBytes();
    await sleep(10_000);
    assert.ok(world.volumeBytes() < 100 * MIB, `the cut came in the middle: ${held} bytes then, ${world.volumeBytes()} now`);
    await link.mend();
    const report = await world.report(jobId);
    assert.equal(report.termination, "Backup OK", report.text + world.messages());
    assert.ok(world.volumeBytes() < 106 * MIB, "nothing was sent twice into the Volume");
    const where = await world.restore();
    await assertSameTree(world.path("tree"), where + world.path("tree"));
  },
);

scenario(
  "a link cut during a restore: it goes on where it was",
  { site: { storageAddress: CutProxy.ADDRESS } },
  async (world) => {
    await using link = new CutProxy(world.ports.storage);
    await link.mend();
    for (let i = 0; i < 4; i++) bigFile(world.path("tree", `big-${i}`), 150);
    await world.start();
    await world.backup("Full");
    const jobId = await world.queue(`restore where=${world.path("restored")} select all done yes`);
    const first = world.path("restored") + world.path("tree/big-0");
    await world.until("the first file comes back", () => (statSync(first, { throwIfNoEntry: false })?.size ?? 0) > 10 * MIB);
    await link.cut();
    await sleep(3000);
    await link.mend();
    const report = await world.report(jobId);
    assert.equal(report.termination, "Restore OK", report.text + world.messages());
    await assertSameTree(world.path("tree"), world.path("restored") + world.path("tree"));
  },
);
