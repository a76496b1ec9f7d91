import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addJob } from "#catalog/conformance/database-under-test.ts";
import { findClient } from "#catalog/queries/clients.ts";
import { createMedia } from "#catalog/queries/media.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { recordSpace } from "#catalog/queries/pressure.ts";
import { findStorage } from "#catalog/queries/storages.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { must } from "#lib/base/assert.ts";
import type { JobView } from "../job/job-view.ts";
import { ConsoleWorld } from "../testing/console-world.ts";

const MORE = `Schedule { Name = Nightly; Run = at 0:00 }
Job { Name = Night; Type = Backup; Level = Full; Client = db; FileSet = Etc; Storage = Disk; Pool = Default; Messages = Mess; Schedule = Nightly }
Console { Name = monitor; Password = "x"; CommandACL = .overview; JobACL = *all*; ClientACL = web; StorageACL = *all*; PoolACL = *all*; CatalogACL = *all* }
Console { Name = nobody; Password = "x"; CommandACL = status; JobACL = *all*; ClientACL = *all*; CatalogACL = *all* }
`;

const HOUR_MS = 3_600_000;
let world: ConsoleWorld;
let nowMs = 0;

/** A run so many hours ago. */
async function ran(name: string, hoursAgo: number, more: Parameters<typeof addJob>[1] = {}): Promise<number> {
  const ms = nowMs - hoursAgo * HOUR_MS;
  const time = catalogTime(ms);
  const client = must(await findClient(world.catalog, name === "Night" ? "db" : "web"), "client");
  return await addJob(world.catalog, {
    Name: name,
    ClientId: client.ClientId,
    SchedTime: time,
    StartTime: time,
    EndTime: time,
    JobTDate: ms / 1000,
    JobBytes: 1000,
    JobFiles: 7,
    ...more,
  });
}

before(async () => {
  world = await ConsoleWorld.open(MORE);
  nowMs = world.services.now();
});
after(async () => await world[Symbol.asyncDispose]());

/** The tables of an answer: rows by column name. */
async function overview(line = ".overview", console?: string): Promise<ReadonlyMap<string, readonly Record<string, string>[]>> {
  const { text, code } = await world.type([line], console);
  assert.equal(code, 0, text);
  const names = ["site", "clients", "jobs", "storages", "pools", "volumes", "waiting"];
  const firstColumns = ["director|version", "client|", "job|", "storage|", "pool|", "volume|", "jobid|"];
  const tables = new Map<string, Record<string, string>[]>();
  let columns: string[] = [];
  for (const row of text.trimEnd().split("\n")) {
    const at = tables.size < names.length && row.startsWith(firstColumns[tables.size]!) ? tables.size : -1;
    if (at >= 0) {
      columns = row.split("|");
      tables.set(names[at]!, []);
    } else {
      const values = row.split("|");
      [...tables.values()].at(-1)!.push(Object.fromEntries(columns.map((column, index) => [column, values[index]!])));
    }
  }
  return tables;
}

test("each job has its last good run, its failures since, and what its Schedule missed", async () => {
  await ran("Save", 50, { Level: "F" });
  await ran("Save", 26, { Level: "I" });
  await ran("Save", 2, { Level: "I", JobStatus: "f" });
  // Ended before its client was known.
  await ran("Save", 1, { Level: "I", JobStatus: "A", ClientId: 0 });
  const good = await ran("Night", 60.1);
  const tables = await overview();
  assert.equal(tables.get("site")?.[0]?.["now"], String(nowMs / 1000));
  const jobs = new Map(tables.get("jobs")!.map((row) => [row["job"], row]));
  assert.deepEqual([...jobs.keys()], ["Save", "Night"]);
  const save = jobs.get("Save")!;
  assert.equal(save["good_level"], "I");
  assert.equal(save["good_ended"], String(nowMs / 1000 - 26 * 3600));
  assert.equal(save["full_ended"], String(nowMs / 1000 - 50 * 3600));
  assert.equal(save["failures"], "2");
  assert.equal(save["last_status"], "A");
  assert.deepEqual([save["schedule"], save["missed"], save["next_run"]], ["", "0", ""]);
  const night = jobs.get("Night")!;
  assert.equal(night["good_jobid"], String(good));
  assert.equal(night["schedule"], "Nightly");
  assert.ok(Number(night["missed"]) >= 2, "two midnights have passed");
  assert.ok(Number(night["next_run"]) > nowMs / 1000);
  assert.deepEqual(
    tables.get("clients")!.map((row) => [row["client"], row["good_jobs"], row["good_bytes"]]),
    [
      ["web", "2", "2000"],
      ["db", "1", "1000"],
    ],
  );
  const patient = (await overview(".overview grace=31536000")).get("jobs")!.find((row) => row["job"] === "Night")!;
  assert.equal(patient["missed"], "0");
});

test("what runs for the client of the job is told, and what waits for an operator", async () => {
  const view: JobView = {
    jobId: 99, job: "Save.x", name: "Save", type: "B", level: "I", status: "M", statusText: "is waiting for a mount request", priority: 10, client: "web", fileset: "Etc", pool: "Default",
    storage: "Disk", comment: "", scheduledMs: nowMs - 5000, startedMs: nowMs - 4000, endedMs: null, files: 0, bytes: 0, errors: 0, mountRequest: "Please mount Volume\n",
  }; // prettier-ignore
  world.engine.views = [view, { ...view, jobId: 100, client: "db", mountRequest: null }];
  const tables = await overview();
  const save = tables.get("jobs")!.find((row) => row["job"] === "Save")!;
  assert.equal(save["running_jobid"], "99");
  assert.equal(save["running_since"], String(nowMs / 1000 - 4));
  assert.deepEqual(
    tables.get("waiting")!.map((row) => [row["jobid"], row["request"]]),
    [["99", "Please mount Volume"]],
  );
  world.engine.views = [];
});

test("room with its forecast, and Volumes in Error", async () => {
  const today = Math.floor(nowMs / 86_400_000);
  for (let day = 0; day < 5; day++)
    await recordSpace(world.catalog, {
      StorageName: "Disk",
      DeviceName: "Dev",
      Day: today - 4 + day,
      TotalBytes: 10_000,
      FreeBytes: 6000 - day * 1000,
    });
  const poolId = must(await findPool(world.catalog, "Default"), "pool").PoolId;
  const storageId = must(await findStorage(world.catalog, "Disk"), "storage").StorageId;
  await createMedia(world.catalog, {
    VolumeName: "Bad",
    MediaType: "File",
    VolStatus: "Error",
    PoolId: poolId,
    StorageId: storageId,
  });
  await createMedia(world.catalog, {
    VolumeName: "Fine",
    MediaType: "File",
    VolStatus: "Full",
    PoolId: poolId,
    StorageId: storageId,
  });
  const tables = await overview();
  assert.deepEqual(tables.get("storages"), [
    { storage: "Disk", device: "Dev", enabled: "1", day: String(today), total_bytes: "10000", free_bytes: "2000", bytes_per_day: "1000", full_in_days: "2", history_days: "4" },
  ]); // prettier-ignore
  assert.deepEqual(
    tables.get("volumes")!.map((row) => [row["volume"], row["status"]]),
    [["Bad", "Error"]],
  );
});

test("a restricted console sees its own clients, and needs the command in its CommandACL", async () => {
  const tables = await overview(".overview", "monitor");
  assert.deepEqual(tables.get("clients")!.map((row) => row["client"]), ["web"]); // prettier-ignore
  assert.deepEqual(tables.get("jobs")!.map((row) => row["job"]), ["Save"]); // prettier-ignore
  const refused = await world.type([".overview"], "nobody");
  assert.equal(refused.code, 2);
  assert.match(refused.text, /command "\.overview" is not allowed/);
});
