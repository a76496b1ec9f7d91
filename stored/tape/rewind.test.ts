import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { StorageDaemonService } from "#proto/stored.ts";
import { fileBatches } from "../testing/file-batches.ts";
import { StorageWorld } from "../testing/storage-world.ts";
import type { FollowedJob } from "../testing/storage-world.ts";

/** A daemon with a drive and a blank tape in it; `device`: more directives of the drive. */
async function tapeWorld(device: string): Promise<StorageWorld> {
  const world = await StorageWorld.start({
    more: `Device { Name = Tape; Media Type = File; Device Type = VTape; Archive Device = "@volumes@/tape"; Label Media = yes; ${device} }`,
  });
  writeFileSync(join(world.volumes, "tape"), "");
  return world;
}

async function job(world: StorageWorld): Promise<FollowedJob> {
  return await world.append(fileBatches(3, 100_000), { devices: ["Tape"], mediaType: "File" });
}

async function statusOf(world: StorageWorld): Promise<string> {
  return (await world.director.unary(StorageDaemonService.status, { sections: [], api: false })).lines.join("\n");
}

test("a rewind that takes longer than Maximum Rewind Wait fails its job, and the drive counts as hung until it answers", async () => {
  await using world = await tapeWorld("Simulated Rewind Time = 4; Maximum Rewind Wait = 1");
  const { end, messages } = await job(world);
  assert.equal(end.status, "E", messages.join("\n"));
  assert.match(messages.join("\n"), /VTape device "Tape" \(.+\): the rewind takes longer than 1 seconds/);
  assert.match(await statusOf(world), /Device is BLOCKED: its tape has been rewinding since /);
  while ((await statusOf(world)).includes("BLOCKED")) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(
    [...world.catalog.volumes.values()].every(({ status }) => status !== "Error"),
    "nothing was said of the tape",
  );
});

test("a rewind within its limit is waited for", async () => {
  await using world = await tapeWorld("Simulated Rewind Time = 1; Maximum Rewind Wait = 60; Minimum Rewind Wait = 1");
  const { end, messages } = await job(world);
  assert.equal(end.status, "T", messages.join("\n"));
  assert.equal(end.warnings, 0, messages.join("\n"));
});

test("a rewind that is quicker than any drive can be is told", async () => {
  await using world = await tapeWorld("Minimum Rewind Wait = 2");
  const { end, messages } = await job(world);
  assert.equal(end.status, "T", messages.join("\n"));
  assert.match(messages.join("\n"), /the rewind took 0\.\d+ seconds, less than Minimum Rewind Wait \(2 seconds\)/);
});
