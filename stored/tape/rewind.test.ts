import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { DeviceHost } from "../device/device-host.ts";
import { deviceSettingsOf } from "../testing/device-settings.ts";
import { USUAL_HABITS } from "./tape-medium.ts";
import { VtapeFile } from "./vtape-file.ts";
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

test("a job that comes while a drive takes too long to rewind waits until it answers", async () => {
  await using world = await tapeWorld("Simulated Rewind Time = 4; Maximum Rewind Wait = 1");
  await job(world);
  assert.match(await statusOf(world), /Device is BLOCKED: its tape has been rewinding since /);
  const waiting = world.appendRequest();
  await world.startJob({ ...waiting, devices: ["Tape"] });
  world.follow(waiting, AbortSignal.timeout(15_000)).catch(() => {});
  await world.untilState(waiting, "q");
  assert.match(await statusOf(world), /: "Tape" does not answer/);
});

test("a tape that was mounted too late, when nobody waited for it any more, is let go of", async () => {
  await using dir = await TempDir.make();
  const path = dir.file("tape");
  writeFileSync(path, "");
  const rewinding = { minMs: 0, delayMs: 700 };
  const tape = { capacity: 0, fileBytesMax: 0, rewindMsMax: 200, rewinding, habits: USUAL_HABITS };
  await using host = new DeviceHost(deviceSettingsOf({ deviceType: "VTape", archiveDevice: path, isDrive: true, tape }));
  const label = {
    volume: "V",
    previousVolume: "",
    pool: "P",
    poolType: "Backup",
    mediaType: "File",
    labelDate: 0,
    writeDate: 0,
  };
  const origin = { host: "h", program: "p", programVersion: "1", programDate: "d" };
  const wish = { label: { ...label, ...origin }, session: { id: 1, time: 1 } };
  const mounting = host.call("mountAppend", {
    ...wish,
    action: "relabel",
    catalogBytes: 0,
    catalogBlocks: 0,
    volumeBytesMax: 0,
  });
  await assert.rejects(mounting, { code: "DEVICE_HUNG" });
  while (host.trouble.isHung) await new Promise((resolve) => setTimeout(resolve, 50));
  VtapeFile.open({ device: "other", volume: "V", path, mode: "append", capacity: 0 }).close();
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
