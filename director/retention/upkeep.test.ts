import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { aloneOnCatalog } from "#catalog/database/alone-on-catalog.ts";
import { findClient } from "#catalog/queries/clients.ts";
import { addFiles, addJob } from "#catalog/conformance/database-under-test.ts";
import { deleteJob } from "#catalog/queries/delete.ts";
import { findJob } from "#catalog/queries/jobs.ts";
import { addEvent, addLog, listLog } from "#catalog/queries/log.ts";
import { updateStatistics } from "#catalog/queries/statistics.ts";
import { FakeClock } from "#lib/testing/fake-clock.ts";
import { ConsoleWorld } from "../testing/console-world.ts";
import { Upkeep } from "./upkeep.ts";

test("once a day what belongs to no client goes when its time is over", async () => {
  await using world = await ConsoleWorld.open();
  const { catalog } = world;
  const clock = new FakeClock(Date.parse("2027-03-01T12:00:00Z"));
  const old = await addJob(catalog, { Type: "D", Level: " ", ClientId: 0, JobTDate: 1_600_000_000 });
  const young = await addJob(catalog, { Type: "D", Level: " ", ClientId: 0, JobTDate: 1_803_000_000 });
  await updateStatistics(catalog, 1_700_000_000);
  const event = { EventsCode: "x", EventsType: "t", EventsDaemon: "d", EventsSource: "s", EventsRef: "r", EventsText: "e" };
  await addEvent(catalog, { ...event, EventsTime: "2020-01-01 00:00:00" }, "2020-01-01 00:00:00");
  await addEvent(catalog, { ...event, EventsTime: "2027-02-28 00:00:00" }, "2027-02-28 00:00:00");
  await addLog(catalog, { JobId: 0, Time: "2020-01-01 00:00:00", LogText: "old, of no job" });
  await addLog(catalog, { JobId: 0, Time: "2027-02-28 00:00:00", LogText: "young, of no job" });
  await addLog(catalog, { JobId: 999, Time: "2027-02-28 00:00:00", LogText: "of a job that is gone" });
  await addLog(catalog, { JobId: young, Time: "2020-02-28 00:00:00", LogText: "of a job that is there" });
  const told: string[] = [];
  const retention = () => ({ ...world.retention, now: () => clock.nowMs() });
  await using upkeep = new Upkeep({
    catalogs: () => [catalog],
    retention,
    config: () => world.config,
    clock,
    log: (text) => void told.push(text),
  });
  upkeep.look();
  while (told.length === 0) await sleep(10);
  assert.deepEqual(told, [
    "Daily upkeep: pruned 1 events, 2 log lines of no job, 1 rows of statistics, 1 jobs without client.",
  ]);
  assert.deepEqual([await findJob(catalog, old), (await findJob(catalog, young))?.JobId], [null, young]);
  assert.deepEqual(
    (await listLog(catalog, 0)).map((row) => row.LogText),
    ["young, of no job"],
  );
  assert.equal((await listLog(catalog, young)).length, 1);
  upkeep.look();
  await sleep(50);
  assert.equal(told.length, 1, "not twice in a day");
});

test("once a day the failed jobs of a client go whose jobs never end well, but no good Full", async () => {
  await using world = await ConsoleWorld.open();
  const { catalog } = world;
  const clock = new FakeClock(Date.parse("2027-03-01T12:00:00Z"));
  const clientId = (await findClient(catalog, "web"))!.ClientId;
  const full = await addJob(catalog, { ClientId: clientId, Name: "Save", JobTDate: 1_600_000_000 });
  const failed = await addJob(catalog, { ClientId: clientId, Name: "Save", JobStatus: "f", JobTDate: 1_600_000_001 });
  const young = await addJob(catalog, { ClientId: clientId, Name: "Save", JobStatus: "f", JobTDate: 1_803_000_000 });
  const told: string[] = [];
  const retention = () => ({ ...world.retention, now: () => clock.nowMs() });
  await using upkeep = new Upkeep({
    catalogs: () => [catalog],
    retention,
    config: () => world.config,
    clock,
    log: (text) => void told.push(text),
  });
  upkeep.look();
  while (told.length === 0) await sleep(10);
  assert.deepEqual(told, ["Daily upkeep: pruned 1 jobs of clients with AutoPrune."]);
  assert.equal(await findJob(catalog, failed), null);
  for (const jobId of [full, young]) assert.equal((await findJob(catalog, jobId))?.PurgedFiles, 0);
});

test("once a day the names of directories go that no job has any more, unless a bscan fills the catalog", async () => {
  await using world = await ConsoleWorld.open();
  const { catalog } = world;
  const clock = new FakeClock(Date.parse("2027-03-01T12:00:00Z"));
  const gone = await addJob(catalog, { JobTDate: 1_803_000_000 });
  await addFiles(catalog, gone, ["/only/there/file"]);
  await deleteJob(catalog, gone);
  const told: string[] = [];
  const parts = {
    retention: () => world.retention,
    config: () => world.config,
    clock,
    log: (text: string) => void told.push(text),
  };
  const once = async (): Promise<string> => {
    await using upkeep = new Upkeep({ ...parts, catalogs: () => [catalog] });
    upkeep.look();
    while (told.length === 0) await sleep(10);
    return told.splice(0).join();
  };
  await aloneOnCatalog(catalog, async () => assert.match(await once(), /names of directories are left for tomorrow/));
  assert.equal(await once(), "Daily upkeep: removed 4 names of directories that no job needs any more.");
});
