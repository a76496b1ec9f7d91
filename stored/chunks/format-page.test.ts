import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { bytesOfDump, dumpOf } from "../testing/sample-volume.ts";
import { readContainerHeader } from "./container-format.ts";
import { readContainer } from "./container-reader.ts";
import { SAMPLE_CHUNKS, SAMPLE_CREATED_MS, SAMPLE_STORE, sampleContainer } from "./testing/sample-container.ts";

const page = new URL("../../docs/formats/chunk-store.md", import.meta.url);

async function documentedDump(): Promise<string[]> {
  const text = await readFile(page, "utf8");
  return text.split("\n").filter((line) => /^[0-9a-f]{6} {2}/.test(line));
}

test("the container in the documentation is what is written today", async () => {
  assert.deepEqual(
    dumpOf(await sampleContainer()).map((line) => line.trimEnd()),
    await documentedDump(),
  );
});

test("the container in the documentation is read", async () => {
  await using dir = await TempDir.make();
  const bytes = bytesOfDump(await documentedDump());
  await writeFile(dir.file("container"), bytes);
  const { store, number, createdMs, domain } = readContainerHeader(bytes)!;
  assert.deepEqual(
    { store, number, createdMs, domain },
    { store: SAMPLE_STORE, number: 1, createdMs: SAMPLE_CREATED_MS, domain: "all" },
  );
  const contents = await readContainer(dir.file("container"));
  assert.ok(contents.kind === "whole");
  assert.equal(contents.footer.plainBytes, 311);
  const frame = new FrameCursor(bytes.subarray(256, contents.footer.directoryAt));
  for (const [i, plain] of SAMPLE_CHUNKS.entries()) {
    assert.ok(frame.next() && frame.isIntact);
    assert.equal(256 + frame.start, contents.directory.offset(i));
    const chunk = expandChunk(frame, new Uint8Array(frame.plainBytes));
    assert.ok(chunk.kind === "good");
    assert.deepEqual(Buffer.from(chunk.plain), plain);
  }
});

test("the tables of the documentation say where the fields of its container are", async () => {
  const bytes = bytesOfDump(await documentedDump());
  // By the page alone, as another program would: footer, directory, frame.
  const footer = bytes.subarray(bytes.length - 80);
  assert.equal(footer.toString("latin1", 0, 8), "NocChEnd");
  const directoryAt = footer.readUInt32LE(36);
  const frames = footer.readUInt32LE(40);
  assert.equal(directoryAt + frames * 48 + 80, bytes.length);
  const entry = bytes.subarray(directoryAt, directoryAt + 48);
  const frameAt = entry.readUInt32LE(32);
  assert.equal(frameAt, 256);
  assert.equal(entry[44], 0);
  assert.deepEqual(entry.subarray(0, 32), bytes.subarray(frameAt + 16, frameAt + 48));
  assert.equal(bytes.toString("latin1", frameAt + 48, frameAt + 48 + entry.readUInt32LE(36)), "hello world");
});
