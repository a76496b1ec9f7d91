import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deleteJob, deletePool, deleteVolume, markPurgedIfEmpty, purgeFilesOfJob, purgeVolume } from "../queries/delete.ts";
import { insertJobMedia, listJobIdsOfVolume, listVolumesOfJobs } from "../queries/job-media.ts";
import { findJob } from "../queries/jobs.ts";
import {
  createMedia,
  findMedia,
  findMediaById,
  listAppendable,
  listPrunable,
  listPurged,
  listRecyclable,
  moveMedia,
  newestMediaId,
  recycleMedia,
  sumPoolBytes,
  updateMedia,
} from "../queries/media.ts";
import { ensurePool, findPool } from "../queries/pools.ts";
import { ensureMediaType, ensureStorage } from "../queries/storages.ts";
import { hasFileRows, listRestoreJobs } from "../queries/restore.ts";
import { listDirectory } from "../queries/tree.ts";
import { listForgetfulStorages, listForgottenSessions, removeForgottenSessions } from "../queries/forgotten-sessions.ts";
import { addFiles, addJob, catalogForAll, listed, typed, type DatabaseUnderTest } from "./database-under-test.ts";

/** Pools, Volumes, where jobs lie, and what deleting does. */
export function registerMedia(database: DatabaseUnderTest): void {
  describe(`media on ${database.name}`, () => {
    const catalog = catalogForAll(database);
    const pool = async (Name: string) =>
      await ensurePool(catalog(), { Name, PoolType: "Backup", VolRetention: 100, Recycle: 1, AutoPrune: 1 });
    const volume = async (VolumeName: string, PoolId: number, more: object = {}) =>
      await createMedia(catalog(), {
        VolumeName,
        PoolId,
        MediaType: "File1",
        VolStatus: "Append",
        Recycle: 1,
        VolRetention: 100,
        ...more,
      });
    const names = (rows: readonly { VolumeName: string }[]): string[] => rows.map((row) => row.VolumeName);

    test("a pool follows its resource and counts its Volumes", async () => {
      const { PoolId } = await pool("P1");
      await volume("P1-1", PoolId);
      await volume("P1-2", PoolId, { VolBytes: 5 });
      await ensurePool(catalog(), { Name: "P1", PoolType: "Backup", VolRetention: 200, LabelFormat: "X-" });
      const row = await findPool(catalog(), "P1");
      assert.deepEqual([row?.NumVols, row?.VolRetention, row?.LabelFormat, row?.Enabled], [2, 200, "X-", 1]);
      assert.equal(await sumPoolBytes(catalog(), PoolId), 5);
      await assert.rejects(deletePool(catalog(), PoolId), { code: "CATALOG_IN_USE" });
    });

    test("a Volume name exists once, and case matters", async () => {
      const { PoolId } = await pool("P2");
      const first = await volume("Name", PoolId);
      await assert.rejects(volume("Name", PoolId), { name: "DuplicateKeyError" });
      const second = await volume("NAME", PoolId);
      assert.notEqual(first.MediaId, second.MediaId);
      assert.equal((await findMedia(catalog(), "NAME"))?.MediaId, second.MediaId);
      assert.equal(await newestMediaId(catalog()), second.MediaId);
    });

    test("a status that does not exist is refused", async () => {
      const { PoolId } = await pool("P2");
      const media = await volume("status", PoolId);
      await assert.rejects(updateMedia(catalog(), media.MediaId, { VolStatus: "Lost" as "Full" }), { code: "CATALOG_REFUSED" });
    });

    test("bytes above 2^53 are listed to the last digit", async () => {
      const { PoolId } = await pool("P3");
      const media = await volume("huge", PoolId);
      await typed(catalog(), `UPDATE Media SET VolBytes = 9007199254740993 WHERE MediaId = ${media.MediaId}`);
      const [row] = await listed(catalog(), { kind: "media", volume: "huge", long: true, now: "2026-03-01 10:00:00" });
      assert.equal(row?.["VolBytes"], 9_007_199_254_740_993n);
      assert.deepEqual(await typed(catalog(), "SELECT VolBytes FROM Media WHERE VolumeName = 'huge'"), [
        [9_007_199_254_740_993n],
      ]);
      assert.equal((await findMedia(catalog(), "huge"))?.VolBytes, 2 ** 53);
    });

    test("never written Volumes are appended to first, then the one written last", async () => {
      const { PoolId } = await pool("P4");
      await volume("old", PoolId, { LastWritten: "2026-01-01 00:00:00" });
      await volume("new", PoolId, { LastWritten: "2026-02-01 00:00:00" });
      await volume("blank", PoolId);
      await volume("off", PoolId, { Enabled: 0 });
      await volume("tape", PoolId, { MediaType: "LTO" });
      await volume("full", PoolId, { VolStatus: "Full", LastWritten: "2025-01-01 00:00:00" });
      await volume("changer", PoolId, { InChanger: 1, StorageId: 9, LastWritten: "2025-06-01 00:00:00" });
      const wanted = { poolId: PoolId, mediaType: "File1" };
      assert.deepEqual(names(await listAppendable(catalog(), wanted)), ["blank", "new", "old", "changer"]);
      assert.deepEqual(names(await listAppendable(catalog(), { ...wanted, inChangerOf: 9 })), ["changer"]);
      const blank = await findMedia(catalog(), "blank");
      assert.deepEqual(names(await listAppendable(catalog(), { ...wanted, except: [blank!.MediaId] }, 1)), ["new"]);
      assert.deepEqual(names(await listPrunable(catalog(), wanted)), ["full"]);
    });

    test("recycled and purged Volumes are offered oldest first", async () => {
      const { PoolId } = await pool("P5");
      await volume("r2", PoolId, { VolStatus: "Recycle", LastWritten: "2026-02-01 00:00:00" });
      await volume("r1", PoolId, { VolStatus: "Recycle", LastWritten: "2026-01-01 00:00:00" });
      const purged = await volume("p1", PoolId, {
        VolStatus: "Purged",
        VolJobs: 4,
        FirstWritten: "2026-01-01 00:00:00",
        LastWritten: "2026-01-02 00:00:00",
      });
      await volume("kept", PoolId, { VolStatus: "Purged", Recycle: 0 });
      const wanted = { poolId: PoolId, mediaType: "File1" };
      assert.deepEqual(names(await listRecyclable(catalog(), wanted)), ["r1", "r2"]);
      assert.deepEqual(names(await listPurged(catalog(), wanted)), ["p1"]);
      await recycleMedia(catalog(), purged.MediaId);
      const row = await findMediaById(catalog(), purged.MediaId);
      assert.deepEqual(
        [row?.VolStatus, row?.VolJobs, row?.VolBytes, row?.LastWritten, row?.RecycleCount],
        ["Recycle", 0, 1, null, 1],
      );
    });

    test("a Volume that is moved takes the defaults of its new pool, and both pools count anew", async () => {
      const scratch = await ensurePool(catalog(), { Name: "Scratch", PoolType: "Scratch" });
      const target = await pool("P6");
      const media = await volume("moving", scratch.PoolId, { VolRetention: 0 });
      await moveMedia(catalog(), media, target);
      const row = await findMedia(catalog(), "moving");
      assert.deepEqual([row?.PoolId, row?.VolRetention], [target.PoolId, 100]);
      assert.deepEqual([(await findPool(catalog(), "Scratch"))?.NumVols, (await findPool(catalog(), "P6"))?.NumVols], [0, 1]);
    });

    test("storages and media types are recorded once", async () => {
      const one = await ensureStorage(catalog(), { Name: "S", AutoChanger: 0 });
      const two = await ensureStorage(catalog(), { Name: "S", AutoChanger: 1 });
      assert.deepEqual([two.StorageId, two.AutoChanger], [one.StorageId, 1]);
      assert.equal(await ensureMediaType(catalog(), "LTO-9"), await ensureMediaType(catalog(), "LTO-9"));
    });

    test("the Volumes of jobs come in reading order, each once", async () => {
      const { PoolId } = await pool("P7");
      const [a, b] = [await volume("A", PoolId), await volume("B", PoolId)];
      const [one, two] = [await addJob(catalog()), await addJob(catalog())];
      await insertJobMedia(catalog(), [
        { JobId: one, MediaId: b.MediaId, FirstIndex: 1, LastIndex: 5, VolIndex: 1 },
        { JobId: one, MediaId: b.MediaId, FirstIndex: 5, LastIndex: 8, VolIndex: 1 },
        { JobId: one, MediaId: a.MediaId, FirstIndex: 8, LastIndex: 9, VolIndex: 2 },
        { JobId: two, MediaId: a.MediaId, FirstIndex: 1, LastIndex: 1, VolIndex: 1 },
      ]);
      const volumes = await listVolumesOfJobs(catalog(), [one, two]);
      assert.deepEqual(
        volumes.map((each) => [each.VolumeName, each.FirstIndex, each.LastIndex]),
        [
          ["B", 1, 8],
          ["A", 1, 9],
        ],
      );
      assert.deepEqual(
        (await listRestoreJobs(catalog(), [two, one])).map((row) => [row.JobId, row.VolumeName]),
        [
          [two, "A"],
          [one, "B"],
          [one, "A"],
        ],
      );
      assert.deepEqual(await listJobIdsOfVolume(catalog(), a.MediaId), [one, two]);
      assert.equal((await listed(catalog(), { kind: "jobmedia", jobId: one, long: true })).length, 3);
    });

    test("purging the files of a job leaves the job, and others their files", async () => {
      const [one, two] = [await addJob(catalog()), await addJob(catalog())];
      for (const jobId of [one, two]) await addFiles(catalog(), jobId, ["/purge/x", "/purge/y"]);
      await purgeFilesOfJob(catalog(), one);
      assert.deepEqual([await hasFileRows(catalog(), [one]), await hasFileRows(catalog(), [two])], [false, true]);
      assert.equal((await findJob(catalog(), one))?.PurgedFiles, 1);
      assert.deepEqual(await listDirectory(catalog(), [one], "/"), { subdirectories: [], files: [] });
      await addFiles(catalog(), one, ["/purge/again"]);
      assert.equal((await listDirectory(catalog(), [one], "/purge/")).files.length, 1);
    });

    test("deleting a job that was copied makes its oldest copy the backup", async () => {
      const original = await addJob(catalog());
      const copy = await addJob(catalog(), { Type: "C", PriorJobId: original });
      const later = await addJob(catalog(), { Type: "C", PriorJobId: original });
      assert.deepEqual(await deleteJob(catalog(), original), [copy]);
      assert.deepEqual(
        [(await findJob(catalog(), copy))?.Type, (await findJob(catalog(), later))?.Type, await findJob(catalog(), original)],
        ["B", "C", null],
      );
    });

    test("deleting jobs notes what stores of chunks are to forget, and nothing of other Volumes", async () => {
      const store = await ensureStorage(catalog(), { Name: "Chunks", AutoChanger: 0 });
      const { PoolId } = await pool("P10");
      const chunks = await volume("chunks", PoolId, { VolType: 15, StorageId: store.StorageId });
      const plain = await volume("plain", PoolId, { VolType: 1, StorageId: store.StorageId });
      const jobs = [11, 12, 13].map(
        async (VolSessionId) => await addJob(catalog(), { VolSessionId, VolSessionTime: 4_000_000_000 }),
      );
      const [one, two, three] = await Promise.all(jobs);
      const region = (JobId: number, media: { readonly MediaId: number }) => ({
        JobId,
        MediaId: media.MediaId,
        FirstIndex: 1,
        LastIndex: 1,
      });
      await insertJobMedia(catalog(), [
        region(one!, chunks),
        region(one!, chunks),
        region(one!, plain),
        region(two!, chunks),
        region(three!, plain),
      ]);
      await deleteJob(catalog(), one!);
      await deleteJob(catalog(), three!);
      await deleteVolume(catalog(), chunks);
      const rows = await listForgottenSessions(catalog(), store.StorageId, 100);
      assert.deepEqual(
        rows.map((row) => [row.VolumeName, row.VolSessionId, row.VolSessionTime]),
        [
          ["chunks", 11, 4_000_000_000],
          ["chunks", 12, 4_000_000_000],
        ],
      );
      assert.deepEqual(await listForgetfulStorages(catalog()), [{ StorageId: store.StorageId, Name: "Chunks" }]);
      const lost = { VolSessionId: 14, VolSessionTime: 4_000_000_000 };
      for (const more of [{ PoolId }, { PoolId: PoolId + 1000 }, { PoolId, Type: "R" }])
        await deleteJob(catalog(), await addJob(catalog(), { ...lost, ...more }));
      assert.equal(
        (await listForgottenSessions(catalog(), store.StorageId, 100)).length,
        2,
        "no Volume of a store is left in the Pool",
      );
      await volume("chunks-2", PoolId, { VolType: 15, StorageId: store.StorageId });
      for (const more of [{ PoolId }, { PoolId: PoolId + 1000 }, { PoolId, Type: "R" }])
        await deleteJob(catalog(), await addJob(catalog(), { ...lost, ...more }));
      const unknown = (await listForgottenSessions(catalog(), store.StorageId, 100)).slice(2);
      assert.deepEqual(
        unknown.map((row) => [row.VolumeName, row.VolSessionId]),
        [["", 14]],
      );
      await removeForgottenSessions(
        catalog(),
        unknown.map((row) => row.ForgottenSessionId),
      );
      await removeForgottenSessions(catalog(), [rows[0]!.ForgottenSessionId]);
      assert.equal((await listForgottenSessions(catalog(), store.StorageId, 100)).length, 1);
      await removeForgottenSessions(catalog(), [rows[1]!.ForgottenSessionId]);
      assert.deepEqual(await listForgetfulStorages(catalog()), []);
    });

    test("a purged Volume has no jobs, goes to its recycle pool, and a deleted one is gone with its jobs", async () => {
      const [from, to] = [await pool("P8"), await pool("P9")];
      const written = {
        FirstWritten: "2026-01-01 00:00:00",
        LastWritten: "2026-01-01 00:00:00",
        RecyclePoolId: to.PoolId,
        VolStatus: "Full",
      };
      const media = await volume("purge-me", from.PoolId, written);
      const jobId = await addJob(catalog());
      await insertJobMedia(catalog(), [{ JobId: jobId, MediaId: media.MediaId, FirstIndex: 1, LastIndex: 1 }]);
      assert.equal(await markPurgedIfEmpty(catalog(), media.MediaId), false);
      assert.deepEqual(await purgeVolume(catalog(), media), { jobs: 1, upgraded: [], isPurged: true });
      const row = await findMedia(catalog(), "purge-me");
      assert.deepEqual([row?.VolStatus, row?.PoolId, await findJob(catalog(), jobId)], ["Purged", to.PoolId, null]);
      const other = await addJob(catalog());
      await insertJobMedia(catalog(), [{ JobId: other, MediaId: media.MediaId, FirstIndex: 1, LastIndex: 1 }]);
      assert.equal((await deleteVolume(catalog(), row!)).jobs, 1);
      assert.deepEqual([await findMedia(catalog(), "purge-me"), await findJob(catalog(), other)], [null, null]);
      await deletePool(catalog(), to.PoolId);
      assert.equal(await findPool(catalog(), "P9"), null);
    });
  });
}
