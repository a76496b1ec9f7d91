import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { must } from "#lib/base/assert.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { parseStorageConfig } from "../config/load.ts";
import { fileBatches } from "../testing/file-batches.ts";
import { restoredRecords } from "../testing/restored-records.ts";
import { StorageWorld } from "../testing/storage-world.ts";
import { DeviceHost } from "./device-host.ts";
import { deviceSettings } from "./device-settings.ts";

/** A world with a device "Pipe" behind which this shell script stands; $1 is what it is to do, $2 the Volume. */
async function pipeWorld(script: string, more = ""): Promise<StorageWorld> {
  const world = await StorageWorld.start({
    more: `Device { Name = Pipe; Media Type = File; Device Type = Fifo; Archive Device = "|@volumes@/store.sh %o %v"; ${more} }`,
  });
  await world.down();
  await writeFile(`${world.volumes}/store.sh`, `#!/bin/sh\ncd "$(dirname "$0")"\n${script}\n`);
  await chmod(`${world.volumes}/store.sh`, 0o755);
  await world.up();
  return world;
}

const packs = 'if [ "$1" = write ]; then gzip -c > "$2.gz"; else gzip -dc "$2.gz"; fi';

test("a job goes through a program and comes back through it, byte for byte", async () => {
  await using world = await pipeWorld(packs);
  const batches = fileBatches(20, 300_000);
  const saved = await world.append(batches, { devices: ["Pipe"] });
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  const volume = must(world.catalog.volumes.get("Vol-0001"), "a Volume");
  assert.equal(volume.status, "Used");
  assert.deepEqual([...(await readFile(`${world.volumes}/Vol-0001.gz`)).subarray(0, 2)], [0x1f, 0x8b]);
  assert.ok((await restoredRecords(world, saved, "Pipe")).equals(Buffer.concat(batches)));
});

test("each job gets a Volume of its own, and a Volume that is full is followed by the next", async () => {
  await using world = await pipeWorld(packs);
  world.catalog.maxBytes = 1_000_000;
  const first = fileBatches(6, 300_000, 1);
  const one = await world.append(first, { devices: ["Pipe"] });
  const two = await world.append(fileBatches(1, 3000, 2), { devices: ["Pipe"] });
  assert.deepEqual(
    [...world.catalog.volumes.values()].map(({ status }) => status),
    ["Full", "Used", "Used"],
  );
  assert.ok((await restoredRecords(world, one, "Pipe")).equals(Buffer.concat(first)));
  assert.equal(two.media[0]?.volume, "Vol-0003");
});

test("a program that ends badly after its data fails the job with its status and its words", async () => {
  await using world = await pipeWorld('cat > "$2"; echo "no room in the cellar" >&2; exit 3');
  const saved = await world.append(fileBatches(5, 100_000), { devices: ["Pipe"] });
  assert.equal(saved.end.status, "E");
  assert.match(saved.messages.join("\n"), /ended with status 3\. Its output: no room in the cellar/);
  assert.equal(world.catalog.volumes.get("Vol-0001")?.status, "Error");
});

test("a program that ends in the midst of the data fails the job, and no second Volume is tried", async () => {
  await using world = await pipeWorld('head -c 100000 > "$2"; echo "I give up"; exit 1');
  const saved = await world.append(fileBatches(20, 300_000), { devices: ["Pipe"] });
  assert.equal(saved.end.status, "E");
  assert.match(saved.messages.join("\n"), /takes no more data\. Its output: I give up/);
  assert.equal(world.catalog.volumes.size, 1);
});

test("a program that cannot be run is named", async () => {
  await using world = await pipeWorld(packs);
  await chmod(`${world.volumes}/store.sh`, 0o644);
  const saved = await world.append(fileBatches(5, 100_000), { devices: ["Pipe"] });
  assert.equal(saved.end.status, "E");
  assert.match(saved.messages.join("\n"), /store\.sh.*(cannot be run|takes no more data)/);
});

test(
  "a program that takes nothing more fails the job when the IO Timeout is over, and is ended",
  { timeout: 60_000 },
  async () => {
    await using world = await pipeWorld("echo $$ > pid; sleep 600", "IO Timeout = 1");
    const saved = await world.append(fileBatches(20, 300_000), { devices: ["Pipe"] });
    assert.equal(saved.end.status, "E");
    assert.match(saved.messages.join("\n"), /stood still for 1 seconds \(IO Timeout\)/);
    const program = Number(await readFile(`${world.volumes}/pid`, "utf8"));
    while (existsSync(`/proc/${program}`)) await setTimeout(20);
  },
);

test("a program that fails on reading fails the restore", async () => {
  await using world = await pipeWorld('if [ "$1" = write ]; then cat > "$2"; else cat "$2"; echo "a bad tape" >&2; exit 9; fi');
  const batches = fileBatches(3, 50_000);
  const saved = await world.append(batches, { devices: ["Pipe"] });
  const whole = { ...saved, media: saved.media.map((row) => ({ ...row, endBlock: row.endBlock + 1000 })) };
  await assert.rejects(restoredRecords(world, whole, "Pipe"), /a bad tape/);
});

test("whoever gives up before the device's thread has opened the pipe is not forgotten", { timeout: 60_000 }, async () => {
  await using dir = await TempDir.make();
  execFileSync("mkfifo", [dir.file("pipe")]);
  const { devices } = await parseStorageConfig(`
Storage { Name = test-sd; WorkingDirectory = "${dir.file("work")}" }
Director { Name = test-dir; Password = "p" }
Device { Name = Pipe; Media Type = File; Device Type = Fifo; Archive Device = "${dir.file("pipe")}"; Maximum Open Wait = 10 min }
Messages { Name = M; director = test-dir = all }
`);
  await using host = new DeviceHost(deviceSettings(must(devices.get("Pipe"), "a device")));
  const names = { volume: "V", previousVolume: "", pool: "P", poolType: "Backup", mediaType: "File" };
  const author = { host: "h", program: "p", programVersion: "1", programDate: "d" };
  const label = { ...names, ...author, labelDate: 0, writeDate: 0 };
  const opening = host.call("label", { label, session: { id: 1, time: 1 }, replace: false });
  host.interrupt();
  await assert.rejects(opening, { code: "DEVICE_OPEN_FAILED" });
});
