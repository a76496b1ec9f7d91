import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CompiledQuery, Kysely } from "kysely";
import { must } from "#lib/base/assert.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { addFiles, addJob } from "../conformance/database-under-test.ts";
import { Catalog } from "../catalog.ts";
import type { CatalogReader } from "../database/backend.ts";
import { Slots } from "../database/mutex.ts";
import { SqliteClient } from "../database/sqlite-client.ts";
import { sqliteDialect } from "../database/sqlite-dialect.ts";
import { createCatalog } from "../migrations/migrate.ts";
import type { Tables } from "../schema/tables.ts";
import { findFile } from "./files.ts";
import { listJobsWithFile, listRestoreJobs } from "./restore.ts";
import { directoryExists, listDirectory, newestFiles, walkSubtree } from "./tree.ts";

const resources = new AsyncDisposableStack();
let catalog: Catalog | null = null;
let reader: CatalogReader | null = null;
let seen: { readonly sql: string; readonly parameters: readonly unknown[] }[] = [];

before(async () => {
  const directory = resources.use(await TempDir.make());
  const file = directory.file("plans.db");
  await createCatalog({ driver: "sqlite", file });
  catalog = resources.use(await Catalog.open({ driver: "sqlite", file }));
  const client = resources.use(await SqliteClient.open({ file, isReader: true }));
  const db = new Kysely<Tables>({
    dialect: sqliteDialect(client, new Slots(4)),
    log: (event) => void (event.level === "query" && seen.push(event.query)),
  });
  reader = { dialect: "sqlite", reader: db };
});
after(async () => await resources[Symbol.asyncDispose]());

/** Plans of what `work` asked, one line a step. */
async function plansOf(work: (r: CatalogReader) => Promise<unknown>): Promise<string[]> {
  seen = [];
  await work(must(reader, "reader"));
  const asked = seen;
  assert.ok(asked.length > 0);
  const plans = await Promise.all(
    asked.map(
      async ({ sql, parameters }) =>
        await must(catalog, "catalog").reader.executeQuery<{ detail: string }>(
          CompiledQuery.raw(`EXPLAIN QUERY PLAN ${sql}`, [...parameters]),
        ),
    ),
  );
  return plans.flatMap((plan) => plan.rows.map((row) => row.detail));
}

async function all(pages: AsyncIterable<unknown>): Promise<void> {
  for await (const page of pages) assert.ok(page);
}

test("browsing a tree reads no table from end to end, and no job either", async () => {
  const jobIds = [await addJob(must(catalog, "catalog")), await addJob(must(catalog, "catalog"))];
  for (const jobId of jobIds) await addFiles(must(catalog, "catalog"), jobId, ["/a/b/c/d", "/a/b/", "/a/x"]);
  const plans = await plansOf(async (r) => {
    await listDirectory(r, jobIds, "/a/");
    await directoryExists(r, jobIds, "/a/b/");
    await findFile(r, jobIds, "/a/b/c/d");
    await all(walkSubtree(r, jobIds, "/a/"));
    await all(newestFiles(r, jobIds));
    await listJobsWithFile(r, { clientId: 1, name: "/a/x" });
    await listRestoreJobs(r, jobIds);
  });
  assert.deepEqual(
    plans.filter((step) => step.startsWith("SCAN")),
    [],
  );
  assert.deepEqual(
    plans.filter((step) => /File USING.*\(JobId=\?\)$/.test(step)),
    [],
  );
  assert.ok(plans.some((step) => /File USING.*\(JobId=\? AND PathId=\?/.test(step)));
});
