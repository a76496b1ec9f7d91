import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync } from "node:fs";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { FileDevice } from "./file-device.ts";
import { testConformance } from "./conformance.ts";

testConformance({
  name: "file",
  make: async () => {
    const dir = await TempDir.make();
    return {
      device: new FileDevice({ name: "Disk", archiveDevice: dir.path }),
      [Symbol.asyncDispose]: async () => await dir[Symbol.asyncDispose](),
    };
  },
});

test("a Volume is readable for the daemon's user only, and nothing half made is left", async () => {
  await using dir = await TempDir.make();
  new FileDevice({ name: "Disk", archiveDevice: dir.path }).create("V1", new Uint8Array(10)).close();
  assert.deepEqual(readdirSync(dir.path), ["V1"]);
  assert.equal(statSync(dir.file("V1")).mode & 0o077, 0);
});

test("a second name of a Volume that a crash left is no way to cut the Volume to nothing", async () => {
  await using dir = await TempDir.make();
  const device = new FileDevice({ name: "Disk", archiveDevice: dir.path });
  device.create("V1", new Uint8Array(10)).close();
  linkSync(dir.file("V1"), dir.file(".V1.new"));
  renameSync(dir.file("V1"), dir.file("moved-away"));
  device.create("V1", new Uint8Array(20)).close();
  assert.equal(statSync(dir.file("moved-away")).size, 10);
  assert.deepEqual(readdirSync(dir.path).toSorted(), ["V1", "moved-away"]);
});

test("a FIFO or a directory with a Volume's name is refused at once, and the device is not kept by it", async () => {
  await using dir = await TempDir.make();
  execFileSync("mkfifo", [dir.file("V1")]);
  mkdirSync(dir.file("V2"));
  const device = new FileDevice({ name: "Disk", archiveDevice: dir.path });
  assert.throws(() => device.open("V1", "read"), { code: "VOLUME_NOT_LABELED" });
  assert.throws(() => device.open("V1", "append"), { code: "VOLUME_NOT_LABELED" });
  assert.throws(() => device.open("V2", "read"), { code: "VOLUME_NOT_LABELED" });
});

test("a directory that is not there is told as such, not as a missing Volume", async () => {
  const device = new FileDevice({ name: "Disk", archiveDevice: "/nonexistent/volumes" });
  assert.throws(() => device.open("V1", "append"), { code: "DEVICE_OPEN_FAILED" });
  assert.throws(() => device.create("V1", new Uint8Array(10)), { code: "DEVICE_OPEN_FAILED" });
});

const mayMount = process.getuid?.() === 0;
const skip = mayMount || process.env.CI === "true" ? {} : { skip: "only root may mount a small file system" };

test("on a full file system whole blocks stay and nothing of the one that did not fit", skip, async () => {
  await using dir = await TempDir.make();
  const small = dir.file("small");
  mkdirSync(small);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
  try {
    const device = new FileDevice({ name: "Disk", archiveDevice: small });
    using medium = device.create("V1", new Uint8Array(200));
    const blocks = Array.from({ length: 40 }, (_, index) => new Uint8Array(64_512).fill(index));
    const outcome = medium.append(blocks);
    assert.equal(outcome.kind, "full");
    const whole = outcome.kind === "full" ? outcome.blocks : -1;
    assert.ok(whole >= 14 && whole <= 16, String(whole));
    assert.equal(medium.end, 200 + whole * 64_512);
    const bytes = readFileSync(`${small}/V1`);
    assert.equal(bytes.length, medium.end);
    assert.equal(bytes.at(-1), whole - 1);
  } finally {
    execFileSync("umount", [small]);
  }
});
