import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { KyselyPlugin } from "kysely";
import { Catalog } from "#catalog/catalog.ts";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import { deleteRunningJob, listRunningJobs } from "#catalog/queries/jobs.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { newRun, RunRecord } from "./saved-run.ts";

test("changes at once are stored one after the other, the last one last", async () => {
  await using dir = await TempDir.make();
  const options = { driver: "sqlite", file: dir.file("c.db") } as const;
  await createCatalog(options);
  await using catalog = await Catalog.open(options);
  let underWay = 0;
  let most = 0;
  // On a server each statement may have a connection of its own, and a slow one is overtaken.
  const watching: KyselyPlugin = {
    transformQuery: ({ node }) => {
      most = Math.max(most, (underWay += 1));
      return node;
    },
    transformResult: async ({ result }) => {
      await nextTurn();
      underWay -= 1;
      return result;
    },
  };
  const watched = { dialect: catalog.dialect, reader: catalog.reader, writer: catalog.writer.withPlugin(watching) };
  const record = new RunRecord(1, newRun("J", { job: "J", origin: { kind: "console", user: "me" } }, 0, "F"));
  const end = { kind: "lost", reason: "gone" } as const;
  await Promise.all([record.change(watched, { fdEnd: end }, 0), record.change(watched, { sdEnd: end }, 0)]);
  assert.equal(most, 1);
  const [row] = await listRunningJobs(catalog);
  const { fdEnd, sdEnd } = JSON.parse(row!.State) as Record<string, unknown>;
  assert.deepEqual([fdEnd, sdEnd], [end, end]);
  await record.close();
  await deleteRunningJob(catalog, 1);
  await record.change(catalog, { fdEnd: null }, 0);
  assert.deepEqual(await listRunningJobs(catalog), [], "what a daemon's last word changes does not bring an ended job back");
});
