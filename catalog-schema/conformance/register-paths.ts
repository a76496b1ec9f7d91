import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { removeUnusedPaths } from "../checks/remove-unused-paths.ts";
import { aloneOnCatalog } from "../database/alone-on-catalog.ts";
import { applyEventsInTransaction } from "../database/event-application.ts";
import { deleteJob } from "../queries/delete.ts";
import { findFile } from "../queries/files.ts";
import { attributeBatch } from "./batches.ts";
import { addFiles, addJob, catalogForAll, typed, type DatabaseUnderTest } from "./database-under-test.ts";

const never = new AbortController().signal;

/** Paths that no job needs are removed beside jobs that store files. */
export function registerPaths(database: DatabaseUnderTest): void {
  describe(`unused paths on ${database.name}`, () => {
    const catalog = catalogForAll(database);
    const paths = async () =>
      (await typed(catalog(), "SELECT Path FROM Path ORDER BY Path"))
        .map(([path]) => String(path))
        .filter((path) => path !== "");
    const isStored = async (jobId: number, name: string) => (await findFile(catalog(), [jobId], name))?.fileIndex === 1;

    test("what a deleted job had for itself goes, what others need stays with all above it", async () => {
      const kept = await addJob(catalog());
      await addFiles(catalog(), kept, ["/a/b/kept/file"]);
      const gone = await addJob(catalog());
      await addFiles(catalog(), gone, ["/a/b/gone/deep/er/file", "/z/y/x/file"]);
      await deleteJob(catalog(), gone);
      assert.equal(await removeUnusedPaths(catalog(), never), 6);
      assert.deepEqual(await paths(), ["/", "/a/", "/a/b/", "/a/b/kept/"]);
      assert.equal(await isStored(kept, "/a/b/kept/file"), true);
      assert.deepEqual(
        await typed(catalog(), "SELECT COUNT(*) FROM PathHierarchy h WHERE h.PathId NOT IN (SELECT PathId FROM Path)"),
        [[0]],
      );
      assert.equal(await removeUnusedPaths(catalog(), never), 0);
      await deleteJob(catalog(), kept);
    });

    test("a path that a job remembers and stores in while others are removed stays; one that was removed is made anew", async () => {
      const first = await addJob(catalog());
      await addFiles(catalog(), first, ["/cache/used/file", "/cache/removed/file"]);
      const ids = async () =>
        (await typed(catalog(), "SELECT PathId FROM Path WHERE Path LIKE '/cache/%/' ORDER BY Path")).map(([id]) => Number(id));
      await deleteJob(catalog(), first);
      const [removed = 0, used = 0] = await ids();
      await using watch = await catalog().watchPaths();
      const second = await addJob(catalog());
      await addFiles(catalog(), second, ["/cache/used/file"]);
      assert.deepEqual(await watch.remove([used, removed]), [removed]);
      const third = await addJob(catalog());
      await addFiles(catalog(), third, ["/cache/removed/file"]);
      assert.deepEqual(
        [await isStored(second, "/cache/used/file"), await isStored(third, "/cache/removed/file")],
        [true, true],
      );
      for (const jobId of [second, third]) await deleteJob(catalog(), jobId);
    });

    test("a path that a transaction has found before, and commits after, stays", async () => {
      const first = await addJob(catalog());
      await addFiles(catalog(), first, ["/open/transaction/file"]);
      await deleteJob(catalog(), first);
      const second = await addJob(catalog());
      const hasFound = Promise.withResolvers<void>();
      const storing = catalog().transaction(async (tx) => {
        const batch = attributeBatch([{ fileIndex: 1, name: "/open/transaction/file" }]);
        const events = [{ event: 1, kind: "attributes" as const, batch }];
        await applyEventsInTransaction(tx, { jobId: second, daemon: "sd", events });
        hasFound.resolve();
        await sleep(300);
      });
      await hasFound.promise;
      const removing = removeUnusedPaths(catalog(), never);
      await Promise.all([storing, removing]);
      assert.equal(await isStored(second, "/open/transaction/file"), true);
      await deleteJob(catalog(), second);
    });

    test("jobs that store all the while lose nothing", async () => {
      const jobs = await Promise.all([1, 2, 3].map(async () => await addJob(catalog())));
      const stop = new AbortController();
      const storing = jobs.map(async (jobId) => {
        const names: string[] = [];
        while (!stop.signal.aborted) {
          const name = `/busy/${names.length % 7}/${names.length}/file`;
          await addFiles(catalog(), jobId, [name]);
          names.push(name);
        }
        return names;
      });
      const others = (async () => {
        for (let round = 0; round < 12; round++) {
          const jobId = await addJob(catalog());
          await addFiles(catalog(), jobId, [`/busy/${round % 7}/${round + 3}/file`, `/other/${round}/file`]);
          await deleteJob(catalog(), jobId);
          await removeUnusedPaths(catalog(), never);
        }
      })();
      await others.finally(() => stop.abort());
      for (const [at, names] of (await Promise.all(storing)).entries())
        for (const name of names) assert.equal(await isStored(jobs[at]!, name), true, name);
      assert.deepEqual(await typed(catalog(), "SELECT COUNT(*) FROM File f WHERE f.PathId NOT IN (SELECT PathId FROM Path)"), [
        [0],
      ]);
    });

    test("one program at a time fills a catalog from Volumes or removes paths", async () => {
      await aloneOnCatalog(catalog(), async () => {
        await assert.rejects(
          aloneOnCatalog(catalog(), async () => {}),
          { code: "CATALOG_BUSY" },
        );
      });
    });
  });
}
