import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { test } from "node:test";
import { testHost } from "#lib/testing/config-host.ts";
import { hasDriver } from "../device/drivers.ts";
import { deviceTypes } from "./device.ts";
import { loadStorageConfig, parseStorageConfig } from "./load.ts";

const BASE = `
Storage { Name = sd; WorkingDirectory = /w; SDAddresses = { ip = { addr = 127.0.0.1; port = 9103 } } }
Director { Name = dir; Password = secret }
Device { Name = one; Media Type = File; Archive Device = /v; Label Media = yes; Device Type = File }
Messages { Name = m; director = dir = all }
`;
const CLOUD = `Cloud { Name = c; Driver = File; Bucket Name = b }`;
const load = (text: string) => parseStorageConfig(text, "f", { host: testHost() });

const PATH = "/etc/bacula/bacula-sd.conf";
const isThere = await access(PATH).then(
  () => true,
  () => false,
);
if (!isThere && process.env["CI"] === "true") throw new Error(`${PATH} is missing (Debian: bacula-sd)`);

test(
  "the configuration that Debian ships for the storage daemon loads unchanged",
  { skip: isThere ? false : `${PATH} is missing (Debian: bacula-sd)` },
  async () => {
    const { storage, devices, autochangers, directors } = await loadStorageConfig(PATH);
    assert.equal(storage.sdPort, 9103);
    assert.deepEqual(autochangers.get("FileChgr1")!.device, [devices.get("FileChgr1-Dev1"), devices.get("FileChgr1-Dev2")]);
    assert.deepEqual(
      [...directors.values()].map((director) => director.monitor),
      [false, true],
    );
    assert.deepEqual([devices.get("FileChgr1-Dev1")!.labelMedia, devices.get("FileChgr1-Dev1")!.alwaysOpen], [true, false]);
  },
);

test("devices of every kind are accepted, and unknown kinds are not", async () => {
  for (const type of ["Tape", "fifo", "VTape", "Vtl", "Aligned", "Null", "Btrfs", "dedup"]) {
    assert.equal((await load(BASE.replace("Device Type = File", `Device Type = ${type}`))).devices.size, 1);
  }
  await assert.rejects(load(BASE.replace("Device Type = File", "Device Type = Files")), /did you mean "File"/);
});

test("free space is spelled as Bacula spells it, or right", async () => {
  for (const word of ["MinimumFeeSpace", "Minimum Free Space"]) {
    assert.equal((await load(BASE.replace("Label Media = yes", `${word} = 5k`))).devices.get("one")!.minimumFreeSpace, 5120);
  }
});

test("rules of the storage daemon are checked", async () => {
  const bad = [
    [
      BASE.replace("Label Media = yes", "Minimum Block Size = 2000; Maximum Block Size = 1000"),
      /MinimumBlockSize: it is larger than/,
    ],
    [BASE.replace("Label Media = yes", "Maximum Block Size = 30000000"), /too large: at most 20000000/],
    [BASE.replace("Label Media = yes", "Requires Mount = yes"), /RequiresMount: it needs Mount Point/],
    [BASE.replace("Label Media = yes", "Requires Mount = yes; Mount Point = mnt"), /RequiresMount: it needs Mount Point/],
    [BASE.replace("Label Media = yes", "Maximum Block Size = 100"), /MaximumBlockSize: it is below 4096 bytes/],
    [BASE.replace("Label Media = yes", "EOD Error Code = ENOSPK"), /"ENOSPK" is no error code.*did you mean "ENOSPC"/],
    [BASE.replace("Label Media = yes", "Write Protect Error Code = 99999"), /"99999" is no error code of this system/],
    [BASE.replace("Device Type = File", "Device Type = Cloud"), /directive Cloud: it is required/],
    [
      `${BASE}Autochanger { Name = c; Device = two; Changer Device = x; Changer Command = "" }`,
      /there is no Device named "two"/,
    ],
    [`${BASE}Storage { Name = b; WorkingDirectory = /w }`, /only one Storage resource/],
    ["Storage { Name = b; WorkingDirectory = /w }", /there is no Director resource\nthere is no Device resource/],
    [BASE.replace("Media Type = File; ", ""), /directive MediaType: it is required/],
  ] as const;
  for (const [text, expected] of bad) await assert.rejects(load(text), expected);
});

test("error codes are names in any case or numbers", async () => {
  const more = "EOD Error Code = eio, 19; Write Protect Error Code = ENODEV; Write Protect Error Code = 5";
  const device = (await load(BASE.replace("Label Media = yes", more))).devices.get("one")!;
  assert.deepEqual(device.eodErrorCode, ["EIO", "ENODEV"]);
  assert.deepEqual(device.writeProtectErrorCode, ["ENODEV", "EIO"]);
});

test("how long a rewind takes is spelled in several ways", async () => {
  const more = "Max Rewind Time = 20; Min Rewind Time = 3; Device Type = VTape";
  const device = (await load(BASE.replace("Device Type = File", more))).devices.get("one")!;
  assert.deepEqual([device.maximumRewindWait, device.minimumRewindWait], [20, 3]);
});

test("a Device Type without a driver is warned of, and only that", async () => {
  for (const type of deviceTypes) {
    const { warnings } = await load(BASE.replace("Device Type = File", `Device Type = ${type}; Cloud = c`) + CLOUD);
    const isWarned = warnings.some(({ message }) => message.includes("has no driver in this release"));
    assert.equal(isWarned, !hasDriver(type), type);
  }
});

const store = (more: string) => BASE.replace("Device Type = File", `Device Type = Dedup; ${more}`);

test("a store's directives have defaults, and compression is written in several ways", async () => {
  const device = (await load(store(""))).devices.get("one")!;
  assert.deepEqual([device.minimumChunkSize, device.averageChunkSize, device.maximumChunkSize], [65_536, 262_144, 786_432]);
  assert.deepEqual([device.dedupDomain, device.dedupCompression], ["storage", { method: "zstd", level: 3 }]);
  for (const [text, level] of [
    ["zstd", 3],
    ["ZSTD:19", 19],
    ["none", 0],
  ] as const)
    assert.equal((await load(store(`Dedup Compression = "${text}"`))).devices.get("one")!.dedupCompression.level, level);
  for (const text of ["zstd:0", "zstd:20", "lz4", "zstd:x"])
    await assert.rejects(load(store(`Dedup Compression = "${text}"`)), /is not a way to compress chunks/);
});

test("a store's directives are checked against each other and between devices that share the store", async () => {
  const second = (more: string) =>
    `Device { Name = two; Media Type = File; Archive Device = /v/; Device Type = Dedup; ${more} }`;
  const bad = [
    [store("Minimum Chunk Size = 1k"), /MinimumChunkSize: it is below 4096/],
    [store("Average Chunk Size = 1M"), /MaximumChunkSize: it is below AverageChunkSize/],
    [store("Minimum Chunk Size = 300k"), /AverageChunkSize: it is below MinimumChunkSize/],
    [store("Maximum Chunk Size = 9M"), /too large/],
    [store("Client Quota = 1G"), /ClientQuota: it needs Device Type = Btrfs and Dedup Domain = client/],
    [store("Dedup Domain = world"), /not allowed here/],
    [store("") + second("Dedup Domain = pool"), /Device "two".*dedupDomain: it must be as in Device "one"/i],
    [store("") + second("").replace("Dedup", "File"), /Device "two".*DeviceType: it must be as in Device "one"/],
  ] as const;
  for (const [text, expected] of bad) await assert.rejects(load(text), expected);
  assert.equal((await load(store("") + second(""))).devices.size, 2);
  const { warnings } = await load(BASE.replace("Label Media = yes", "Dedup Domain = pool"));
  assert.ok(warnings.some(({ message }) => message.includes("it has no effect without Device Type = Dedup")));
});

test("a file that is not there is named with what to do", async () => {
  await assert.rejects(loadStorageConfig("/nonexistent/bacula-sd.conf"), {
    code: "CONFIG_UNREADABLE",
    message: 'cannot read "/nonexistent/bacula-sd.conf": no such file',
  });
});
