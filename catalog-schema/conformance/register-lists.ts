import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ensureClient } from "../queries/clients.ts";
import { findRuns, listBadVolumes, listFailedRuns, summarizeJobs } from "../queries/job-overview.ts";
import { createMedia } from "../queries/media.ts";
import { changeMediaCare } from "../queries/media-care.ts";
import { addEvent } from "../queries/log.ts";
import { ensurePool } from "../queries/pools.ts";
import { insertJobMedia } from "../queries/job-media.ts";
import { listRows } from "../queries/list.ts";
import type { ListRequest } from "../queries/list-request.ts";
import { addFiles, addJob, catalogForAll, listed, readAll, typed, type DatabaseUnderTest } from "./database-under-test.ts";

/** What `list`, `llist` and `sqlquery` print. */
export function registerLists(database: DatabaseUnderTest): void {
  describe(`lists on ${database.name}`, () => {
    const catalog = catalogForAll(database);
    const now = "2026-03-01 10:01:40";
    const columns = async (request: ListRequest): Promise<string> => {
      const stream = await listRows(catalog(), request);
      await readAll(stream);
      return stream.columns.join(" ");
    };

    test("the columns of list are Bacula's, in its order", async () => {
      assert.equal(await columns({ kind: "jobs" }), "JobId Name StartTime Type Level JobFiles JobBytes JobStatus");
      assert.equal(await columns({ kind: "jobtotals" }), "Jobs Files Bytes Job");
      assert.equal(await columns({ kind: "jobsums" }), "Jobs Files Bytes");
      assert.equal(await columns({ kind: "files", jobId: 1 }), "Filename");
      assert.equal(await columns({ kind: "jobmedia" }), "JobId VolumeName FirstIndex LastIndex");
      assert.equal(await columns({ kind: "joblog", jobId: 1 }), "LogText");
      assert.equal(
        await columns({ kind: "media", now }),
        "MediaId VolumeName VolStatus Enabled VolBytes VolFiles VolRetention Recycle Slot InChanger MediaType VolType VolParts LastWritten ExpiresIn",
      );
      assert.equal(
        await columns({ kind: "pools" }),
        "PoolId Name NumVols MaxVols MaxVolBytes VolRetention Enabled PoolType LabelFormat",
      );
      assert.equal(await columns({ kind: "clients" }), "ClientId Name FileRetention JobRetention");
      assert.match(
        await columns({ kind: "jobs", long: true }),
        /^JobId Job Name PurgedFiles Type Level ClientId ClientName JobStatus SchedTime StartTime EndTime RealEndTime JobTDate VolSessionId VolSessionTime JobFiles JobBytes ReadBytes JobErrors JobMissingFiles PoolId PoolName PriorJobId/,
      );
      assert.equal((await columns({ kind: "media", long: true, now })).split(" ").length, 57);
    });

    test("every kind of list runs, short and long", async () => {
      const requests: ListRequest[] = [
        { kind: "basefiles", jobId: 1 },
        { kind: "filemedia", jobId: 1, fileIndex: 2 },
        { kind: "copies", jobIds: [1], limit: 5 },
        { kind: "filesets" },
        { kind: "storages" },
        { kind: "counters" },
        { kind: "objects", jobId: 1 },
        { kind: "restoreobjects", jobId: 1 },
        { kind: "snapshots" },
        { kind: "pools", name: "x" },
        { kind: "clients", name: "x" },
        { kind: "media", pool: "x", volume: "y", jobId: 1, now },
        { kind: "jobmedia", jobId: 1, volume: "x" },
        { kind: "files", jobId: 1, which: "all" },
        {
          kind: "events",
          type: "a",
          source: "b",
          daemon: "c",
          code: "d",
          since: now,
          until: now,
          limit: 1,
          offset: 2,
          order: "desc",
        },
      ];
      for (const request of requests)
        for (const long of [false, true]) assert.deepEqual(await listed(catalog(), { ...request, long }), []);
    });

    test("jobs are narrowed by every keyword", async () => {
      const { client } = await ensureClient(catalog(), { Name: "list-fd", AutoPrune: 0, FileRetention: 0, JobRetention: 0 });
      const pool = await ensurePool(catalog(), { Name: "ListPool", PoolType: "Backup" });
      const one = await addJob(catalog(), {
        Job: "L.1",
        Name: "L",
        ClientId: client.ClientId,
        PoolId: pool.PoolId,
        JobFiles: 3,
        JobBytes: 2 ** 40,
        StartTime: "2026-02-01 00:00:00",
      });
      const two = await addJob(catalog(), {
        Job: "L.2",
        Name: "L",
        Level: "I",
        JobStatus: "E",
        JobErrors: 2,
        JobFiles: 4,
        StartTime: "2026-02-02 00:00:00",
      });
      const three = await addJob(catalog(), { Job: "M.3", Name: "M", Type: "R", StartTime: "2026-02-03 00:00:00" });
      const media = await createMedia(catalog(), {
        VolumeName: "ListVol",
        MediaType: "F",
        VolStatus: "Append",
        PoolId: pool.PoolId,
      });
      await insertJobMedia(catalog(), [
        { JobId: two, MediaId: media.MediaId },
        { JobId: two, MediaId: media.MediaId },
      ]);
      await typed(catalog(), `INSERT INTO TagJob (JobId, Tag) VALUES (${three}, 'keep')`);
      const ids = async (filter: object): Promise<unknown[]> =>
        (await listed(catalog(), { kind: "jobs", ...filter })).map((row) => row["JobId"]);
      assert.deepEqual(await ids({ name: "L" }), [one, two]);
      assert.deepEqual(await ids({ name: "L", order: "desc" }), [two, one]);
      assert.deepEqual(await ids({ limit: 2 }), [two, three]);
      assert.deepEqual(await ids({ limit: 1, offset: 1 }), [two]);
      assert.deepEqual(await ids({ uniqueName: "M.3" }), [three]);
      assert.deepEqual(await ids({ jobIds: [one, three] }), [one, three]);
      assert.deepEqual(await ids({ jobIds: [] }), []);
      assert.deepEqual(await ids({ client: "list-fd" }), [one]);
      assert.deepEqual(await ids({ jobStatus: "E" }), [two]);
      assert.deepEqual(await ids({ hasErrors: true }), [two]);
      assert.deepEqual(await ids({ level: "I", type: "B" }), [two]);
      assert.deepEqual(await ids({ type: "R" }), [three]);
      assert.deepEqual(await ids({ pool: "ListPool" }), [one]);
      assert.deepEqual(await ids({ volume: "ListVol" }), [two]);
      assert.deepEqual(await ids({ tag: "keep" }), [three]);
      assert.deepEqual(await ids({ since: "2026-02-02 00:00:00", until: "2026-02-03 00:00:00" }), [two]);
      assert.deepEqual(await listed(catalog(), { kind: "jobtotals", jobIds: [one, two] }), [
        { Jobs: 2, Files: 7, Bytes: 2 ** 40, Job: "L" },
      ]);
      assert.deepEqual(await listed(catalog(), { kind: "jobsums", jobIds: [] }), [{ Jobs: 0, Files: 0, Bytes: 0 }]);
      assert.deepEqual(
        (await listed(catalog(), { kind: "jobs", jobIds: [one], long: true })).map((row) => [
          row["ClientName"],
          row["PoolName"],
          row["FileSet"],
        ]),
        [["list-fd", "ListPool", null]],
      );
    });

    test("the seconds until a Volume expires are counted from its last write", async () => {
      const add = async (VolumeName: string, more: object) =>
        await createMedia(catalog(), { VolumeName, MediaType: "F", VolStatus: "Full", ...more });
      await add("expires", { VolRetention: 3_600, LastWritten: "2026-03-01 10:00:00" });
      await add("expired", { VolRetention: 60, LastWritten: "2026-03-01 10:00:00" });
      await add("for-ever", { VolRetention: 0, LastWritten: "2026-03-01 10:00:00" });
      await add("unwritten", { VolRetention: 60 });
      for (const [volume, seconds] of [
        ["expires", 3_500],
        ["expired", 0],
        ["for-ever", 0],
        ["unwritten", 0],
      ] as const) {
        assert.equal((await listed(catalog(), { kind: "media", volume, now }))[0]?.["ExpiresIn"], seconds, volume);
      }
    });

    test("files are listed saved, deleted or all, over several pages", async () => {
      const jobId = await addJob(catalog());
      await addFiles(
        catalog(),
        jobId,
        Array.from({ length: 2_500 }, (_, at) => `/list/${at}`),
      );
      await addFiles(catalog(), jobId, [{ fileIndex: 3_000, name: "/list/deleted", type: 23 }]);
      assert.equal((await listed(catalog(), { kind: "files", jobId })).length, 2_500);
      assert.deepEqual(await listed(catalog(), { kind: "files", jobId, which: "deleted" }), [{ Filename: "/list/deleted" }]);
      assert.equal((await listed(catalog(), { kind: "files", jobId, which: "all" })).length, 2_501);
    });

    test("a list that is left in the middle harms nothing that follows", async () => {
      const jobId = await addJob(catalog());
      await addFiles(
        catalog(),
        jobId,
        Array.from({ length: 5_000 }, (_, at) => `/left/${at}`),
      );
      for (let run = 0; run < 40; run++) {
        const stream = await listRows(catalog(), { kind: "files", jobId });
        for await (const page of stream.rows) {
          assert.ok(page.length > 0);
          break;
        }
      }
      assert.equal((await listed(catalog(), { kind: "files", jobId })).length, 5_000);
    });

    test("events are recorded and listed", async () => {
      await addEvent(
        catalog(),
        {
          EventsCode: "DC0001",
          EventsType: "command",
          EventsTime: now,
          EventsDaemon: "dir",
          EventsSource: "op",
          EventsRef: "0x1",
          EventsText: "delete",
        },
        now,
      );
      assert.deepEqual(await listed(catalog(), { kind: "events", code: "DC0001" }), [
        { Time: now, Daemon: "dir", Type: "command", Source: "op", Event: "delete" },
      ]);
    });
  });

  describe(`statements of the operator on ${database.name}`, () => {
    const catalog = catalogForAll(database);

    test("what reads gives columns and rows, what writes the number of rows", async () => {
      const jobId = await addJob(catalog());
      const result = await catalog().sqlQuery("select JobId as N, 'it;s' AS text from Job -- all; of them\n;");
      assert.ok(result.kind === "rows");
      assert.deepEqual([result.columns, await readAll(result)], [["N", "text"], [[jobId, "it;s"]]]);
      assert.deepEqual(await catalog().sqlQuery(`UPDATE Job SET Comment = 'x' WHERE JobId = ${jobId}`), {
        kind: "changed",
        rows: 1,
      });
      assert.deepEqual(await typed(catalog(), `(SELECT Comment FROM Job WHERE JobId = ${jobId})`.slice(1, -1)), [["x"]]);
      assert.deepEqual(await typed(catalog(), "DELETE FROM Job"), [[1]]);
    });

    test("more than one statement, none, and other kinds are refused", async () => {
      for (const text of [
        "",
        " ; ",
        "-- nothing",
        "SELECT 1; DELETE FROM Job",
        "BEGIN",
        "COMMIT",
        "PRAGMA journal_mode = DELETE",
        "ATTACH 'x' AS y",
        "SET GLOBAL x = 1",
        "/* x */ VACUUM",
      ]) {
        await assert.rejects(catalog().sqlQuery(text), { code: "CATALOG_STATEMENT" }, text);
      }
    });

    test("a wrong statement is told in the database's words and harms nothing", async () => {
      await assert.rejects(catalog().sqlQuery("SELECT 1 FROM nowhere"), { code: "CATALOG_REFUSED", message: /nowhere/ });
      await assert.rejects(catalog().sqlQuery("SELEC"), { code: "CATALOG_STATEMENT" });
      assert.deepEqual(await typed(catalog(), "SELECT 1 + 1"), [[2]]);
    });

    test("a report in several statements over a table of its own runs", async () => {
      const jobId = await addJob(catalog(), { JobFiles: 5 });
      await addFiles(catalog(), jobId, ["/report/a", "/report/b"]);
      await typed(catalog(), "CREATE TABLE temp (JobId BIGINT NOT NULL, Files BIGINT)");
      await typed(
        catalog(),
        "INSERT INTO temp SELECT Job.JobId, COUNT(*) FROM Job, File WHERE File.JobId = Job.JobId GROUP BY Job.JobId",
      );
      assert.deepEqual(await typed(catalog(), `SELECT Files FROM temp WHERE JobId = ${jobId}`), [[2]]);
      await typed(catalog(), "DROP TABLE temp");
      await assert.rejects(catalog().sqlQuery("SELECT * FROM temp"), { code: "CATALOG_REFUSED" });
    });

    test("Bacula's tables and columns are there whatever the case of the column", async () => {
      assert.deepEqual(await typed(catalog(), "SELECT versionid FROM Version"), [[1024]]);
      assert.deepEqual(await typed(catalog(), "SELECT JobStatusLong, Severity FROM Status WHERE JobStatus = 'T'"), [
        ["Completed successfully", 10],
      ]);
      assert.deepEqual(await typed(catalog(), "SELECT JobStatusLong FROM Status WHERE JobStatus = 'e'"), [["Non-fatal error"]]);
    });

    test("the overview of jobs finds newest good, Full and ended runs of each name and client", async () => {
      const own = { Name: "Overseen", ClientId: 77, JobBytes: 1000 };
      const full = await addJob(catalog(), own);
      const good = await addJob(catalog(), { ...own, Level: "I", JobStatus: "W" });
      const failed = await addJob(catalog(), { ...own, Level: "I", JobStatus: "f" });
      await addJob(catalog(), { ...own, Level: "I", JobStatus: "R" });
      await addJob(catalog(), { ...own, Type: "R" });
      const other = await addJob(catalog(), { ...own, ClientId: 78, JobStatus: "A" });
      const summaries = (await summarizeJobs(catalog())).filter(({ name }) => name === "Overseen");
      assert.deepEqual(
        summaries.toSorted((one, two) => one.clientId - two.clientId),
        [
          { name: "Overseen", clientId: 77, lastGood: good, lastFull: full, lastEnded: failed, goodJobs: 2, goodBytes: 2000 },
          { name: "Overseen", clientId: 78, lastGood: null, lastFull: null, lastEnded: other, goodJobs: 0, goodBytes: 0 },
        ],
      );
      const fails = (await listFailedRuns(catalog())).filter(({ Name }) => Name === "Overseen");
      assert.deepEqual(
        fails.map(({ JobId, ClientId }) => [JobId, ClientId]),
        [
          [other, 78],
          [failed, 77],
        ],
      );
      const runs = await findRuns(catalog(), [full, good, 999_999]);
      assert.deepEqual([runs.size, runs.get(good)?.JobStatus, runs.get(full)?.JobBytes], [2, "W", 1000]);
    });

    test("bad Volumes are those in Error and those with damaged blocks", async () => {
      const pool = await ensurePool(catalog(), { Name: "Trouble", PoolType: "Backup" });
      const of = { MediaType: "File", PoolId: pool.PoolId };
      await createMedia(catalog(), { ...of, VolumeName: "Broken", VolStatus: "Error" });
      const damaged = await createMedia(catalog(), { ...of, VolumeName: "Damaged", VolStatus: "Full" });
      await createMedia(catalog(), { ...of, VolumeName: "Sound", VolStatus: "Full" });
      await catalog().transaction(async (tx) => await changeMediaCare(tx, damaged.MediaId, { badBlocks: 3 }));
      assert.deepEqual(
        (await listBadVolumes(catalog(), 10)).map((row) => [
          row.VolumeName,
          row.VolStatus,
          row.pool,
          row.storage,
          row.badBlocks,
        ]),
        [
          ["Broken", "Error", "Trouble", null, 0],
          ["Damaged", "Full", "Trouble", null, 3],
        ],
      );
    });
  });
}
