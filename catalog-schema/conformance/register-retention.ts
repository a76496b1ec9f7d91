import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ensureClient } from "../queries/clients.ts";
import { ensureFileSet } from "../queries/filesets.ts";
import { insertJobMedia } from "../queries/job-media.ts";
import { findJob } from "../queries/jobs.ts";
import { addEvent, addLog, listLog } from "../queries/log.ts";
import { changeMediaCare } from "../queries/media-care.ts";
import { createMedia } from "../queries/media.ts";
import { ensurePool } from "../queries/pools.ts";
import {
  listAgedOthers,
  listAgedSeries,
  listJobsOfSeries,
  listJobsOnPrecious,
  listJobsOnVolume,
  listNewestInitCatalogs,
  listPoolInflow,
  listPrunableVolumes,
  listSpaceHistory,
  listTruncatable,
  listUsersOfBases,
  listWithAgedFiles,
} from "../queries/retention.ts";
import { pruneEvents, pruneLooseLog, pruneStatistics, updateStatistics } from "../queries/statistics.ts";
import { addJob, catalogForAll, typed, type DatabaseUnderTest } from "./database-under-test.ts";

const ids = (rows: readonly { readonly JobId: number }[]) => rows.map((row) => row.JobId);

/** What pruning reads, and what it deletes in steps. */
export function registerRetention(database: DatabaseUnderTest): void {
  describe(`retention on ${database.name}`, () => {
    const catalog = catalogForAll(database);

    test("jobs are found by series and age, also those without a FileSet", async () => {
      const { client } = await ensureClient(catalog(), { Name: "r1", AutoPrune: 1, FileRetention: 1, JobRetention: 1 });
      const { fileSet } = await ensureFileSet(catalog(), { FileSet: "Set", MD5: "a", CreateTime: "2026-01-01 00:00:00" });
      const other = (await ensureFileSet(catalog(), { FileSet: "Set", MD5: "b", CreateTime: "2026-02-01 00:00:00" })).fileSet;
      const of = { ClientId: client.ClientId, JobTDate: 1000 };
      const one = await addJob(catalog(), { ...of, FileSetId: fileSet.FileSetId });
      const two = await addJob(catalog(), { ...of, FileSetId: other.FileSetId, JobTDate: 9000, PurgedFiles: 1 });
      const bare = await addJob(catalog(), { ...of, FileSetId: 0 });
      const restore = await addJob(catalog(), { ...of, Type: "R" });
      const [clientId] = [client.ClientId];
      assert.deepEqual(await listAgedSeries(catalog(), { clientId, endedBefore: 5000 }), [
        { clientId, fileSet: "" },
        { clientId, fileSet: "Set" },
      ]);
      assert.deepEqual(await listAgedSeries(catalog(), { clientId, endedBefore: 1000 }), []);
      assert.deepEqual(ids(await listJobsOfSeries(catalog(), { clientId, fileSet: "Set" })), [one, two]);
      assert.deepEqual(ids(await listJobsOfSeries(catalog(), { clientId, fileSet: "" })), [bare]);
      const aged = { clientId, endedBefore: 5000, afterJobId: 0 };
      assert.deepEqual(ids(await listAgedOthers(catalog(), aged)), [restore]);
      assert.deepEqual(ids(await listWithAgedFiles(catalog(), { ...aged, endedBefore: 10_000 })), [one, bare, restore]);
    });

    test("jobs of Volumes, precious ones, and users of Base jobs", async () => {
      const pool = await ensurePool(catalog(), { Name: "P", PoolType: "Backup" });
      const base = await addJob(catalog(), { Level: "B" });
      const user = await addJob(catalog(), { HasBase: 1 });
      const init = await addJob(catalog(), { Type: "V", Level: "V", Name: "Check" });
      const media = { MediaType: "File", PoolId: pool.PoolId, Recycle: 1, VolBytes: 5000 };
      const full = await createMedia(catalog(), { ...media, VolumeName: "F", VolStatus: "Full", VolRetention: 10 });
      await createMedia(catalog(), { ...media, VolumeName: "E", VolStatus: "Used", VolRetention: 0 });
      await createMedia(catalog(), { ...media, VolumeName: "T", VolStatus: "Purged", ActionOnPurge: 1 });
      await insertJobMedia(
        catalog(),
        [base, user, user, 999_999].map((JobId) => ({ JobId, MediaId: full.MediaId })),
      );
      await catalog()
        .writer.insertInto("BaseFiles")
        .values({ BaseJobId: base, JobId: user, FileId: 1, FileIndex: 1 })
        .execute();
      assert.deepEqual(
        (await listJobsOnVolume(catalog(), full.MediaId)).map((job) => [job.jobId, job.clientId !== null]),
        [
          [base, true],
          [user, true],
          [999_999, false],
        ],
      );
      assert.deepEqual(await listUsersOfBases(catalog(), [base, user]), [{ BaseJobId: base, JobId: user }]);
      assert.ok((await listNewestInitCatalogs(catalog())).includes(init));
      assert.equal((await listJobsOnPrecious(catalog())).size, 0);
      await changeMediaCare(catalog(), full.MediaId, { isPrecious: true });
      assert.deepEqual(
        [...(await listJobsOnPrecious(catalog())).keys()].sort((a, b) => a - b),
        [base, user, 999_999],
      );
      const wanted = { poolId: pool.PoolId, mediaType: "File" };
      assert.deepEqual(
        (await listPrunableVolumes(catalog(), wanted)).map((row) => row.VolumeName),
        ["F"],
      );
      assert.deepEqual(
        (await listTruncatable(catalog(), wanted)).map((row) => row.VolumeName),
        ["T"],
      );
    });

    test("what jobs wrote to a pool is summed up as numbers, and room of devices is listed", async () => {
      for (const JobBytes of [2 ** 52, 5]) await addJob(catalog(), { PoolId: 77, JobBytes, JobTDate: 50_000 });
      const inflow = (await listPoolInflow(catalog(), 40_000)).find((row) => row.poolId === 77);
      assert.deepEqual(inflow, { poolId: 77, jobs: 2, bytes: 2 ** 52 + 5, first: 50_000 });
      const space = { StorageName: "S", DeviceName: "D", TotalBytes: 10, FreeBytes: 4, LowestFreeBytes: 3 };
      await catalog()
        .writer.insertInto("NocturneSpace")
        .values([
          { ...space, Day: 5 },
          { ...space, Day: 9 },
        ])
        .execute();
      assert.deepEqual(
        (await listSpaceHistory(catalog(), 6)).map((row) => row.Day),
        [9],
      );
    });

    test("statistics are copied once and outlive their jobs; events and loose log lines go by age", async () => {
      const job = await addJob(catalog(), { JobTDate: 100 });
      const before = await updateStatistics(catalog(), 2_000_000_000);
      assert.ok(before > 0);
      assert.equal(await updateStatistics(catalog(), 2_000_000_000), 0);
      assert.deepEqual(await typed(catalog(), `SELECT JobTDate FROM JobHisto WHERE JobId=${job}`), [[100]]);
      assert.ok((await pruneStatistics(catalog(), 101)) >= 1);
      assert.deepEqual(await typed(catalog(), `SELECT JobTDate FROM JobHisto WHERE JobId=${job}`), []);
      assert.ok((await findJob(catalog(), job)) !== null);
      const event = { EventsCode: "x", EventsType: "t", EventsDaemon: "d", EventsSource: "s", EventsRef: "r", EventsText: "e" };
      await addEvent(catalog(), { ...event, EventsTime: "2020-01-01 00:00:00" }, "2020-01-01 00:00:00");
      assert.equal(await pruneEvents(catalog(), "2021-01-01 00:00:00"), 1);
      for (const JobId of [0, 888_888, job]) await addLog(catalog(), { JobId, Time: "2020-01-01 00:00:00", LogText: "x" });
      assert.equal(await pruneLooseLog(catalog(), "2021-01-01 00:00:00"), 2);
      assert.equal((await listLog(catalog(), job)).length, 1);
    });
  });
}
