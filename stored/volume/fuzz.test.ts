import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { BatchBuilder } from "#lib/wire/record.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { anyEntry, appendWish, fileBench, sessionStart } from "../testing/device-bench.ts";
import { readLabelBlock } from "./label-block.ts";
import { readSessionLabel, writeSessionLabel } from "./session-label.ts";
import { VolumeReader } from "./volume-reader.ts";
import { sealBlock, readBlockHeader } from "./block.ts";

/** A small generator whose seed is printed with every failure. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** A Volume with two sessions, records that span blocks, and labels. */
async function sampleVolume(): Promise<Buffer> {
  await using dir = await TempDir.make();
  const { server } = fileBench(dir.path, { blockBytesMax: 4096 });
  await server.call("mountAppend", appendWish("V0"));
  await server.call("resume", null);
  for (const id of [1, 2]) {
    await server.call("begin", sessionStart(id));
    const builder = new BatchBuilder();
    for (let index = 1; index <= 4; index += 1) {
      builder.append(index, 1, Buffer.from(`${index} 3 /data/file-${index}\0x\0\0\0`));
      builder.append(index, 2, new Uint8Array(800 * index).fill(index));
    }
    server.engine.append(id, 1, builder.take());
    server.engine.drain();
  }
  for (const id of [1, 2]) await server.call("end", { sessionId: id, date: 0, status: "T", errors: 0 });
  await server.call("unmountAppend", null);
  return await readFile(dir.file("V0"));
}

/** One change of some bytes: flips, lengths that lie, cuts, repeats, runs of one value. */
function mutate(bytes: Buffer, next: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const at = next(copy.length);
  switch (next(7)) {
    case 0:
      copy[at] = next(256);
      return copy;
    case 1:
      copy.writeUInt32BE(next(2) === 0 ? 0xffffffff : next(2 ** 31), Math.min(at, copy.length - 4));
      return copy;
    case 2:
      return copy.subarray(0, at);
    case 3:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.max(0, at - next(5000)))]);
    case 4:
      return copy.fill(next(256), at, Math.min(copy.length, at + next(3000)));
    case 5:
      copy.write("BB02", Math.min(at, copy.length - 4));
      return copy;
    default:
      return copy.fill(
        Buffer.from([0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 1, 0x42, 0x42, 0x30, 0x32]),
        at,
        Math.min(copy.length, at + next(4000)),
      );
  }
}

/** Gives blocks right checksums again, so that what is mutated inside them is looked at too. */
function resealed(bytes: Buffer): Buffer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 24 <= bytes.length;) {
    const header = readBlockHeader(view, at);
    if (header === undefined || at + header.size > bytes.length || header.session === undefined) break;
    sealBlock(bytes.subarray(at, at + header.size), { number: header.number, session: header.session, checksum: true });
    at += header.size;
  }
  return bytes;
}

test("10,000 mutated Volumes give records or messages, never a crash, a hang or memory without bound", async () => {
  const sample = await sampleVolume();
  for (let seed = 1; seed <= 10_000; seed += 1) {
    const next = random(seed);
    let bytes = sample;
    for (let count = 1 + next(3); count > 0; count -= 1) bytes = bytes.length > 8 ? mutate(bytes, next) : bytes;
    if (next(2) === 0) bytes = resealed(Buffer.from(bytes));
    const medium = bytes;
    const reader = new VolumeReader({ chunkBytes: 8192 });
    const source = {
      readAt: (into: Uint8Array, address: number) => {
        const part = medium.subarray(Math.min(address, medium.length), Math.min(address + into.byteLength, medium.length));
        into.set(part);
        return part.length;
      },
    };
    try {
      reader.openVolume("V0", source, [anyEntry("V0")]);
      let given = 0;
      for (let isDone = false; !isDone;) {
        const part = reader.read(1_000_000);
        for (const item of part.items) if (item.kind === "batch") given += item.batch.byteLength;
        isDone = part.isVolumeDone;
      }
      reader.end();
      assert.ok(given <= 2 * medium.length, `${given} bytes of records from ${medium.length} bytes`);
      assert.ok(reader.takeDamages().length <= 1000);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

test("10,000 mutated labels give a label or an OperatorError", async () => {
  const sample = (await sampleVolume()).subarray(0, 300);
  const session = Buffer.from(
    writeSessionLabel(sessionStart(1).label, {
      files: 1,
      bytes: 2,
      startBlock: 3,
      endBlock: 4,
      startFile: 5,
      endFile: 6,
      errors: 7,
      status: "T",
    }),
  );
  for (let seed = 1; seed <= 10_000; seed += 1) {
    const next = random(seed);
    for (const read of [
      () => readLabelBlock(resealed(mutate(sample, next))),
      () => readSessionLabel(mutate(session, next), next(2) === 0),
    ]) {
      try {
        read();
      } catch (error) {
        assert.ok(error instanceof OperatorError, `seed ${seed}: ${String(error)}`);
      }
    }
  }
});
