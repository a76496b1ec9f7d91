import assert from "node:assert/strict";
import { test } from "node:test";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { VolumeWriter } from "./volume-writer.ts";
import type { AppendOutcome } from "../device/device.ts";
import type { BlockSink, VolumeWriterOptions } from "./volume-writer.ts";
import type { FilledBlock } from "./session-blocks.ts";

/** A medium that does as told: each append asks `next` what happens. */
class ScriptedSink implements BlockSink {
  end = 200;
  calls = 0;
  readonly #next: (call: number, blocks: readonly Uint8Array[]) => AppendOutcome;

  constructor(next: (call: number, blocks: readonly Uint8Array[]) => AppendOutcome = () => ({ kind: "written" })) {
    this.#next = next;
  }

  append(blocks: readonly Uint8Array[]): AppendOutcome {
    this.calls += 1;
    const outcome = this.#next(this.calls, blocks);
    const written = outcome.kind === "written" ? blocks.length : outcome.blocks;
    for (const block of blocks.slice(0, written)) this.end += block.byteLength;
    return outcome;
  }
}

function block(sessionId: number, sequence: number, index: number, bytes = 1000): FilledBlock {
  return { bytes: new Uint8Array(bytes), session: { id: sessionId, time: 1 }, sequence, firstIndex: index, lastIndex: index };
}

function writer(
  sink: BlockSink,
  options: Partial<VolumeWriterOptions> = {},
  onWritten: (block: FilledBlock) => void = () => {},
): VolumeWriter {
  return new VolumeWriter(
    sink,
    { nextNumber: 1, isFresh: true },
    { checksum: true, volumeBytesMax: 0, regionBytesMax: 0, ...options },
    onWritten,
  );
}

test("blocks that do not fit into the Volume's limit are left, in order", () => {
  const pending = [1, 2, 3, 4].map((n) => block(1, n, n));
  const outcome = writer(new ScriptedSink(), { volumeBytesMax: 2500 }).drain(pending);
  assert.equal(outcome.kind, "full");
  assert.deepEqual(
    pending.map(({ sequence }) => sequence),
    [3, 4],
  );
});

test("a Volume takes the first block after its label however low its limit is", () => {
  const pending = [block(1, 1, 1), block(1, 2, 2)];
  writer(new ScriptedSink(), { volumeBytesMax: 300 }).drain(pending);
  assert.equal(pending.length, 1);
});

test("when the file system is full, the blocks that did not fit are left, and only those", () => {
  const written: number[] = [];
  const pending = [1, 2, 3, 4].map((n) => block(1, n, n));
  const sink = new ScriptedSink(() => ({ kind: "full", blocks: 1, reason: "ENOSPC" }));
  const outcome = writer(sink, {}, ({ sequence }) => written.push(sequence)).drain(pending);
  assert.deepEqual(outcome, { kind: "full", reason: "the medium is full (ENOSPC)", cause: "full" });
  assert.deepEqual(written, [1]);
  assert.deepEqual(
    pending.map(({ sequence }) => sequence),
    [2, 3, 4],
  );
});

test("a write that fails once is tried again, one that fails twice ends the Volume as an error", () => {
  const fail = () => {
    throw new OperatorError("DEVICE_IO_FAILED", "EIO");
  };
  const once = new ScriptedSink((call) => (call === 1 ? fail() : { kind: "written" }));
  const pending = [block(1, 1, 1)];
  assert.deepEqual(writer(once).drain(pending), { kind: "written" });
  assert.equal(pending.length, 0);
  const left = [block(1, 1, 1)];
  assert.deepEqual(writer(new ScriptedSink(fail)).drain(left), { kind: "full", reason: "EIO", cause: "error" });
  assert.equal(left.length, 1);
});

test("each session's runs tell where it lies, also when blocks alternate", () => {
  const subject = writer(new ScriptedSink());
  subject.drain([block(1, 1, 1), block(2, 1, 5), block(1, 2, 2), block(2, 2, 6)]);
  subject.closeRegion(1);
  subject.closeRegions();
  assert.deepEqual(subject.takeClosedRegions(), [
    { sessionId: 1, firstIndex: 1, lastIndex: 2, startAddress: 200, endAddress: 3199 },
    { sessionId: 2, firstIndex: 5, lastIndex: 6, startAddress: 1200, endAddress: 4199 },
  ]);
});

test("a run ends at the file boundary and the next begins behind it", () => {
  const subject = writer(new ScriptedSink(), { regionBytesMax: 2000 });
  subject.drain([1, 2, 3, 4, 5].map((n) => block(1, n, n)));
  subject.closeRegions();
  assert.deepEqual(
    subject
      .takeClosedRegions()
      .map(({ firstIndex, lastIndex, startAddress, endAddress }) => [firstIndex, lastIndex, startAddress, endAddress]),
    [
      [1, 2, 200, 2199],
      [3, 4, 2200, 4199],
      [5, 5, 4200, 5199],
    ],
  );
});

test("a run with nothing but labels is not told", () => {
  const subject = writer(new ScriptedSink());
  subject.drain([block(1, 1, 0)]);
  subject.closeRegions();
  assert.deepEqual(subject.takeClosedRegions(), []);
});
