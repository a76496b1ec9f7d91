import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { countSubtree, directoryExists, listDirectory, newestFiles, walkSubtree } from "../queries/tree.ts";
import { addFiles, addJob, catalogForAll, type DatabaseUnderTest } from "./database-under-test.ts";

/** Trees over several jobs, a directory at a time. */
export function registerTree(database: DatabaseUnderTest): void {
  describe(`trees on ${database.name}`, () => {
    const catalog = catalogForAll(database);

    test("directories above what was saved are shown without attributes", async () => {
      const jobId = await addJob(catalog());
      await addFiles(catalog(), jobId, ["/srv/data/a/file", "/srv/data/a/", "/srv/data/"]);
      const root = await listDirectory(catalog(), [jobId], "/");
      assert.deepEqual(root, { subdirectories: [{ name: "srv", path: "/srv/", entry: null }], files: [] });
      const data = (await listDirectory(catalog(), [jobId], "/srv/")).subdirectories[0];
      assert.deepEqual([data?.name, data?.entry?.fileIndex], ["data", 3]);
      assert.deepEqual(
        (await listDirectory(catalog(), [jobId], "")).subdirectories.map(({ name, path }) => [name, path]),
        [["/", "/"]],
      );
      assert.equal(await directoryExists(catalog(), [jobId], "/srv/"), true);
      assert.equal(await directoryExists(catalog(), [jobId], "/srv/none/"), false);
    });

    test("drives stand beside the root", async () => {
      const jobId = await addJob(catalog());
      await addFiles(catalog(), jobId, ["C:/Users/x", "/usr/x"]);
      assert.deepEqual(
        (await listDirectory(catalog(), [jobId], "")).subdirectories.map(({ name }) => name),
        ["/", "C:"],
      );
      assert.deepEqual(
        (await listDirectory(catalog(), [jobId], "C:/Users/")).files.map(({ filename }) => filename),
        ["x"],
      );
    });

    test("of several jobs the one with the later JobTDate gives the version, whatever the order of their numbers", async () => {
      const late = await addJob(catalog(), { JobTDate: 2_000 });
      const early = await addJob(catalog(), { JobTDate: 1_000 });
      await addFiles(catalog(), late, [{ fileIndex: 1, name: "/v/changed" }]);
      await addFiles(catalog(), early, [
        { fileIndex: 1, name: "/v/changed" },
        { fileIndex: 2, name: "/v/same" },
        { fileIndex: 3, name: "/v/" },
      ]);
      const { files } = await listDirectory(catalog(), [early, late], "/v/");
      assert.deepEqual(
        files.map(({ filename, jobId }) => [filename, jobId]),
        [
          ["changed", late],
          ["same", early],
        ],
      );
    });

    test("what the newest job found deleted is hidden, files and directories alike", async () => {
      const full = await addJob(catalog());
      await addFiles(catalog(), full, ["/del/gone", "/del/stays", "/del/dir/x", "/del/dir/", "/del/"]);
      const incremental = await addJob(catalog(), { Level: "I" });
      await addFiles(catalog(), incremental, [
        { fileIndex: 1, name: "/del/gone", type: 23 },
        { fileIndex: 2, name: "/del/dir/x", type: 23 },
        { fileIndex: 3, name: "/del/dir/", type: 23 },
      ]);
      const after = await listDirectory(catalog(), [full, incremental], "/del/");
      assert.deepEqual([after.subdirectories, after.files.map(({ filename }) => filename)], [[], ["stays"]]);
      const before = await listDirectory(catalog(), [full], "/del/");
      assert.deepEqual([before.subdirectories.map(({ name }) => name), before.files.length], [["dir"], 2]);
      const left: string[] = [];
      for await (const page of newestFiles(catalog(), [full, incremental]))
        left.push(...page.map((file) => file.path + file.filename));
      assert.deepEqual(left.toSorted(), ["/del/", "/del/stays"]);
      assert.equal(await directoryExists(catalog(), [full, incremental], "/del/dir/"), false);
    });

    test("jobs that are not asked for show nothing", async () => {
      const mine = await addJob(catalog());
      const other = await addJob(catalog());
      await addFiles(catalog(), mine, ["/both/mine"]);
      await addFiles(catalog(), other, ["/both/theirs", "/both/sub/x"]);
      const { files, subdirectories } = await listDirectory(catalog(), [mine], "/both/");
      assert.deepEqual([files.map(({ filename }) => filename), subdirectories], [["mine"], []]);
      assert.deepEqual(await listDirectory(catalog(), [], "/both/"), { subdirectories: [], files: [] });
    });

    test("a subtree has all below and nothing beside", async () => {
      const jobId = await addJob(catalog());
      const below = Array.from({ length: 700 }, (_, at) => `/walk/top/d${at % 250}/e${at % 2}/f${at}`);
      await addFiles(catalog(), jobId, [...below, "/walk/topmost", "/walk/top", "/walk/top/"]);
      const found: string[] = [];
      for await (const page of walkSubtree(catalog(), [jobId], "/walk/top/"))
        found.push(...page.map((file) => file.path + file.filename));
      assert.deepEqual(found.toSorted(), [...below, "/walk/top/"].toSorted());
      assert.deepEqual(await countSubtree(catalog(), [jobId], "/walk/"), { files: 702, directories: 1 });
    });

    test("all files of many jobs come once each, over many pages", async () => {
      const jobIds: number[] = [];
      for (let run = 0; run < 4; run++) {
        jobIds.push(await addJob(catalog()));
        await addFiles(
          catalog(),
          jobIds[run]!,
          Array.from({ length: 900 }, (_, at) => `/many/d${(at + 100 * run) % 450}/f`).concat(`/many/only${run}`),
        );
      }
      const found = new Map<string, number>();
      let count = 0;
      for await (const page of newestFiles(catalog(), jobIds)) {
        for (const file of page) found.set(file.path + file.filename, file.jobId);
        count += page.length;
      }
      assert.equal(count, found.size);
      assert.equal(count, 454);
      assert.equal(found.get("/many/d7/f"), jobIds[3]);
      assert.equal(found.get("/many/only0"), jobIds[0]);
    });
  });
}
