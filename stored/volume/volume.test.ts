import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BatchBuilder, readBatch } from "#lib/wire/record.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { appendWish, fileBench, readAll, sessionStart, volumeLabel } from "../testing/device-bench.ts";
import { readLabelBlock, writeLabelBlock } from "./label-block.ts";
import { readSessionLabel, writeSessionLabel } from "./session-label.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";

const record = fc.record(
  {
    gap: fc.integer({ min: 0, max: 2 }),
    stream: fc.constantFrom(1, 2, 3, 1998, 536870914),
    bytes: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 20_000 })),
  },
  { noNullPrototype: true },
);

/** Batches of a session from what fast-check gives: FileIndexes grow, data tells session and place. */
function sessionBatches(
  session: number,
  records: readonly { readonly gap: number; readonly stream: number; readonly bytes: number }[],
): Uint8Array<ArrayBuffer>[] {
  const batches: Uint8Array<ArrayBuffer>[] = [];
  const builder = new BatchBuilder({ capacityBytes: 4096 });
  let fileIndex = 1;
  for (const [at, { gap, stream, bytes }] of records.entries()) {
    fileIndex += gap;
    builder.append(fileIndex, stream, new Uint8Array(bytes).fill((session * 100 + at) % 251));
    if (at % 5 === 4) batches.push(builder.take());
  }
  if (builder.length > 0) batches.push(builder.take());
  return batches;
}

test("what several sessions append in turn, over any number of Volumes, is read back the same", async () => {
  const sizes = fc.record({
    blockBytesMax: fc.integer({ min: 4096, max: 9000 }),
    volumeBytesMax: fc.oneof(fc.constant(0), fc.integer({ min: 5000, max: 60_000 })),
  });
  const property = fc.asyncProperty(
    sizes,
    fc.array(fc.array(record, { maxLength: 40 }), { minLength: 1, maxLength: 3 }),
    async ({ blockBytesMax, volumeBytesMax }, sessions) => {
      await using dir = await TempDir.make();
      const bench = fileBench(dir.path, { blockBytesMax });
      const { server, reports } = bench;
      const volumes: string[] = [];
      let told = 0;
      const mountNext = async () => {
        if (volumes.length > 0) await server.call("unmountAppend", null);
        volumes.push(`V${volumes.length}`);
        await server.call(
          "mountAppend",
          appendWish(volumes.at(-1) ?? "", { volumeBytesMax, previousVolume: volumes.at(-2) ?? "" }),
        );
        await server.call("resume", null);
      };
      const goOn = async () => {
        while (reports.slice(told).some(({ full }) => full !== undefined)) {
          told = reports.length;
          await mountNext();
        }
      };
      await mountNext();
      const batches = sessions.map((records, index) => sessionBatches(index + 1, records));
      for (const index of sessions.keys()) await server.call("begin", sessionStart(index + 1));
      for (let turn = 0; turn < 10; turn += 1) {
        for (const [index, own] of batches.entries()) {
          const batch = own[turn];
          if (batch !== undefined) server.engine.append(index + 1, turn + 1, batch);
          server.engine.drain();
          await goOn();
        }
      }
      for (const index of sessions.keys()) {
        await server.call("end", { sessionId: index + 1, date: 0, status: "T", errors: 0 });
        await goOn();
        await server.call("finish", { sessionId: index + 1, volumes: [] });
      }
      await server.call("unmountAppend", null);
      for (const [index, own] of batches.entries()) {
        const { records, damages } = await readAll(bench, volumes, index + 1);
        assert.deepEqual(damages, []);
        assert.ok(records.equals(Buffer.concat(own)), `session ${index + 1}`);
      }
      if (volumeBytesMax > 0)
        for (const { volume } of reports)
          assert.ok(volume === undefined || volume.blocks <= 1 || volume.bytes <= volumeBytesMax);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test("only the files that a bootstrap names are read", async () => {
  await using dir = await TempDir.make();
  const bench = fileBench(dir.path);
  await bench.server.call("mountAppend", appendWish("V0"));
  await bench.server.call("resume", null);
  await bench.server.call("begin", sessionStart(1));
  const builder = new BatchBuilder();
  for (let index = 1; index <= 200; index += 1) {
    builder.append(index, 1, Buffer.from(`${index} 3 /data/file-${index}\0x\0\0\0`));
    builder.append(index, 2, new Uint8Array(3000).fill(index));
  }
  bench.server.engine.append(1, 1, builder.take());
  await bench.server.call("end", { sessionId: 1, date: 0, status: "T", errors: 0 });
  await bench.server.call("unmountAppend", null);
  const indexesOf = async (wish: Partial<BootstrapEntry>) => {
    const { records } = await readAll(bench, ["V0"], 1, wish);
    return [...new Set([...readBatch(records)].map(({ fileIndex }) => fileIndex))];
  };
  assert.deepEqual(
    await indexesOf({
      fileIndexes: [
        { first: 3, last: 5 },
        { first: 199, last: 300 },
      ],
    }),
    [3, 4, 5, 199, 200],
  );
  assert.deepEqual(await indexesOf({ fileIndexes: [{ first: 150, last: 190 }], count: 3 }), [150, 151, 152]);
  assert.deepEqual(await indexesOf({ fileRegex: "/file-1?7$" }), [7, 17]);
  assert.deepEqual(
    await indexesOf({ volSessionId: 0, volSessionTime: 0, jobId: 1, fileIndexes: [{ first: 9, last: 9 }] }),
    [9],
  );
  assert.deepEqual(await indexesOf({ volSessionId: 0, volSessionTime: 0, jobId: 2 }), []);
  const ninth = { volSessionId: 0, volSessionTime: 0, fileIndexes: [{ first: 9, last: 9 }] };
  const any = { clients: [], jobs: [], types: [], levels: [] };
  const { client, job, jobName, type, level } = sessionStart(1).label;
  const own = { clients: ["other", client], jobs: [job], types: [type], levels: [level] };
  assert.deepEqual(await indexesOf({ ...ninth, session: own }), [9]);
  assert.deepEqual(await indexesOf({ fileIndexes: ninth.fileIndexes, session: { ...any, jobs: [jobName] } }), [9]);
  for (const other of [{ clients: ["other"] }, { jobs: ["other"] }, { types: ["r"] }, { levels: ["D"] }]) {
    assert.deepEqual(await indexesOf({ ...ninth, session: { ...any, ...other } }), []);
    assert.deepEqual(await indexesOf({ session: { ...own, ...other } }), [], "of a session that is named");
  }
  assert.deepEqual(await indexesOf({ volSessionId: 7 }), []);
  const streams = [...readBatch((await readAll(bench, ["V0"], 1, { streams: [1] })).records)].map(({ stream }) => stream);
  assert.equal(streams.length, 200);
});

test("a block in the middle that is damaged costs what it holds and nothing else", async () => {
  await using dir = await TempDir.make();
  const bench = fileBench(dir.path, { blockBytesMax: 4096 });
  await bench.server.call("mountAppend", appendWish("V0"));
  await bench.server.call("resume", null);
  await bench.server.call("begin", sessionStart(1));
  const builder = new BatchBuilder();
  for (let index = 1; index <= 100; index += 1) builder.append(index, 2, new Uint8Array(1000).fill(index));
  bench.server.engine.append(1, 1, builder.take());
  await bench.server.call("end", { sessionId: 1, date: 0, status: "T", errors: 0 });
  await bench.server.call("unmountAppend", null);
  const { open } = await import("node:fs/promises");
  {
    await using file = await open(dir.file("V0"), "r+");
    await file.write(Buffer.alloc(40, 0xff), 0, 40, 4096 * 5);
  }
  const { records, damages } = await readAll(bench, ["V0"], 1);
  const indexes = new Set([...readBatch(records)].map(({ fileIndex }) => fileIndex));
  assert.ok(indexes.size >= 93 && indexes.size < 100, `${indexes.size} files`);
  assert.ok(indexes.has(1) && indexes.has(100));
  assert.ok(damages.length >= 1 && damages.length <= 4, damages.join("\n"));
  assert.match(damages[0] ?? "", /^Volume "V0" at address \d+: .* bytes are passed over$/);
});

test("labels are read as they were written", () => {
  const block = writeLabelBlock(volumeLabel("Vol-1", { previousVolume: "Vol-0" }), {
    isPreLabel: true,
    session: { id: 3, time: 4 },
    checksum: true,
  });
  const { label, isPreLabel, bytes } = readLabelBlock(block);
  assert.deepEqual(label, { version: 11, ...volumeLabel("Vol-1", { previousVolume: "Vol-0" }) });
  assert.equal(isPreLabel, true);
  assert.equal(bytes, block.byteLength);
  const end = {
    files: 5,
    bytes: 2 ** 40,
    startBlock: 7,
    endBlock: 4_000_000_000,
    startFile: 0,
    endFile: 3,
    errors: 1,
    status: "W",
  };
  assert.deepEqual(readSessionLabel(writeSessionLabel(sessionStart(9).label, end), true), { ...sessionStart(9).label, end });
});

const ORIGIN = { volumeId: "8e0f-1", blockBytesMin: 0, blockBytesMax: 64_512, uname: "host x86_64-linux 6.1" };

test("behind what Bacula knows a label says of what it is, unless names leave no room", () => {
  const facts = { isPreLabel: false, session: { id: 3, time: 4 }, checksum: true };
  const named = readLabelBlock(writeLabelBlock({ ...volumeLabel("Vol-1"), origin: ORIGIN }, facts)).label;
  assert.deepEqual(named.origin, ORIGIN);
  const long = "p".repeat(127);
  const names = { pool: long, poolType: long, mediaType: long, host: long, program: long, programVersion: long };
  const full = readLabelBlock(writeLabelBlock({ ...volumeLabel("v".repeat(127)), ...names, origin: ORIGIN }, facts)).label;
  assert.equal(full.origin, undefined);
  assert.equal(full.programVersion, long);
});

test("a name that cannot stand on a label is refused", () => {
  const facts = { isPreLabel: false, session: { id: 1, time: 1 }, checksum: true };
  assert.throws(() => writeLabelBlock(volumeLabel("x".repeat(128)), facts), { code: "LABEL_NAME_INVALID" });
  assert.throws(() => writeLabelBlock(volumeLabel("a\0b"), facts), { code: "LABEL_NAME_INVALID" });
});
