import assert from "node:assert/strict";
import { appendFileSync, renameSync } from "node:fs";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { deviceSettingsOf } from "../testing/device-settings.ts";
import { LabelRequest, MediumRequest } from "#proto/stored.ts";
import { DeviceHost } from "../device/device-host.ts";
import { Changes } from "../job/changes.ts";
import { Reservations } from "../reserve/reservations.ts";
import { careForMedium } from "./medium-commands.ts";
import { labelVolume, mountDevice, unmountDevice, type OperatorsTable } from "./operate.ts";
import { VolumesInUse } from "./volumes-in-use.ts";

const device = {
  name: "A",
  mediaType: "File",
  isEnabled: true,
  isReadOnly: false,
  isBlocked: false,
  isHung: false,
  jobsMax: 1,
};

const author = { host: "h", program: "p", programVersion: "1", programDate: "d" };

/** A device of Volumes in a directory, and what commands work on. */
function made(archiveDevice: string, formatCommand = ""): { host: DeviceHost; table: OperatorsTable } {
  const host = new DeviceHost(deviceSettingsOf({ ...device, archiveDevice, formatCommand }));
  const reservations = new Reservations([device]);
  return {
    host,
    table: { reservations, volumes: new VolumesInUse(), author, session: { id: 1, time: 1 }, poke: new Changes() },
  };
}

test("a device with an open Volume is out of use from unmount until mount", async () => {
  const { host, table } = made("/backup");
  await using _ = host;
  const { reservations } = table;
  const told = async (replies: AsyncIterable<{ readonly line: string }>): Promise<string> =>
    (await Array.fromAsync(replies)).map(({ line }) => line.slice(0, 4)).join();
  assert.equal(await told(unmountDevice(host, table)), "3901");
  assert.equal(reservations.isBlocked("A"), false);
  host.reading.set(1, "Vol-1");
  assert.equal(await told(unmountDevice(host, table)), "3002");
  host.reading.clear();
  assert.equal(reservations.isBlocked("A"), true);
  assert.equal(await told(unmountDevice(host, table)), "3901");
  assert.equal(await told(mountDevice(host, table)), "3001");
  assert.equal(reservations.isBlocked("A"), false);
});

test("no job gets a device while its Format Command runs", async () => {
  const { host, table } = made("/backup", "/bin/sleep 1");
  await using _ = host;
  const formatting = careForMedium(
    host,
    MediumRequest.fromPartial({ action: "format", volume: "V" }),
    table,
    new AbortController().signal,
  );
  await formatting.next();
  assert.throws(() => table.reservations.takeAlone("A"), { code: "DEVICE_BUSY" });
  for await (const reply of formatting) assert.equal(reply.ok, true, reply.line);
  table.reservations.takeAlone("A")[Symbol.dispose]();
});

test("a Volume that is being read or written is not labeled anew", async () => {
  await using dir = await TempDir.make();
  const { host, table } = made(dir.path);
  await using _ = host;
  const label = async (more: Partial<LabelRequest>) => {
    const request = LabelRequest.fromPartial({ volume: "V", pool: "P", poolType: "Backup", mediaType: "File", ...more });
    return (await Array.fromAsync(labelVolume(host, request, table))).at(-1)?.ok;
  };
  assert.equal(await label({}), true);
  host.reading.set(1, "V");
  await assert.rejects(label({ relabel: true, oldVolume: "V" }), { code: "DEVICE_BUSY" });
  host.reading.clear();
  assert.equal(await label({ relabel: true, oldVolume: "V" }), true);
});

test("a device that is disabled is not labeled on, nor is its medium formatted", async () => {
  const { host, table } = made("/backup", "/bin/true");
  await using _ = host;
  const off = new DeviceHost({ ...host.settings, isEnabled: false });
  await using _off = off;
  const code = "OPERATION_NOT_ALLOWED";
  await assert.rejects(Array.fromAsync(labelVolume(off, LabelRequest.fromPartial({ volume: "V" }), table)), { code });
  const request = MediumRequest.fromPartial({ action: "format", volume: "V" });
  await assert.rejects(Array.fromAsync(careForMedium(off, request, table, new AbortController().signal)), { code });
});

test("a label is written again where it is all that is there, and never over a Volume with data or of another name", async () => {
  await using dir = await TempDir.make();
  const { host, table } = made(dir.path);
  await using _ = host;
  const label = async (volume: string) => {
    const request = LabelRequest.fromPartial({ volume, pool: "P", poolType: "Backup", mediaType: "File" });
    return (await Array.fromAsync(labelVolume(host, request, table))).at(-1)?.ok;
  };
  assert.equal(await label("V"), true);
  assert.equal(await label("V"), true, "the Director was killed before it heard of it");
  renameSync(dir.file("V"), dir.file("W"));
  await assert.rejects(label("W"), { code: "VOLUME_EXISTS" });
  renameSync(dir.file("W"), dir.file("V"));
  appendFileSync(dir.file("V"), Buffer.alloc(100_000));
  await assert.rejects(label("V"), { code: "VOLUME_EXISTS" });
});
