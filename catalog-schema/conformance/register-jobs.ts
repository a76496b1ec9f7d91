import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { accurateChain, chainEndingAt } from "../queries/chain.ts";
import { ensureClient, findClient, renameClient } from "../queries/clients.ts";
import { currentCounter, ensureCounter, nextCounter } from "../queries/counters.ts";
import { ensureFileSet, listFileSetsOfClient } from "../queries/filesets.ts";
import {
  createJob,
  deleteRunningJob,
  findJob,
  findJobByUniqueName,
  listRunningJobs,
  listUnfinishedJobs,
  saveRunningJob,
  updateJob,
} from "../queries/jobs.ts";
import { findFailedSince, findLastFull, findLastOfLevels } from "../queries/levels.ts";
import { addLog, listLog } from "../queries/log.ts";
import { findNewestVersion, listJobsWithFile, listLastJobs } from "../queries/restore.ts";
import { addFiles, addJob, catalogForAll, typed, type DatabaseUnderTest } from "./database-under-test.ts";

const client = (Name: string, Uname?: string) => ({
  Name,
  ...(Uname === undefined ? {} : { Uname }),
  AutoPrune: 1,
  FileRetention: 100,
  JobRetention: 200,
});

/** Jobs, clients, FileSets, counters, and the decisions taken from them. */
export function registerJobs(database: DatabaseUnderTest): void {
  describe(`jobs on ${database.name}`, () => {
    const catalog = catalogForAll(database);

    test("a job is created, changed and found with all its columns", async () => {
      const jobId = await createJob(catalog(), {
        Job: "Nightly.2026-03-01_10.00.00_03",
        Name: "Nightly",
        Type: "B",
        Level: "F",
        JobStatus: "C",
        SchedTime: "2026-03-01 10:00:00",
        JobTDate: 1_772_359_200,
      });
      await updateJob(catalog(), jobId, {
        JobStatus: "T",
        JobBytes: 2 ** 52,
        StartTime: "2026-03-01 10:00:01",
        Comment: "größe",
      });
      const job = await findJob(catalog(), jobId);
      assert.equal(Object.keys(job ?? {}).length, 29);
      assert.deepEqual(
        [job?.JobStatus, job?.JobBytes, job?.StartTime, job?.EndTime, job?.Comment, job?.JobFiles, job?.Level],
        ["T", 2 ** 52, "2026-03-01 10:00:01", null, "größe", 0, "F"],
      );
      assert.equal((await findJobByUniqueName(catalog(), "Nightly.2026-03-01_10.00.00_03"))?.JobId, jobId);
      assert.equal(await findJob(catalog(), 999_999), null);
    });

    test("the number of a deleted job is not given again", async () => {
      const jobId = await addJob(catalog());
      await typed(catalog(), `DELETE FROM Job WHERE JobId = ${jobId}`);
      assert.ok((await addJob(catalog())) > jobId);
    });

    test("numbers above 2^32 are as good as small ones", async () => {
      const high = 2 ** 33;
      await catalog()
        .writer.insertInto("Job")
        .values({ JobId: high, Job: "high", Name: "high", Type: "B", Level: "F", JobStatus: "T" })
        .execute();
      const next = await addJob(catalog());
      assert.equal(next, high + 1);
      await addFiles(catalog(), next, ["/high/file"]);
      await typed(catalog(), `DELETE FROM Job WHERE JobId = ${high}`);
    });

    test("a transaction that fails leaves nothing", async () => {
      const boom = new Error("boom");
      await assert.rejects(
        catalog().transaction(async (tx) => {
          await createJob(tx, { Job: "never", Name: "never", Type: "B", Level: "F", JobStatus: "C" });
          throw boom;
        }),
        boom,
      );
      assert.equal(await findJobByUniqueName(catalog(), "never"), null);
    });

    test("transactions of many jobs at once do not mix", async () => {
      const [first] = await Promise.all(
        Array.from(
          { length: 12 },
          async (_, at) =>
            await catalog().transaction(async (tx) => {
              const jobId = await createJob(tx, { Job: `mixed.${at}`, Name: "mixed", Type: "D", Level: " ", JobStatus: "C" });
              await updateJob(tx, jobId, { JobFiles: at });
              return (await findJob(tx, jobId))?.JobFiles;
            }),
        ),
      );
      assert.equal(first, 0);
      assert.deepEqual(await typed(catalog(), "SELECT COUNT(*), SUM(JobFiles) FROM Job WHERE Name = 'mixed'"), [[12, 66]]);
    });

    test("a transaction that writes beside its own handle is stopped, not left waiting for itself", async () => {
      await assert.rejects(
        catalog().transaction(async () => await updateJob(catalog(), 1, { JobFiles: 1 })),
        { name: "InvariantError" },
      );
      await assert.rejects(
        catalog().transaction(async () => await catalog().transaction(async () => 1)),
        { name: "InvariantError" },
      );
      await catalog().transaction(async (tx) => await updateJob(tx, 1, { JobFiles: 1 }));
    });

    test("what a client says of itself is kept, a change is told, and it is cut at 255 bytes", async () => {
      assert.equal((await ensureClient(catalog(), client("c-fd"))).unameBefore, null);
      assert.equal((await ensureClient(catalog(), client("c-fd", "Linux 6.1"))).unameBefore, null);
      assert.equal((await ensureClient(catalog(), client("c-fd", "Linux 6.8"))).unameBefore, "Linux 6.1");
      assert.equal((await ensureClient(catalog(), client("c-fd"))).client.Uname, "Linux 6.8");
      await ensureClient(catalog(), client("c-fd", `x${"é".repeat(5_000)}`));
      assert.equal((await findClient(catalog(), "c-fd"))?.Uname, `x${"é".repeat(127)}`);
      assert.equal(await findClient(catalog(), "C-FD"), null);
    });

    test("a client that is renamed keeps its jobs, and takes those of a row that has its new name", async () => {
      const { client: old } = await ensureClient(catalog(), client("old-fd", "Linux"));
      const { client: young } = await ensureClient(catalog(), client("young-fd"));
      const jobs = [
        await addJob(catalog(), { ClientId: old.ClientId, JobStatus: "T" }),
        await addJob(catalog(), { ClientId: young.ClientId, JobStatus: "T" }),
      ];
      await renameClient(catalog(), old.ClientId, "young-fd");
      assert.equal(await findClient(catalog(), "old-fd"), null);
      assert.equal((await findClient(catalog(), "young-fd"))?.ClientId, old.ClientId);
      for (const jobId of jobs) assert.equal((await findJob(catalog(), jobId))?.ClientId, old.ClientId);
      await renameClient(catalog(), old.ClientId, "young-fd");
      await renameClient(catalog(), old.ClientId, "old-fd");
      assert.equal((await findClient(catalog(), "old-fd"))?.Uname, "Linux");
    });

    test("a changed FileSet is a new row of the same name, unless changes are ignored", async () => {
      const one = await ensureFileSet(catalog(), { FileSet: "FS", MD5: "aaa", CreateTime: "2026-03-01 10:00:00" });
      const again = await ensureFileSet(catalog(), { FileSet: "FS", MD5: "aaa", CreateTime: "2026-03-02 10:00:00" });
      const two = await ensureFileSet(catalog(), { FileSet: "FS", MD5: "bbb", CreateTime: "2026-03-03 10:00:00" });
      const ignored = await ensureFileSet(
        catalog(),
        { FileSet: "FS", MD5: "ccc", CreateTime: "2026-03-04 10:00:00" },
        { ignoreChanges: true },
      );
      assert.deepEqual([one.isNew, again.isNew, two.isNew, two.isChanged, ignored.isNew], [true, false, true, true, false]);
      assert.deepEqual([again.fileSet.FileSetId, ignored.fileSet.FileSetId], [one.fileSet.FileSetId, two.fileSet.FileSetId]);
    });

    test("levels follow from the last good jobs of the same client, FileSet and name", async () => {
      const { client: row } = await ensureClient(catalog(), client("level-fd"));
      const { fileSet } = await ensureFileSet(catalog(), { FileSet: "LevelSet", MD5: "1", CreateTime: "2026-03-01 00:00:00" });
      const key = { name: "Level", clientId: row.ClientId, fileSetId: fileSet.FileSetId };
      const job = { Name: "Level", ClientId: row.ClientId, FileSetId: fileSet.FileSetId };
      assert.equal(await findLastFull(catalog(), key), null);
      const full = await addJob(catalog(), { ...job, Level: "F" });
      const incremental = await addJob(catalog(), { ...job, Level: "I", JobStatus: "W" });
      const failed = await addJob(catalog(), { ...job, Level: "F", JobStatus: "E" });
      await addJob(catalog(), { ...job, Level: "F", FileSetId: fileSet.FileSetId + 1_000 });
      assert.equal((await findLastFull(catalog(), key))?.JobId, full);
      assert.equal((await findLastOfLevels(catalog(), key, ["F", "D", "I"]))?.JobId, incremental);
      const since = (await findJob(catalog(), incremental))!;
      assert.equal((await findFailedSince(catalog(), key, since))?.JobId, failed);
      assert.equal((await findLastOfLevels(catalog(), key, ["F", "D", "I"], since.StartTime ?? ""))?.JobId, full);
      const again = await addJob(catalog(), { ...job, Level: "D", JobStatus: "f", StartTime: since.StartTime });
      await updateJob(catalog(), failed, { JobStatus: "T", Level: "I", StartTime: since.StartTime });
      assert.equal((await findFailedSince(catalog(), key, since))?.JobId, again);
    });

    test("a chain is the last Full, the last Differential after it, and the Incrementals after that", async () => {
      const { client: row } = await ensureClient(catalog(), client("chain-fd"));
      const one = (await ensureFileSet(catalog(), { FileSet: "ChainSet", MD5: "1", CreateTime: "2026-03-01 00:00:00" })).fileSet
        .FileSetId;
      const two = (await ensureFileSet(catalog(), { FileSet: "ChainSet", MD5: "2", CreateTime: "2026-03-02 00:00:00" })).fileSet
        .FileSetId;
      const add = async (Level: string, more: object = {}): Promise<number> =>
        await addJob(catalog(), { Name: "Chain", ClientId: row.ClientId, FileSetId: one, Level, ...more });
      const ids = async (before?: string): Promise<number[]> =>
        (
          await accurateChain(catalog(), {
            clientId: row.ClientId,
            fileSet: "ChainSet",
            ...(before === undefined ? {} : { before }),
          })
        ).map((job) => job.JobId);
      assert.deepEqual(await ids(), []);
      await add("F");
      await add("I");
      const full = await add("F");
      await add("I");
      await add("D");
      const betweenId = await add("I");
      const differential = await add("D");
      const last = await add("I", { FileSetId: two });
      await add("I", { JobStatus: "f" });
      await add("F", { Type: "C" });
      assert.deepEqual(await ids(), [full, differential, last]);
      assert.deepEqual(
        (await chainEndingAt(catalog(), last)).map((job) => job.JobId),
        [full, differential, last],
      );
      const between = await findJob(catalog(), betweenId);
      assert.equal((await ids(between?.StartTime ?? "")).length, 2);
      assert.deepEqual((await chainEndingAt(catalog(), betweenId)).at(-1)?.JobId, betweenId);
      assert.deepEqual(
        (await listFileSetsOfClient(catalog(), row.ClientId)).map((set) => set.FileSetId),
        [two],
      );
      assert.equal((await listLastJobs(catalog(), { clientId: row.ClientId, limit: 3 })).length, 3);
    });

    test("jobs of a chain that began in the same second all count, in the order of their numbers", async () => {
      const { client: row } = await ensureClient(catalog(), client("second-fd"));
      const { fileSet } = await ensureFileSet(catalog(), { FileSet: "Second", MD5: "1", CreateTime: "2026-03-01 00:00:00" });
      const StartTime = "2026-03-01 12:00:00";
      const add = async (Level: string): Promise<number> =>
        await addJob(catalog(), { Name: "Second", ClientId: row.ClientId, FileSetId: fileSet.FileSetId, Level, StartTime });
      const wanted = { clientId: row.ClientId, fileSet: "Second" };
      const ids = async (): Promise<number[]> => (await accurateChain(catalog(), wanted)).map((job) => job.JobId);
      const ending = async (jobId: number): Promise<number[]> =>
        (await chainEndingAt(catalog(), jobId)).map((job) => job.JobId);
      const queuedBefore = await add("I");
      const full = await add("F");
      const first = await add("I");
      assert.deepEqual(await ids(), [full, queuedBefore, first]);
      assert.deepEqual(await ending(first), [full, queuedBefore, first]);
      const differential = await add("D");
      const second = await add("I");
      const third = await add("I");
      assert.deepEqual(await ids(), [full, differential, queuedBefore, first, second, third]);
      assert.deepEqual(await ending(second), [full, differential, queuedBefore, first, second]);
      assert.deepEqual(await ending(differential), [full, differential]);
      const newer = await add("F");
      assert.deepEqual((await ids())[0], newer);
      const beforeJob = (await findJob(catalog(), newer))!;
      assert.equal((await accurateChain(catalog(), { ...wanted, beforeJob }))[0]?.JobId, full);
    });

    test("a file of a client is found in all its jobs, and its newest version", async () => {
      const { client: row } = await ensureClient(catalog(), client("find-fd"));
      const one = await addJob(catalog(), { ClientId: row.ClientId });
      const two = await addJob(catalog(), { ClientId: row.ClientId, Level: "I" });
      await addFiles(catalog(), one, ["/find/a", "/find/b"]);
      await addFiles(catalog(), two, ["/find/b"]);
      assert.deepEqual(
        (await listJobsWithFile(catalog(), { clientId: row.ClientId, name: "/find/b" })).map((job) => [job.JobId, job.Name]),
        [
          [two, "/find/b"],
          [one, "/find/b"],
        ],
      );
      assert.deepEqual(
        (await listJobsWithFile(catalog(), { clientId: row.ClientId, name: "a" })).map((job) => job.Name),
        ["/find/a"],
      );
      assert.equal((await findNewestVersion(catalog(), { clientId: row.ClientId, name: "/find/b" }))?.jobId, two);
      const start = (await findJob(catalog(), two))?.StartTime ?? "";
      assert.equal(
        (await findNewestVersion(catalog(), { clientId: row.ClientId, name: "/find/b", before: start }))?.jobId,
        one,
      );
      assert.equal(await findNewestVersion(catalog(), { clientId: row.ClientId, name: "/find/none" }), null);
    });

    test("what a running job needs survives, and is replaced and removed", async () => {
      const jobId = await addJob(catalog(), { JobStatus: "R" });
      await saveRunningJob(catalog(), { JobId: jobId, State: '{"a":1}', UpdatedAt: "2026-03-01 10:00:00" });
      await saveRunningJob(catalog(), { JobId: jobId, State: '{"a":2}', UpdatedAt: "2026-03-01 10:00:01" });
      await saveRunningJob(catalog(), { JobId: jobId, State: '{"a":2}', UpdatedAt: "2026-03-01 10:00:01" });
      assert.deepEqual(
        (await listRunningJobs(catalog())).map((job) => [job.JobId, job.State]),
        [[jobId, '{"a":2}']],
      );
      assert.ok((await listUnfinishedJobs(catalog())).some((job) => job.JobId === jobId));
      await deleteRunningJob(catalog(), jobId);
      assert.deepEqual(await listRunningJobs(catalog()), []);
    });

    test("log lines come back in the order written", async () => {
      for (const text of ["one", "two", "three"])
        await addLog(catalog(), { JobId: 0, Time: "2026-03-01 10:00:00", LogText: text });
      assert.deepEqual(
        (await listLog(catalog(), 0)).map((line) => line.LogText),
        ["one", "two", "three"],
      );
    });

    test("a counter repeats no number, wraps, and moves the counter it wraps into", async () => {
      await ensureCounter(catalog(), { Counter: "tens", MinValue: 0, MaxValue: 0, WrapCounter: "" });
      await ensureCounter(catalog(), { Counter: "ones", MinValue: 1, MaxValue: 3, WrapCounter: "tens" });
      const values = await Promise.all(
        Array.from({ length: 7 }, async () => await catalog().transaction(async (tx) => await nextCounter(tx, "ones"))),
      );
      assert.deepEqual(
        values.toSorted((a, b) => a - b),
        [1, 1, 1, 2, 2, 3, 3],
      );
      assert.equal(await currentCounter(catalog(), "tens"), 2);
      await ensureCounter(catalog(), { Counter: "ones", MinValue: 1, MaxValue: 5, WrapCounter: "tens" });
      assert.equal(await currentCounter(catalog(), "ones"), 2);
      await assert.rejects(
        catalog().transaction(async (tx) => await nextCounter(tx, "none")),
        { code: "CATALOG_COUNTER" },
      );
    });
  });
}
