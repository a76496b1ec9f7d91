import assert from "node:assert/strict";
import { test } from "node:test";
import { EstimateRequest, StartFileJobRequest } from "#proto/filed.ts";
import { StartStorageJobRequest } from "#proto/stored.ts";
import { encodeEstimate, encodeFileJob, encodeStorageJob } from "./long-requests.ts";

const ranges = (count: number, step: number) =>
  Array.from({ length: count }, (_, at) => ({ first: at * step, last: at * step + 1 }));
const names = (count: number) => Array.from({ length: count }, (_, at) => Buffer.from(`/srv/tree/file-${at}`));

const work = {
  level: "I",
  sinceUs: 5,
  accurate: true,
  fileset: {
    name: "Set",
    includes: [
      { files: names(25_001), options: [{ signature: "MD5", wild: [] }], excludeDirContaining: [Buffer.from(".no")] },
      { files: names(1) },
    ],
    excludes: names(10_001),
    enableSnapshot: true,
  },
};

test("a request encoded in pieces says the same as one encoded at once", async () => {
  const file = StartFileJobRequest.fromPartial({
    job: { job: "a", jobId: 3 },
    work: { $case: "backup", value: work },
    maxErrors: 4,
  });
  assert.deepEqual(StartFileJobRequest.decode(await encodeFileJob(file)), file);
  const restore = StartFileJobRequest.fromPartial({ work: { $case: "restore", value: { replace: "never" } } });
  assert.deepEqual(StartFileJobRequest.decode(await encodeFileJob(restore)), restore);
  const estimate = EstimateRequest.fromPartial({ work, listing: true });
  assert.deepEqual(EstimateRequest.decode(await encodeEstimate(estimate)), estimate);
  const storage = StartStorageJobRequest.fromPartial({
    job: { job: "b", jobId: 4 },
    devices: ["x", "y"],
    work: {
      $case: "read",
      value: {
        bootstrap: {
          entries: [
            { volume: "A", volSessionId: 7, addresses: ranges(10_001, 2 ** 33), fileIndexes: ranges(20_000, 3), count: 9 },
            { volume: "B" },
          ],
        },
      },
    },
    preferMountedVolumes: true,
  });
  assert.deepEqual(StartStorageJobRequest.decode(await encodeStorageJob(storage)), storage);
  const append = StartStorageJobRequest.fromPartial({ work: { $case: "append", value: { pool: "Default" } } });
  assert.deepEqual(StartStorageJobRequest.decode(await encodeStorageJob(append)), append);
});

test("lists beyond what a daemon takes are refused before anything is sent", async () => {
  const name = Buffer.alloc(1 << 20, "x");
  const fileset = { name: "Set", includes: [{ files: Array.from({ length: 64 }, () => name) }] };
  const request = EstimateRequest.fromPartial({ work: { fileset } });
  await assert.rejects(encodeEstimate(request), /the FileSet with its lists comes to 67\d+ bytes; 67108864 are the most/);
});
