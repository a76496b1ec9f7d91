import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { test } from "node:test";
import { testHost } from "#lib/testing/config-host.ts";
import { loadStorageConfig, parseStorageConfig } from "./load.ts";

const BASE = `
Storage { Name = sd; WorkingDirectory = /w; SDAddresses = { ip = { addr = 127.0.0.1; port = 9103 } } }
Director { Name = dir; Password = secret }
Device { Name = one; Media Type = File; Archive Device = /v; Label Media = yes; Device Type = File }
Messages { Name = m; director = dir = all }
`;
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

test("a file that is not there is named with what to do", async () => {
  await assert.rejects(loadStorageConfig("/nonexistent/bacula-sd.conf"), {
    code: "CONFIG_UNREADABLE",
    message: 'cannot read "/nonexistent/bacula-sd.conf": no such file',
  });
});
