import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { findLastEvent } from "../database/event-application.ts";
import { findFile } from "../queries/files.ts";
import { newestFiles } from "../queries/tree.ts";
import { attributeBatch, attributeRecord, digestRecord, PLAIN_LSTAT, record } from "./batches.ts";
import { addFiles, addJob, catalogForAll, listed, typed, type DatabaseUnderTest } from "./database-under-test.ts";

/** The bulk path: attributes of a job become rows, each exactly once, whatever the names are. */
export function registerAttributes(database: DatabaseUnderTest): void {
  describe(`attributes on ${database.name}`, () => {
    const catalog = catalogForAll(database);

    test("a batch becomes rows with path, name, stat and digest", async () => {
      const jobId = await addJob(catalog());
      const digest = createHash("sha256").update("").digest();
      await addFiles(catalog(), jobId, [
        { fileIndex: 1, name: "/etc/passwd", digest },
        { fileIndex: 2, name: "/etc/" },
        { fileIndex: 3, name: "/", deltaSeq: 2 },
      ]);
      const file = await findFile(catalog(), [jobId], "/etc/passwd");
      assert.deepEqual(
        { ...file, fileId: 0 },
        {
          path: "/etc/",
          filename: "passwd",
          fileId: 0,
          fileIndex: 1,
          jobId,
          lstat: PLAIN_LSTAT,
          md5: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
          deltaSeq: 0,
        },
      );
      const directory = await findFile(catalog(), [jobId], "/etc");
      assert.deepEqual([directory?.path, directory?.filename, directory?.md5], ["/etc/", "", "0"]);
      assert.equal((await findFile(catalog(), [jobId], "/"))?.deltaSeq, 2);
    });

    test("an event that comes again changes nothing", async () => {
      const jobId = await addJob(catalog());
      const events = [1, 2, 3].map((event) => ({
        event,
        kind: "attributes" as const,
        batch: attributeBatch([{ fileIndex: event, name: `/again/${event}` }]),
      }));
      assert.deepEqual(await catalog().applyEvents({ jobId, daemon: "sd", events: events.slice(0, 2) }), {
        lastEvent: 2,
        files: 2,
        skipped: 0,
      });
      assert.deepEqual(await catalog().applyEvents({ jobId, daemon: "sd", events }), { lastEvent: 3, files: 1, skipped: 2 });
      assert.deepEqual(await catalog().applyEvents({ jobId, daemon: "sd", events }), { lastEvent: 3, files: 0, skipped: 3 });
      assert.equal(await findLastEvent(catalog(), jobId, "sd"), 3);
      assert.equal(await findLastEvent(catalog(), jobId, "fd"), 0);
      assert.deepEqual(await typed(catalog(), `SELECT COUNT(*) FROM File WHERE JobId = ${jobId}`), [[3]]);
    });

    test("the same events on several streams at once are applied once", async () => {
      for (let run = 0; run < 5; run++) {
        const jobId = await addJob(catalog());
        const events = [1, 2].map((event) => ({
          event,
          kind: "attributes" as const,
          batch: attributeBatch([{ fileIndex: event, name: `/streams/${run}/${event}` }]),
        }));
        const applied = await Promise.all(
          Array.from({ length: 4 }, async () => await catalog().applyEvents({ jobId, daemon: "sd", events })),
        );
        assert.deepEqual(
          applied.map(({ files }) => files).toSorted((a, b) => a - b),
          [0, 0, 0, 2],
        );
        assert.deepEqual(await typed(catalog(), `SELECT COUNT(*) FROM File WHERE JobId = ${jobId}`), [[2]]);
      }
    });

    test("a digest that comes with the next event finds its file", async () => {
      const jobId = await addJob(catalog());
      const digest = new Uint8Array(16).fill(7);
      await catalog().applyEvents({
        jobId,
        daemon: "sd",
        events: [
          { event: 1, kind: "attributes", batch: new Uint8Array(attributeRecord({ fileIndex: 1, name: "/late/file" })) },
        ],
      });
      const next = Buffer.concat([digestRecord(1, digest), attributeRecord({ fileIndex: 2, name: "/late/other" })]);
      await catalog().applyEvents({
        jobId,
        daemon: "sd",
        events: [{ event: 2, kind: "attributes", batch: new Uint8Array(next) }],
      });
      assert.equal((await findFile(catalog(), [jobId], "/late/file"))?.md5, "BwcHBwcHBwcHBwcHBwcHBw");
      assert.equal((await findFile(catalog(), [jobId], "/late/other"))?.md5, "0");
    });

    test("a digest in the second of two batches of one application finds its file", async () => {
      const jobId = await addJob(catalog());
      const first = new Uint8Array(attributeRecord({ fileIndex: 1, name: "/two/it's" }));
      const second = new Uint8Array(digestRecord(1, new Uint8Array(20).fill(1)));
      await catalog().applyEvents({
        jobId,
        daemon: "sd",
        events: [
          { event: 1, kind: "attributes", batch: first },
          { event: 2, kind: "attributes", batch: second },
        ],
      });
      assert.equal((await findFile(catalog(), [jobId], "/two/it's"))?.md5, "AQEBAQEBAQEBAQEBAQEBAQEBAQE");
    });

    test("names are bytes: quotes, backslashes, newlines, other alphabets and broken UTF-8 come back as they were", async () => {
      const names = [
        "it's",
        "back\\slash",
        "new\nline",
        "tab\tand",
        "größe",
        "日本",
        "𝄞",
        "a\udce9b",
        "\udcff\udcfe",
        "%_*?[",
        'a`b"c',
        "-- ;",
        " ",
      ];
      const jobId = await addJob(catalog());
      await addFiles(
        catalog(),
        jobId,
        names.map((name, at) => ({ fileIndex: at + 1, name: `/names/${name}/${name}` })),
      );
      for (const name of names)
        assert.equal((await findFile(catalog(), [jobId], `/names/${name}/${name}`))?.filename, name, JSON.stringify(name));
      const found = new Set<string>();
      for await (const page of newestFiles(catalog(), [jobId])) for (const file of page) found.add(file.path + file.filename);
      assert.deepEqual(found, new Set(names.map((name) => `/names/${name}/${name}`)));
      const rows = await listed(catalog(), { kind: "files", jobId });
      assert.deepEqual(new Set(rows.map((row) => row["Filename"])), found);
    });

    test("upper and lower case, and names that differ only in composition, stay apart", async () => {
      const jobId = await addJob(catalog());
      const names = ["/Case/a", "/case/a", "/case/A", "/case/\u00e9", "/case/e\u0301", "/case/e", "/case/a "];
      await addFiles(catalog(), jobId, names);
      for (const [at, name] of names.entries()) assert.equal((await findFile(catalog(), [jobId], name))?.fileIndex, at + 1);
    });

    test("a path of 60,000 bytes and a name of 255 are kept whole", async () => {
      const jobId = await addJob(catalog());
      const long = `/${"x".repeat(250)}`.repeat(239);
      const name = `${long}/${"é".repeat(127)}`;
      await addFiles(catalog(), jobId, [name, `${long}/other`, `${long}2/other`]);
      assert.equal((await findFile(catalog(), [jobId], name))?.filename, "é".repeat(127));
      assert.equal((await findFile(catalog(), [jobId], `${long}2/other`))?.fileIndex, 3);
    });

    test("a hostile path of very many levels is stored, but not each directory above it", async () => {
      const jobId = await addJob(catalog());
      const [before] = (await typed(catalog(), "SELECT COUNT(*) FROM Path"))[0]!;
      await addFiles(catalog(), jobId, [`${"/a".repeat(32_000)}/file`]);
      const [after] = (await typed(catalog(), "SELECT COUNT(*) FROM Path"))[0]!;
      assert.equal(Number(after) - Number(before), 1);
      assert.equal((await findFile(catalog(), [jobId], `${"/a".repeat(32_000)}/file`))?.fileIndex, 1);
    });

    test("ten Fulls of the same files add no paths after the first", async () => {
      const files = Array.from({ length: 50 }, (_, at) => `/same/d${at % 7}/f${at}`);
      await addFiles(catalog(), await addJob(catalog()), files);
      const paths = await typed(catalog(), "SELECT COUNT(*), (SELECT COUNT(*) FROM PathHierarchy) FROM Path");
      for (let run = 0; run < 9; run++) await addFiles(catalog(), await addJob(catalog()), files);
      assert.deepEqual(await typed(catalog(), "SELECT COUNT(*), (SELECT COUNT(*) FROM PathHierarchy) FROM Path"), paths);
    });

    test("jobs that insert at once, with new paths in common, all end well", async () => {
      const jobIds = await Promise.all(Array.from({ length: 6 }, async () => await addJob(catalog())));
      const files = Array.from({ length: 300 }, (_, at) => `/shared/${at % 40}/sub${at % 3}/f${at}`);
      await Promise.all(
        jobIds.map(async (jobId, at) => await addFiles(catalog(), jobId, at % 2 === 0 ? files : files.toReversed())),
      );
      assert.deepEqual(await typed(catalog(), `SELECT COUNT(*) FROM File WHERE JobId IN (${jobIds.join(",")})`), [[1_800]]);
      assert.deepEqual(await typed(catalog(), "SELECT COUNT(*) FROM Path WHERE Path LIKE '/shared/%'"), [[161]]);
    });

    test("a batch that breaks its bounds leaves nothing of itself behind, and its event can come again", async () => {
      const jobId = await addJob(catalog());
      const good = attributeRecord({ fileIndex: 1, name: "/bad/new/path/file" });
      const bad = [
        record(2, 1, Buffer.from("3 3 /x\0A\0\0\x000\0")),
        record(2, 1, Buffer.from("2 3 \0A\0\0\x000\0")),
        record(2, 1, Buffer.from("2 3 /x")),
        record(2, 1, Buffer.from("2 3 /x\0not'base64\0\0\0")),
        record(2, 1, Buffer.from(`2 3 /${"x".repeat(70_000)}\0A\0\0\0`)),
        record(0, 1, Buffer.from("0 3 /x\0A\0\0\0")),
        record(-5, 1, Buffer.from("-5 3 /x\0A\0\0\0")),
        digestRecord(9, new Uint8Array(16)),
        record(1, 3, new Uint8Array(4_000)),
        record(2, 1, Buffer.alloc(0)),
        Buffer.from("short"),
        record(2, 1, Buffer.from("x")).subarray(0, 12),
      ];
      for (const broken of bad) {
        const batch = new Uint8Array(Buffer.concat([good, broken]));
        const code = broken.length < 13 && broken.length > 0 ? "BATCH_INVALID" : "CATALOG_BATCH_INVALID";
        await assert.rejects(
          catalog().applyEvents({ jobId, daemon: "sd", events: [{ event: 1, kind: "attributes", batch }] }),
          (error: { code?: string }) => [code, "CATALOG_BATCH_INVALID"].includes(error.code ?? ""),
        );
      }
      assert.deepEqual(await typed(catalog(), `SELECT COUNT(*) FROM File WHERE JobId = ${jobId}`), [[0]]);
      assert.deepEqual(
        await catalog().applyEvents({
          jobId,
          daemon: "sd",
          events: [{ event: 1, kind: "attributes", batch: new Uint8Array(good) }],
        }),
        { lastEvent: 1, files: 1, skipped: 0 },
      );
      assert.equal((await findFile(catalog(), [jobId], "/bad/new/path/file"))?.fileIndex, 1);
    });

    test("paths that the operator deleted are made anew", async () => {
      const one = await addJob(catalog());
      await addFiles(catalog(), one, ["/removed/by/hand/file"]);
      await typed(catalog(), "DELETE FROM File");
      await typed(catalog(), "DELETE FROM PathHierarchy");
      await typed(catalog(), "DELETE FROM PathVisibility");
      await typed(catalog(), "DELETE FROM Path");
      const two = await addJob(catalog());
      await addFiles(catalog(), two, ["/removed/by/hand/file"]);
      assert.equal((await findFile(catalog(), [two], "/removed/by/hand/file"))?.fileIndex, 1);
      assert.deepEqual(await typed(catalog(), "SELECT COUNT(*), (SELECT COUNT(*) FROM PathHierarchy) FROM Path"), [[5, 4]]);
    });

    test("batches that are views into one large message are read at their places", async () => {
      const jobId = await addJob(catalog());
      const parts = [1, 2, 3].map((event) => attributeBatch([{ fileIndex: event, name: `/view/${event}` }]));
      const message = Buffer.concat([Buffer.alloc(100), ...parts]);
      let at = 100;
      const events = parts.map((part, index) => ({
        event: index + 1,
        kind: "attributes" as const,
        batch: message.subarray(at, (at += part.length)),
      }));
      assert.equal((await catalog().applyEvents({ jobId, daemon: "sd", events })).files, 3);
      assert.equal(message.length, at);
    });

    test("other events are applied in the same transaction", async () => {
      const jobId = await addJob(catalog());
      const media = {
        MediaId: 77,
        FirstIndex: 1,
        LastIndex: 2,
        StartBlock: 0,
        EndBlock: 4_294_967_295,
        StartFile: 3,
        VolIndex: 1,
      };
      const applied = await catalog().applyEvents({
        jobId,
        daemon: "sd",
        events: [
          { event: 1, kind: "log", time: "2026-03-01 10:00:00", text: 'o-sd JobId 1: it\'s "quoted"\n' },
          { event: 2, kind: "attributes", batch: attributeBatch([{ fileIndex: 1, name: "/mixed" }]) },
          { event: 3, kind: "none" },
          { event: 4, kind: "jobMedia", rows: [media] },
        ],
      });
      assert.deepEqual(applied, { lastEvent: 4, files: 1, skipped: 0 });
      assert.deepEqual(await typed(catalog(), `SELECT MediaId, StartFile, EndBlock FROM JobMedia WHERE JobId = ${jobId}`), [
        [77, 3, 4_294_967_295],
      ]);
      assert.deepEqual(await listed(catalog(), { kind: "joblog", jobId }), [{ LogText: 'o-sd JobId 1: it\'s "quoted"\n' }]);
    });
  });
}
