import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { assertSameTree } from "#regress/compare.ts";
import { CutProxy } from "#regress/cut-proxy.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";

const MIB = 1 << 20;

scenario(
  "a link to the storage daemon cut for ten seconds: the save goes on where it was, and restores identically",
  { site: { storageAddress: CutProxy.ADDRESS } },
  async (world) => {
    await using link = new CutProxy(world.ports.storage);
    await link.mend();
    plainTree(world.path("tree"));
    for (let i = 0; i < 4; i++) bigFile(world.path("tree", `big-${i}`), 150);
    await world.start();
    const jobId = await world.queue("run job=Save level=Full yes");
    await world.untilVolumeBytes(60 * MIB);
    await link.cut();
    const held = world.volumeBytes();
    await sleep(10_000);
    assert.ok(world.volumeBytes() < 500 * MIB, `the cut came in the middle: ${held} bytes then, ${world.volumeBytes()} now`);
    await link.mend();
    const report = await world.report(jobId);
    assert.equal(report.termination, "Backup OK", report.text + world.messages());
    assert.ok(world.volumeBytes() < 640 * MIB, "nothing was sent twice into the Volume");
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
    await sleep(1500);
    await link.cut();
    await sleep(3000);
    await link.mend();
    const report = await world.report(jobId);
    assert.equal(report.termination, "Restore OK", report.text + world.messages());
    await assertSameTree(world.path("tree"), world.path("restored") + world.path("tree"));
  },
);
