import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addFiles, addJob } from "#catalog/conformance/database-under-test.ts";
import { ensureClient, findClient } from "#catalog/queries/clients.ts";
import { ensureFileSet } from "#catalog/queries/filesets.ts";
import { insertJobMedia } from "#catalog/queries/job-media.ts";
import { findJob } from "#catalog/queries/jobs.ts";
import { changeMediaCare } from "#catalog/queries/media-care.ts";
import { createMedia, findMedia } from "#catalog/queries/media.ts";
import { addLog, listLog } from "#catalog/queries/log.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { ConsoleWorld, first } from "../testing/console-world.ts";

const DAY = 86_400_000;
const more = `
Pool { Name = Short; Pool Type = Backup; Job Retention = 3 days; File Retention = 2 days; Volume Retention = 5 days; RecyclePool = Default }
Pool { Name = Kept; Pool Type = Backup; Keep = 2 daily, 1 monthly }
Console { Name = webby; Password = "x"; CommandACL = prune; ClientACL = web; JobACL = *all*; PoolACL = Default; CatalogACL = *all* }
`;
let world: ConsoleWorld;
let nowMs: number;

before(async () => {
  world = await ConsoleWorld.open(more);
  nowMs = world.services.now();
});
after(async () => await world[Symbol.asyncDispose]());

/** A good backup of a client, so many days old. */
async function save(
  days: number,
  level: string,
  facts: { client?: string; pool?: string; more?: object } = {},
): Promise<number> {
  const { catalog } = world;
  const client = facts.client ?? "web";
  const { client: row } = await ensureClient(catalog, {
    Name: client,
    AutoPrune: 1,
    FileRetention: 5_184_000,
    JobRetention: 15_552_000,
  });
  const { fileSet } = await ensureFileSet(catalog, { FileSet: "Etc", MD5: "m", CreateTime: "2026-01-01 00:00:00" });
  const at = nowMs - days * DAY;
  const time = catalogTime(at);
  return await addJob(catalog, {
    Name: "Save",
    Type: "B",
    Level: level,
    JobStatus: "T",
    ClientId: row.ClientId,
    FileSetId: fileSet.FileSetId,
    PoolId: (await findPool(catalog, facts.pool ?? "Default"))!.PoolId,
    StartTime: time,
    EndTime: time,
    RealEndTime: time,
    JobTDate: Math.floor(at / 1000),
    JobFiles: 5,
    JobBytes: 1000,
    ...facts.more,
  });
}

/** A Volume of a pool with jobs on it, last written so many days ago. */
async function volume(
  name: string,
  jobIds: readonly number[],
  facts: { days: number; pool?: string; more?: object },
): Promise<number> {
  const { catalog } = world;
  const pool = (await findPool(catalog, facts.pool ?? "Default"))!;
  const written = catalogTime(nowMs - facts.days * DAY);
  const row = await createMedia(catalog, {
    VolumeName: name,
    MediaType: "File",
    PoolId: pool.PoolId,
    VolStatus: "Full",
    Recycle: 1,
    VolRetention: 5 * 86_400,
    FirstWritten: written,
    LastWritten: written,
    VolBytes: 5000,
    RecyclePoolId: pool.RecyclePoolId,
    ...facts.more,
  });
  await insertJobMedia(
    catalog,
    jobIds.map((JobId) => ({ JobId, MediaId: row.MediaId, VolIndex: 1 })),
  );
  return row.MediaId;
}

const exists = async (jobId: number) => (await findJob(world.catalog, jobId)) !== null;

test("prune jobs deletes what is older than the Job Retention, and says which old jobs are kept and why", async () => {
  const client = "jobs-fd";
  const ids = [];
  for (const [days, level] of [
    [400, "F"],
    [390, "I"],
    [300, "F"],
    [290, "I"],
    [100, "I"],
  ] as const)
    ids.push(await save(days, level, { client }));
  await addLog(world.catalog, { JobId: first(ids), Time: "2026-01-01 00:00:00", LogText: "old" });
  const { text } = await world.type([`prune jobs client=${client} yes`]);
  assert.match(text, /Pruned 2 Jobs for client jobs-fd from catalog\.\n/);
  assert.match(text, new RegExp(`Kept Full JobId ${ids[2]} of .*: the newest good Full of its client and FileSet "Etc"\\.`));
  assert.match(text, new RegExp(`Kept Incremental JobId ${ids[3]} of .*: part of the newest chain`));
  assert.deepEqual(await Promise.all(ids.map(exists)), [false, false, true, true, true]);
  assert.deepEqual(await listLog(world.catalog, first(ids)), [], "its log went with it");
  assert.match((await world.type([`prune jobs client=${client} yes`])).text, /No Jobs found to prune\.\n/);
});

test("the retention may be changed at the prompt, and no leaves everything", async () => {
  const client = "mod-fd";
  const ids = [await save(20, "F", { client }), await save(10, "F", { client })];
  await world.type([`prune jobs client=${client}`, "no"]);
  assert.ok(await exists(first(ids)));
  const { text } = await world.type([`prune jobs client=${client}`, "mod", "15 days", "yes"]);
  assert.match(text, /The current Job retention period is: 15 days[^]*Pruned 1 Job for client/);
  assert.deepEqual(await Promise.all(ids.map(exists)), [false, true]);
});

test("retention of the Pool stands before that of the Client, and files go before jobs", async () => {
  const client = "pool-fd";
  const old = await save(4, "F", { client, pool: "Short" });
  const files = await save(2.5, "F", { client, pool: "Short" });
  const long = await save(4, "F", { client });
  await addFiles(world.catalog, files, ["/etc/a"]);
  assert.match(
    (await world.type([`prune files client=${client} yes`])).text,
    /Pruned Files from 2 Jobs for client pool-fd from catalog\./,
  );
  assert.deepEqual(
    [(await findJob(world.catalog, files))!.PurgedFiles, (await findJob(world.catalog, long))!.PurgedFiles],
    [1, 0],
  );
  await world.type([`prune jobs client=${client} yes`]);
  assert.deepEqual([await exists(old), await exists(files), await exists(long)], [false, true, true]);
});

test("prune volume frees a Volume of which every job has expired, and moves it to its RecyclePool", async () => {
  const client = "vol-fd";
  const old = await save(30, "F", { client, pool: "Short" });
  await save(1, "F", { client, pool: "Short" });
  await volume("V-old", [old], { days: 30, pool: "Short" });
  const { text } = await world.type(["prune volume=V-old yes"]);
  assert.match(text, /Found 1 Job\(s\) associated with the Volume "V-old" that will be pruned\n/);
  assert.match(text, /There are no more Jobs associated with Volume "V-old"\. Marking it purged\.\n/);
  const row = (await findMedia(world.catalog, "V-old"))!;
  assert.deepEqual([row.VolStatus, row.PoolId], ["Purged", (await findPool(world.catalog, "Default"))!.PoolId]);
});

test("prune volume keeps what a chain needs that is on other Volumes; expired volume frees the whole chain", async () => {
  const client = "chain-fd";
  const [full, one, two] = [await save(30, "F", { client }), await save(29, "I", { client }), await save(28, "I", { client })];
  await save(1, "F", { client });
  await volume("C-1", [full], { days: 30 });
  await volume("C-2", [one, two], { days: 28 });
  const { text } = await world.type(["prune volume=C-1 yes"]);
  assert.match(text, new RegExp(`Kept Full JobId ${full} of .*: needed by Incremental JobId ${one} of .*, which is kept\\.`));
  assert.equal((await findMedia(world.catalog, "C-1"))!.VolStatus, "Full");
  const all = await world.type(["prune expired volume yes"]);
  assert.match(all.text, /Marking it purged/);
  assert.deepEqual(
    [(await findMedia(world.catalog, "C-1"))!.VolStatus, (await findMedia(world.catalog, "C-2"))!.VolStatus],
    ["Purged", "Purged"],
  );
});

test("precious and archived Volumes, and those with no retention, are never pruned", async () => {
  const client = "safe-fd";
  const ids = [await save(800, "F", { client }), await save(800, "F", { client }), await save(800, "F", { client })];
  await save(1, "F", { client });
  const precious = await volume("P-1", [ids[0]!], { days: 800 });
  await changeMediaCare(world.catalog, precious, { isPrecious: true });
  await volume("P-2", [ids[1]!], { days: 800, more: { Enabled: 2 } });
  await volume("P-3", [ids[2]!], { days: 800, more: { VolRetention: 0 } });
  assert.match((await world.type(["prune volume=P-1 yes"])).text, /because it is precious/);
  assert.match((await world.type(["prune volume=P-2 yes"])).text, /because it is archived/);
  assert.match((await world.type(["prune volume=P-3 yes"])).text, /Retention is 0/);
  await world.type(["prune expired volume yes"]);
  for (const name of ["P-1", "P-2", "P-3"]) assert.equal((await findMedia(world.catalog, name))!.VolStatus, "Full", name);
  await world.type([`prune jobs client=${client} yes`]);
  assert.ok((await exists(ids[0]!)) && (await exists(ids[1]!)), "jobs on precious and archived Volumes stay");
});

test("what is being restored stays", async () => {
  const client = "read-fd";
  const old = await save(400, "F", { client });
  await save(1, "F", { client });
  world.engine.read.set(old, 77);
  assert.match((await world.type([`prune jobs client=${client} yes`])).text, /JobId 77 is reading it/);
  world.engine.read.clear();
  assert.match((await world.type([`prune jobs client=${client} yes`])).text, /Pruned 1 Job/);
});

test("Keep of a Pool decides which backups stay, whatever their age", async () => {
  const client = "keep-fd";
  const ids = [];
  for (const days of [900, 40, 35, 2, 1, 0.1]) ids.push(await save(days, "F", { client, pool: "Kept" }));
  await world.type([`prune jobs client=${client} yes`]);
  assert.deepEqual(await Promise.all(ids.map(exists)), [false, false, false, false, true, true]);
});

test("simulate tells what would go, when and why, and changes nothing", async () => {
  const client = "sim-fd";
  const [full, later] = [await save(400, "F", { client }), await save(100, "F", { client })];
  const { text } = await world.type([`prune simulate client=${client}`]);
  assert.match(text, /Nothing is changed\./);
  assert.match(text, new RegExp(`^${full}\\|Save\\|Full\\|.*\\|yes\\|now\\|Job Retention of Client "sim-fd": 6 months$`, "m"));
  assert.match(text, new RegExp(`^${later}\\|Save\\|Full\\|.*\\|no\\|2027-02-09 .*\\|Job Retention`, "m"));
  assert.match(text, /Jobs that would go: 1 \(1,000 bytes\)/);
  const future = await world.type([`prune simulate client=${client} days=365`]);
  assert.match(future.text, new RegExp(`^${later}\\|.*\\|kept\\|\\|the newest good Full`, "m"));
  assert.ok((await exists(full)) && (await exists(later)));
});

test("statistics: copied once, pruned by their retention", async () => {
  await save(3000, "F", { client: "stat-fd" });
  assert.match((await world.type(["update stats"])).text, /Updating \d+ job\(s\)\./);
  const count = async () =>
    Number(
      (
        await world.catalog.reader
          .selectFrom("JobHisto")
          .select((e) => e.fn.countAll<number>().as("n"))
          .executeTakeFirstOrThrow()
      ).n,
    );
  const before = await count();
  assert.match((await world.type(["update stats"])).text, /Updating 0 job\(s\)\./);
  assert.match((await world.type(["prune stats yes"])).text, /Pruned Jobs from JobHisto catalog\./);
  assert.equal(await count(), before - 1);
});

test("a console sees and prunes only clients and pools that it may", async () => {
  const webby = [...world.config.consoles.values()].find((one) => one.name === "webby");
  assert.ok(webby);
  assert.ok(await findClient(world.catalog, "db"));
  assert.notEqual((await world.type(["prune jobs client=db yes"], webby as never)).code, 0);
});

test("forecast says honestly when there is too little history", async () => {
  const { text } = await world.type(["prune forecast"]);
  assert.match(text, /No storage daemon has told of its room yet\./);
  assert.match(text, /Pool Default: jobs write .*; it has no limit/);
});

test("purge, truncate and delete refuse a precious Volume and jobs on it", async () => {
  const job = await save(10, "F", { client: "precious-fd" });
  const mediaId = await volume("Gold", [job], { days: 10 });
  await changeMediaCare(world.catalog, mediaId, { isPrecious: true });
  for (const line of ["purge volume=Gold", `purge jobs jobid=${job}`, "delete volume=Gold yes", `delete jobid=${job}`])
    assert.match((await world.type([line])).text, /Volume "Gold" is precious and cannot be/, line);
  assert.ok(await exists(job));
  assert.equal((await findMedia(world.catalog, "Gold"))!.VolStatus, "Full");
});

test("purge takes a job by its unique name, jobs of one name, and jobs of a Volume", async () => {
  const client = "purge-fd";
  const [one, two, three] = [
    await save(3, "F", { client }),
    await save(2, "F", { client, more: { Name: "Other" } }),
    await save(1, "F", { client }),
  ];
  await volume("PV", [one, three], { days: 1 });
  const unique = (await findJob(world.catalog, one))!.Job;
  await world.type([`purge files job=${unique}`]);
  assert.equal((await findJob(world.catalog, one))!.PurgedFiles, 1);
  await world.type([`purge jobs client=${client} name=Other`]);
  assert.deepEqual([await exists(one), await exists(two), await exists(three)], [true, false, true]);
  await world.type([`purge volume=PV jobid=${one},${two}`]);
  assert.deepEqual([await exists(one), await exists(three)], [false, true]);
  assert.match((await world.type(["purge volume action=truncate allpools"])).text, /No Volumes found to perform the command\./);
});

test("simulate knows when a single Volume, and each of all, becomes free", async () => {
  const job = await save(2, "F", { client: "free-fd" });
  await save(1, "F", { client: "free-fd" });
  await volume("Soon", [job], { days: 2 });
  const one = await world.type(["prune simulate volume=Soon"]);
  assert.match(
    one.text,
    new RegExp(`^Soon\\|Full\\|5000\\|1\\|0\\|2026-11-24 .*\\|JobId ${job}: Volume Retention of Volume "Soon": 5 days$`, "m"),
  );
  assert.match(
    (await world.type(["prune expired volume simulate days=10"])).text,
    /^Soon\|Full\|5000\|1\|1\|now\|all its Jobs go$/m,
  );
  assert.equal((await findMedia(world.catalog, "Soon"))!.VolStatus, "Full");
});
