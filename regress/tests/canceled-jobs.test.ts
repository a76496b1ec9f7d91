import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { scenario } from "#regress/scenario.ts";
import { bigFile } from "#regress/trees.ts";

const MIB = 1 << 20;

// Slow enough that the job is always in the middle when it is canceled.
const site = { job: "Maximum Bandwidth = 10 mb/s" };

scenario("after a canceled job the catalog knows how long its Volume is", { site }, async (world) => {
  for (let i = 0; i < 4; i++) bigFile(world.path("tree", `big-${i}`), 80);
  await world.start();
  const jobId = await world.queue("run job=Save level=Full yes");
  await world.untilVolumeBytes(10 * MIB);
  await world.console(`cancel jobid=${jobId}`);
  assert.equal((await world.report(jobId)).termination, "Backup Canceled");
  const [volume = ""] = world.volumes();
  const listed = /VolBytes: ([\d,]+)/i.exec(await world.console(`llist volume=${volume}`));
  assert.equal(Number(listed?.[1]?.replaceAll(",", "")), statSync(world.path("volumes", volume)).size);
});

scenario(
  "a job that is canceled while it waits for a Volume asks for it no more",
  { site: { labelMedia: false } },
  async (world) => {
    bigFile(world.path("tree", "file"), 1);
    await world.start();
    const jobId = await world.queue("run job=Save level=Full yes");
    await world.until("the job waits", async () => (await world.console("status director")).includes("is waiting for"));
    await world.console(`cancel jobid=${jobId}`);
    const report = await world.report(jobId);
    assert.equal(report.termination, "Backup Canceled");
    const status = await world.console("status director");
    assert.doesNotMatch(status, /label|mount request|no Volume/i, status);
  },
);
