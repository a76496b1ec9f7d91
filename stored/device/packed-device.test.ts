import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync, mkdirSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { testConformance } from "./conformance.ts";
import { bytesOfDump } from "../testing/sample-volume.ts";
import { PackedDevice, plainDirectories } from "./packed-device.ts";
import { PACKED_HEADER_BYTES, readPackedHeader } from "./packed-frame.ts";
import type { Medium } from "./device.ts";

const deviceIn = (directory: string) => new PackedDevice({ name: "Store", archiveDevice: directory }, plainDirectories);

testConformance({
  name: "dedup",
  make: async () => {
    const dir = await TempDir.make();
    return { device: deviceIn(dir.path), [Symbol.asyncDispose]: async () => await dir[Symbol.asyncDispose]() };
  },
});

const label = new Uint8Array(200).fill(1);
/** Bytes that differ from block to block and pack well. */
const block = (seed: number, bytes = 64_512) => Buffer.alloc(bytes, `block ${seed} and some text to fill it, `);

function contentOf(medium: Medium): Buffer {
  const into = Buffer.alloc(medium.end);
  assert.equal(medium.readAt(into, 0), medium.end);
  return into;
}

test("what packs well takes less room, what does not takes hardly more, and all of it comes back from any address", async () => {
  await using dir = await TempDir.make();
  const blocks = [label, ...Array.from({ length: 60 }, (_, at) => (at % 3 === 0 ? randomBytes(64_512) : block(at)))];
  const plain = Buffer.concat(blocks);
  {
    using medium = deviceIn(dir.path).create("V1", label);
    assert.deepEqual(medium.append(blocks.slice(1, 41)), { kind: "written" });
    assert.deepEqual(medium.append(blocks.slice(41)), { kind: "written" });
    await medium.sync();
  }
  assert.ok(statSync(dir.file("V1/records")).size < plain.length / 2.5);
  using medium = deviceIn(dir.path).open("V1", "read");
  assert.ok(contentOf(medium).equals(plain));
  fc.assert(
    fc.property(fc.nat(plain.length + 10), fc.integer({ min: 1, max: 3_000_000 }), (address, bytes) => {
      const into = Buffer.alloc(bytes, 7);
      const wanted = plain.subarray(address, address + bytes);
      assert.equal(medium.readAt(into, address), wanted.length);
      assert.ok(into.subarray(0, wanted.length).equals(wanted));
    }),
    { numRuns: 60 },
  );
});

test("a Volume is its daemon's alone, and nothing half made is left or in the way", async () => {
  await using dir = await TempDir.make();
  mkdirSync(dir.file(".V1.new"));
  writeFileSync(dir.file(".V1.new/records"), "half made");
  deviceIn(dir.path).create("V1", label).close();
  assert.deepEqual(readdirSync(dir.path), ["V1"]);
  assert.equal(statSync(dir.file("V1/records")).mode & 0o077, 0);
});

test("at any length that a crash leaves, the whole frames are there and writing goes on behind them", async () => {
  await using dir = await TempDir.make();
  const device = deviceIn(dir.path);
  {
    using medium = device.create("V1", label);
    for (let at = 0; at < 4; at += 1) medium.append([block(at, 3000)]);
  }
  const whole = readFileSync(dir.file("V1/records"));
  for (let length = whole.length; length >= 240; length -= 7) {
    writeFileSync(dir.file("V1/records"), whole.subarray(0, length));
    {
      using medium = device.open("V1", "append");
      assert.equal((medium.end - 200) % 3000, 0);
      const before = contentOf(medium);
      medium.append([block(9, 500)]);
      assert.ok(contentOf(medium).equals(Buffer.concat([before, block(9, 500)])), `cut to ${length}`);
    }
    using again = device.open("V1", "read");
    assert.equal((again.end - 700) % 3000, 0);
  }
});

test("a last frame whose bytes never reached the disk counts as never written", async () => {
  await using dir = await TempDir.make();
  const device = deviceIn(dir.path);
  {
    using medium = device.create("V1", label);
    medium.append([block(1)]);
    medium.append([block(2)]);
  }
  const bytes = readFileSync(dir.file("V1/records"));
  bytes.fill(0, bytes.length - 20);
  writeFileSync(dir.file("V1/records"), bytes);
  using medium = device.open("V1", "append");
  assert.equal(medium.end, 200 + 64_512);
});

test("a damaged frame reads as zeros, a damaged header costs its frame only, and the rest comes back", async () => {
  await using dir = await TempDir.make();
  const device = deviceIn(dir.path);
  {
    using medium = device.create("V1", label);
    for (let at = 0; at < 5; at += 1) medium.append([block(at, 3000)]);
  }
  const plain = Buffer.concat([label, ...Array.from({ length: 5 }, (_, at) => block(at, 3000))]);
  const whole = readFileSync(dir.file("V1/records"));
  const starts: number[] = [];
  for (let at = 0; at < whole.length;) {
    starts.push(at);
    const frame = readPackedHeader(whole, at, at)!;
    at = frame.payloadAt + frame.packedBytes;
  }
  assert.equal(starts.length, 6);
  for (const flip of [starts[3]!, starts[3]! + 17, starts[3]! + PACKED_HEADER_BYTES + 5]) {
    const damaged = Buffer.from(whole);
    damaged[flip]! ^= 0x40;
    writeFileSync(dir.file("V1/records"), damaged);
    using medium = device.open("V1", "read");
    const expected = Buffer.from(plain);
    expected.fill(0, 200 + 2 * 3000, 200 + 3 * 3000);
    assert.ok(contentOf(medium).equals(expected), `byte ${flip}`);
  }
});

test("frames of another Volume that were saved into this one are never taken for its own, also after damage", async () => {
  await using dir = await TempDir.make();
  const device = deviceIn(dir.path);
  {
    using other = device.create("Other", label);
    other.append([randomBytes(50_000), randomBytes(50_000)]);
  }
  const saved = readFileSync(dir.file("Other/records"));
  {
    using medium = device.create("V1", label);
    medium.append([saved]);
    medium.append([block(7)]);
  }
  const bytes = readFileSync(dir.file("V1/records"));
  const second = readPackedHeader(bytes, 0, 0)!;
  bytes[second.payloadAt + second.packedBytes + 10]! ^= 1;
  writeFileSync(dir.file("V1/records"), bytes);
  using medium = device.open("V1", "read");
  assert.ok(contentOf(medium).equals(Buffer.concat([label, Buffer.alloc(saved.length), block(7)])));
});

test("cutting off within a frame keeps what is before, also when the Volume is opened again", async () => {
  await using dir = await TempDir.make();
  const device = deviceIn(dir.path);
  {
    using medium = device.create("V1", label);
    medium.append([block(1), block(2), block(3)]);
    medium.truncate(200 + 64_512);
    assert.equal(medium.end, 200 + 64_512);
    medium.append([block(4)]);
  }
  using medium = device.open("V1", "append");
  assert.ok(contentOf(medium).equals(Buffer.concat([label, block(1), block(4)])));
});

test("any bytes can be opened, and reading them never fails or hangs", async () => {
  await using dir = await TempDir.make();
  const device = deviceIn(dir.path);
  {
    using medium = device.create("V1", label);
    for (let at = 0; at < 3; at += 1) medium.append([block(at, 900)]);
  }
  const whole = readFileSync(dir.file("V1/records"));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 12 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      writeFileSync(dir.file("V1/records"), bytes);
      using medium = device.open("V1", "append");
      assert.ok(medium.end <= 200 + 2700);
      contentOf(medium);
    }),
    { numRuns: 200 },
  );
});

const mayMount = process.getuid?.() === 0;
const skip = mayMount || process.env.CI === "true" ? {} : { skip: "only root may mount a small file system" };

test("on a full file system whole blocks stay, and the Volume can be read and labeled anew", skip, async () => {
  await using dir = await TempDir.make();
  const small = dir.file("small");
  mkdirSync(small);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
  try {
    const device = deviceIn(small);
    using medium = device.create("V1", label);
    const blocks = Array.from({ length: 40 }, () => randomBytes(64_512));
    let outcome = medium.append(blocks.slice(0, 10));
    assert.equal(outcome.kind, "written");
    outcome = medium.append(blocks.slice(10));
    assert.equal(outcome.kind, "full");
    const count = 10 + (outcome.kind === "full" ? outcome.blocks : 0);
    assert.ok(contentOf(medium).equals(Buffer.concat([label, ...blocks.slice(0, count)])));
    medium.relabel(label);
    assert.equal(medium.end, 200);
    assert.equal(medium.append(blocks.slice(0, 5)).kind, "written");
  } finally {
    execFileSync("umount", [small]);
  }
});

test("a header is read again as it was written, and no other bytes are one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 200 }), fc.nat(250), (bytes, offset) => {
      assert.equal(readPackedHeader(bytes, offset, offset), undefined);
    }),
  );
});

test("an empty file is an empty Volume", async () => {
  await using dir = await TempDir.make();
  const device = deviceIn(dir.path);
  device.create("V1", label).close();
  truncateSync(dir.file("V1/records"), 0);
  using medium = device.open("V1", "append");
  assert.equal(medium.end, 0);
});

test("the example of the format's page is a frame, and reads as the page says", async () => {
  await using dir = await TempDir.make();
  const page = readFileSync(new URL("../../docs/formats/packed-volume.md", import.meta.url), "utf8");
  const dump = page.split("```")[1]!.trim().split("\n");
  const device = deviceIn(dir.path);
  device.create("V1", label).close();
  writeFileSync(dir.file("V1/records"), bytesOfDump(dump));
  using medium = device.open("V1", "append");
  assert.equal(contentOf(medium).toString(), "abcdefgh".repeat(8));
});
