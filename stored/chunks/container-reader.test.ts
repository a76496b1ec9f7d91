import assert from "node:assert/strict";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { FRAME_HEADER_BYTES, FrameCursor, writeFrameHeader } from "#lib/chunk/chunk-frame.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { seededRandom } from "#lib/testing/mutate-text.ts";
import { CONTAINER_HEADER_BYTES } from "./container-format.ts";
import { containerPath } from "./container-name.ts";
import { readContainer } from "./container-reader.ts";
import { ContainerWriter } from "./container-writer.ts";
import { salvageFrames } from "./salvage-frames.ts";
import { SAMPLE_STORE } from "./testing/sample-container.ts";
import { frameOf, framesOf, idOf, noise } from "./testing/store-bench.ts";
import type { ContainerDirectory } from "./container-format.ts";

/** A frame of the container under test, and where it lies. */
interface Laid {
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

async function writeContainer(directory: string, frames: Uint8Array): Promise<Buffer> {
  const at = { directory, number: 1, store: SAMPLE_STORE, domain: "all", createdMs: 0 };
  const writer = await ContainerWriter.create(at, () => {});
  for (const cursor = new FrameCursor(frames); cursor.next();) writer.place(cursor, cursor.id);
  await writer.write([frames]);
  await writer.seal();
  return await readFile(containerPath(directory, 1));
}

function laidOut(frames: Uint8Array): Laid[] {
  const laid: Laid[] = [];
  for (const cursor = new FrameCursor(frames); cursor.next();) {
    const start = CONTAINER_HEADER_BYTES + cursor.start;
    laid.push({ id: Buffer.from(cursor.id).toString("hex"), start, end: CONTAINER_HEADER_BYTES + cursor.end });
  }
  return laid;
}

function idsIn(directory: ContainerDirectory): Set<string> {
  return new Set(Array.from({ length: directory.count }, (_, i) => directory.id(i).toString("hex")));
}

const chunks = [
  noise(1, 300),
  Buffer.alloc(2000, "a"),
  noise(2, 1),
  Buffer.alloc(500),
  noise(3, 90),
  Buffer.alloc(900, "words "),
];

test("whatever is changed in a container, every chunk whose bytes were not is still found in it", async () => {
  await using dir = await TempDir.make();
  const frames = framesOf(chunks);
  const laid = laidOut(frames);
  const whole = await writeContainer(dir.path, frames);
  const path = dir.file("mutant");
  const random = seededRandom(7);
  const below = (most: number): number => Math.floor(random() * most);
  for (let i = 0; i < 10_000; i++) {
    const mutant = Buffer.from(whole);
    const touched: number[] = [];
    for (let flips = 1 + below(4); flips > 0; flips--) {
      // Half of them near the end, where the directory and the footer are.
      const at = random() < 0.5 ? below(mutant.length) : mutant.length - 1 - below(Math.min(mutant.length, 400));
      mutant[at] = random() < 0.3 ? 0 : mutant[at]! ^ (1 << below(8));
      touched.push(at);
    }
    const end = random() < 0.3 ? below(mutant.length) : mutant.length;
    await writeFile(path, mutant.subarray(0, end));
    const found = idsIn((await readContainer(path)).directory);
    for (const { id, start, end: frameEnd } of laid) {
      const isUntouched = frameEnd <= end && touched.every((at) => at < start || at >= frameEnd);
      assert.ok(!isUntouched || found.has(id), `mutation ${i}: ${id} was not found`);
    }
    for (const id of found)
      assert.ok(
        laid.some((frame) => frame.id === id),
        `mutation ${i}: ${id} was never written`,
      );
  }
});

test("of a container that is cut off at any byte, the chunks before the cut are found", async () => {
  await using dir = await TempDir.make();
  const frames = framesOf(chunks);
  const laid = laidOut(frames);
  const whole = await writeContainer(dir.path, frames);
  const path = containerPath(dir.path, 1);
  for (let end = whole.length - 1; end >= 0; end--) {
    await truncate(path, end);
    const contents = await readContainer(path);
    assert.equal(contents.kind, "damaged");
    const wanted = laid.filter((frame) => frame.end <= end).map(({ id }) => id);
    assert.deepEqual([...idsIn(contents.directory)], wanted);
  }
});

test("bytes behind a container are damage, its chunks are found", async () => {
  await using dir = await TempDir.make();
  const whole = await writeContainer(dir.path, framesOf(chunks));
  await writeFile(dir.file("longer"), Buffer.concat([whole, Buffer.alloc(100)]));
  const contents = await readContainer(dir.file("longer"));
  assert.equal(contents.kind, "damaged");
  assert.equal(contents.directory.count, chunks.length);
});

test("a file that is not there is damage, not an exception", async () => {
  await using dir = await TempDir.make();
  const contents = await readContainer(dir.file("nothing"));
  assert.ok(contents.kind === "damaged" && contents.what.includes("No such file"), JSON.stringify(contents));
});

test("a frame that a client hid in a chunk is taken for one only if its bytes are what it says", () => {
  const honest = frameOf(noise(5, 200));
  const lie = Buffer.from(honest);
  const header = { method: 0, level: 0, plainBytes: 200, storedBytes: 200 };
  writeFrameHeader(lie, 0, header, idOf(noise(6, 200)));
  const outer = frameOf(Buffer.concat([noise(7, 50), lie, noise(8, 50), honest]), 0);
  const intact = salvageFrames(outer, 0, outer.length);
  assert.deepEqual([...idsIn(intact.directory)], [outer.subarray(16, 48).toString("hex")]);
  outer[20]! ^= 1;
  const salvaged = salvageFrames(outer, 0, outer.length);
  assert.deepEqual([...idsIn(salvaged.directory)], [idOf(noise(5, 200)).toString("hex")]);
});

test("a container made to be searched for ever is given up", () => {
  // Each of its bytes may begin a frame as long as all the rest.
  const bytes = Buffer.alloc(4_000_000);
  for (let at = 0; at + FRAME_HEADER_BYTES < bytes.length; at += 16) {
    bytes.writeUInt32LE(3_000_000, at + 4);
    bytes.writeUInt32LE(3_000_000, at + 8);
  }
  assert.equal(salvageFrames(bytes, 0, bytes.length).directory.count, 0);
});
