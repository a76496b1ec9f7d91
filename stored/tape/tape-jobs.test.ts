import assert from "node:assert/strict";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { test } from "node:test";
import { BatchBuilder } from "#lib/wire/record.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { DeviceServer } from "../device/device-server.ts";
import { appendWish, readAll, sessionStart } from "../testing/device-bench.ts";
import { USUAL_HABITS } from "./tape-medium.ts";
import { VtapeFile } from "./vtape-file.ts";
import type { EngineReport } from "../device/append-engine.ts";
import type { AppendMounted } from "../device/device-protocol.ts";
import type { TapeHabits } from "./tape-medium.ts";

const FILE = 2 ** 32;

/** A drive with a blank tape. */
function tapeBench(path: string, more: { capacity?: number; habits?: Partial<TapeHabits>; fileBytesMax?: number } = {}) {
  const { capacity = 0, habits = {}, fileBytesMax = 0 } = more;
  const reports: EngineReport[] = [];
  const options = {
    device: { name: "T", deviceType: "VTape", archiveDevice: path, tape: { capacity, habits: { ...USUAL_HABITS, ...habits } } },
    hasStore: false,
    engine: { blockBytesMax: 10_000, blockBytesMin: 0, checksum: true, regionBytesMax: 0, fileBytesMax },
  };
  return { server: new DeviceServer(options, (report) => reports.push(report)), reports };
}

type TapeBench = ReturnType<typeof tapeBench>;

/** What a job with one file of so many bytes sends. */
function recordsOf(bytes: number): Uint8Array<ArrayBuffer> {
  const builder = new BatchBuilder();
  builder.append(1, 2, new Uint8Array(bytes).fill(bytes % 251));
  return builder.take();
}

/** Runs a job, and leaves the tape. */
async function job(
  { server }: TapeBench,
  id: number,
  bytes: number,
  wish = appendWish("T1", { action: "append" }),
): Promise<AppendMounted> {
  const mounted = await server.call("mountAppend", wish);
  await server.call("resume", null);
  await server.call("begin", sessionStart(id));
  server.engine.append(id, 1, recordsOf(bytes));
  await server.call("end", { sessionId: id, date: Date.UTC(2026, 0, 2), status: "T", errors: 0 });
  await server.call("finish", { sessionId: id, volumes: ["T1"] });
  await server.call("unmountAppend", null);
  return mounted;
}

/** The Volume as it was told last. */
function volumeOf({ reports }: TapeBench) {
  const told = reports.findLast(({ volume }) => volume !== undefined)?.volume;
  assert.ok(told?.tapeEnd !== undefined);
  return { ...told, file: Math.floor(told.tapeEnd / FILE), block: told.tapeEnd % FILE };
}

test("the label is file 0, each file ends at its limit, and runs are told by file and block", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("tape"), "");
  const bench = tapeBench(dir.file("tape"), { fileBytesMax: 40_000 });
  await job(bench, 1, 100_000, appendWish("T1", { action: "relabel" }));
  const regions = bench.reports.flatMap((report) => report.regions);
  assert.deepEqual(
    regions.map(({ startAddress, endAddress }) => [startAddress, endAddress]),
    [
      [FILE, FILE + 3],
      [2 * FILE, 2 * FILE + 3],
      [3 * FILE, 3 * FILE + 2],
    ],
  );
  assert.deepEqual([volumeOf(bench).file, volumeOf(bench).block], [4, 0]);
  const { records, damages } = await readAll(bench, ["T1"], 1);
  assert.deepEqual(damages, []);
  assert.ok(records.equals(recordsOf(100_000)));
});

test("positions of a bootstrap lead to the blocks of a job and no others are read", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("tape"), "");
  for (const spacesBlocks of [true, false]) {
    writeFileSync(dir.file("tape"), "");
    const bench = tapeBench(dir.file("tape"), { fileBytesMax: 40_000, habits: { spacesBlocks, spacesFast: spacesBlocks } });
    await job(bench, 1, 300_000, appendWish("T1", { action: "relabel" }));
    bench.reports.length = 0;
    await job(bench, 2, 15_000);
    const [region] = bench.reports.flatMap((report) => report.regions);
    assert.ok(region !== undefined && region.startAddress >= 9 * FILE, JSON.stringify(region));
    const addresses = [{ first: region.startAddress, last: region.endAddress }];
    const { server } = bench;
    const entry = { volume: "T1", mediaType: "", device: "", slot: 0, volSessionId: 0, volSessionTime: 0, fileIndexes: [], count: 0, fileRegex: "", session: undefined, jobId: 0, streams: [], addresses }; // prettier-ignore
    await server.call("openRead", { readerId: 7, volume: "T1", entries: [entry], locator: undefined });
    const part = await server.call("read", { readerId: 7, bytes: 1_000_000, spent: [] });
    assert.ok(part.bytesRead < 20_000, `${part.bytesRead} bytes are read`);
    await server.call("closeRead", { readerId: 7, isComplete: false });
    assert.ok((await readAll(bench, ["T1"], 2)).records.equals(recordsOf(15_000)));
  }
});

for (const backsFiles of [true, false]) {
  test(`two file marks end a tape where the device wants that, and the second is written over${backsFiles ? "" : ", also where it cannot step back"}`, async (context) => {
    const spaceFiles = VtapeFile.prototype.spaceFiles;
    const spaced = context.mock.method(VtapeFile.prototype, "spaceFiles", function mocked(this: VtapeFile, count: number) {
      assert.ok(backsFiles || count > 0, "a drive that cannot step back is not told to");
      return spaceFiles.call(this, count);
    });
    await using dir = await TempDir.make();
    writeFileSync(dir.file("tape"), "");
    const bench = tapeBench(dir.file("tape"), { habits: { endsWithTwo: true, backsFiles } });
    await job(bench, 1, 1000, appendWish("T1", { action: "relabel" }));
    assert.deepEqual([volumeOf(bench).file, volumeOf(bench).block], [2, 0]);
    const mounted = await job(bench, 2, 2000);
    assert.equal(mounted.tapeEnd, 2 * FILE);
    assert.deepEqual([volumeOf(bench).file, volumeOf(bench).block], [3, 0]);
    for (const [id, bytes] of [
      [1, 1000],
      [2, 2000],
    ] as const)
      assert.ok((await readAll(bench, ["T1"], id)).records.equals(recordsOf(bytes)));
    assert.ok(spaced.mock.callCount() > 0);
  });
}

test("when spacing to the end fails the tape is read through, which is told, and appended to at the right place", async () => {
  await using dir = await TempDir.make();
  const path = dir.file("tape");
  writeFileSync(path, "");
  const bench = tapeBench(path);
  await job(bench, 1, 50_000, appendWish("T1", { action: "relabel" }));
  const fd = openSync(path, "r+");
  writeSync(fd, new Uint8Array(128), 0, 128, 64);
  closeSync(fd);
  const mounted = await job(bench, 2, 60_000);
  assert.match(mounted.notes.join(), /spacing to the end of data \(MTEOM\).* failed.*read through/s);
  assert.equal(mounted.tapeEnd, 2 * FILE);
  for (const [id, bytes] of [
    [1, 50_000],
    [2, 60_000],
  ] as const)
    assert.ok((await readAll(bench, ["T1"], id)).records.equals(recordsOf(bytes)));
  assert.deepEqual((await job(bench, 3, 10)).notes, [], "the directory is good again");
});

test("a tape with fewer files than the catalog knows is refused with both numbers, one with more is appended to behind them", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("tape"), "");
  const bench = tapeBench(dir.file("tape"));
  await job(bench, 1, 50_000, appendWish("T1", { action: "relabel" }));
  const known = volumeOf(bench);
  const catalogEnd = { catalogFiles: known.file, catalogAddress: known.tapeEnd ?? 0 };
  const wish = {
    ...appendWish("T1", { action: "append", catalogBytes: known.bytes, catalogBlocks: known.blocks }),
    catalogEnd,
  };
  await assert.rejects(bench.server.call("mountAppend", { ...wish, catalogEnd: { ...catalogEnd, catalogFiles: 7 } }), {
    code: "VOLUME_SIZE_MISMATCH",
    message: /number of files does not match! Volume=2 Catalog=7/,
  });
  assert.equal((await job(bench, 2, 20_000, wish)).tail, undefined);
  const again = await job(bench, 3, 30_000, wish);
  assert.deepEqual([again.tail?.blocks, again.tail?.cutBytes], [3, 0]);
  for (const [id, bytes] of [
    [1, 50_000],
    [2, 20_000],
    [3, 30_000],
  ] as const)
    assert.ok((await readAll(bench, ["T1"], id)).records.equals(recordsOf(bytes)));
});

test("a full tape keeps whole blocks, and the rest waits for the next one", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("tape"), "");
  const bench = tapeBench(dir.file("tape"), { capacity: 1_000_000 });
  const { server, reports } = bench;
  await server.call("mountAppend", appendWish("T1", { action: "relabel" }));
  await server.call("resume", null);
  await server.call("begin", sessionStart(1));
  server.engine.append(1, 1, recordsOf(1_500_000));
  server.engine.drain();
  assert.match(reports.find(({ full }) => full !== undefined)?.full?.reason ?? "", /early warning/);
  await server.call("unmountAppend", null);
  assert.equal(volumeOf(bench).block, 0, "the tape ends with a file mark");
  writeFileSync(dir.file("tape2"), "");
  assert.ok(volumeOf(bench).bytes > 800_000);
});
