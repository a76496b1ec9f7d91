import assert from "node:assert/strict";
import { openSync, closeSync, writeFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { Catalog } from "#catalog/catalog.ts";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import { listJobsById } from "#catalog/queries/jobs.ts";
import { sampleVolume } from "#stored/testing/sample-volume.ts";
import { readBlockHeader } from "#stored/volume/block.ts";
import { aloneOnCatalog } from "#catalog/database/alone-on-catalog.ts";
import { bscan, bscanSpec } from "./bscan.ts";
import { readToolLine } from "./tool-line.ts";
import { madeVolume } from "./testing/made-volume.ts";
import { ToolVoice } from "./tool-voice.ts";

/** Runs bscan in this process on a Volume with these bytes; answers its exit code. */
async function scan(dir: TempDir, bytes: Uint8Array): Promise<number> {
  writeFileSync(dir.file("Sample-0001"), bytes);
  const command = readToolLine(bscanSpec, ["-s", "-m", "-p", "-w", dir.path, "-n", "catalog", dir.file("Sample-0001")]);
  assert.equal(command.kind, "run");
  const nowhere = openSync("/dev/null", "w");
  try {
    using voice = new ToolVoice("bscan", nowhere);
    const line = command.kind === "run" ? command.line : assert.fail();
    return await bscan(line, voice, new AbortController().signal, async () => undefined);
  } finally {
    closeSync(nowhere);
  }
}

/** Changes one byte and takes the checksums away, so that nothing but the content itself can be found wrong. */
function changed(volume: Buffer, at: number, value: number): Buffer {
  const bytes = Buffer.from(volume);
  bytes[at] = value;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let block = 0; block + 24 <= bytes.byteLength;) {
    bytes.writeUInt32BE(0, block);
    const size = readBlockHeader(view, block)?.size ?? 0;
    if (size === 0) break;
    block += size;
  }
  return bytes;
}

test("the sample Volume gives its job; a second run gives nothing more", async () => {
  await using dir = await TempDir.make();
  const options = { driver: "sqlite", file: dir.file("catalog.db") } as const;
  await createCatalog(options);
  const volume = await sampleVolume();
  for (let run = 1; run <= 2; run++) {
    assert.equal(await scan(dir, volume), 0);
    await using catalog = await Catalog.open(options);
    const rows = await catalog.reader.selectFrom("Job").select(["JobId", "JobStatus", "JobFiles"]).execute();
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ JobId: rows[0]?.JobId, JobStatus: "T", JobFiles: 1 }],
      `run ${run}`,
    );
    assert.equal((await listJobsById(catalog, [rows[0]?.JobId ?? 0])).length, 1);
    assert.equal((await catalog.reader.selectFrom("File").select("FileId").execute()).length, 1);
    assert.equal((await catalog.reader.selectFrom("JobMedia").select("JobMediaId").execute()).length, 1);
  }
});

test("dates, a JobId and a type of pool that cannot be do not get into the catalog, and end nothing", async () => {
  await using dir = await TempDir.make();
  const options = { driver: "sqlite", file: dir.file("catalog.db") } as const;
  await createCatalog(options);
  const facts = { date: 8e15, poolType: "Evil", pool: "Evil", jobId: 0xffff_ffff };
  const volume = madeVolume("Sample-0001", [[{ name: "/data/a" }], [{ name: "/data/b" }]], 4096, "oneByOne", facts);
  assert.equal(await scan(dir, volume.bytes), 1);
  await using catalog = await Catalog.open(options);
  const rows = await catalog.reader.selectFrom("Job").select(["JobId", "StartTime", "EndTime", "JobTDate"]).execute();
  const none = { StartTime: null, EndTime: null, JobTDate: 0 };
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [
      { JobId: 1, ...none },
      { JobId: 2, ...none },
    ],
  );
  assert.equal((await catalog.reader.selectFrom("File").select("FileId").execute()).length, 2);
});

test("while one bscan fills a catalog another is refused", async () => {
  await using dir = await TempDir.make();
  const options = { driver: "sqlite", file: dir.file("catalog.db") } as const;
  await createCatalog(options);
  const volume = await sampleVolume();
  await using catalog = await Catalog.open(options);
  await aloneOnCatalog(catalog, async () => {
    await assert.rejects(scan(dir, volume), { code: "CATALOG_BUSY" });
  });
  assert.equal(await scan(dir, volume), 0);
});

test("whatever stands on a Volume, bscan ends with an exit code or with an error for the operator", async () => {
  await using dir = await TempDir.make();
  await createCatalog({ driver: "sqlite", file: dir.file("catalog.db") });
  const volume = await sampleVolume();
  await fc.assert(
    fc.asyncProperty(fc.nat(volume.byteLength - 1), fc.nat(255), async (at, value) => {
      try {
        assert.ok([0, 1].includes(await scan(dir, changed(volume, at, value))));
      } catch (error) {
        assert.ok(error instanceof OperatorError, String(error));
      }
    }),
    { numRuns: 25 },
  );
});
