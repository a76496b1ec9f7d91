import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addJob } from "#catalog/conformance/database-under-test.ts";
import { ensureClient } from "#catalog/queries/clients.ts";
import { ensureFileSet } from "#catalog/queries/filesets.ts";
import { insertJobMedia } from "#catalog/queries/job-media.ts";
import { findJob } from "#catalog/queries/jobs.ts";
import { changeMediaCare } from "#catalog/queries/media-care.ts";
import { createMedia, findMedia, updateMedia } from "#catalog/queries/media.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { findStorage } from "#catalog/queries/storages.ts";
import { must } from "#lib/base/assert.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { RetentionPruner } from "../retention/volume-pruner.ts";
import { ConsoleWorld } from "../testing/console-world.ts";

const DAY = 86_400_000;
const never = new AbortController().signal;
let world: ConsoleWorld;
let poolId: number;

before(async () => {
  world = await ConsoleWorld.open();
  poolId = must(await findPool(world.catalog, "Default"), "the Pool").PoolId;
});
after(async () => await world[Symbol.asyncDispose]());

/** A good backup of a client, so many days old. */
async function save(client: string, days: number, level = "F", more: object = {}): Promise<number> {
  const { catalog } = world;
  const retention = { AutoPrune: 1, FileRetention: 5_184_000, JobRetention: 15_552_000 };
  const { client: row } = await ensureClient(catalog, { Name: client, ...retention });
  const { fileSet } = await ensureFileSet(catalog, { FileSet: "Etc", MD5: "m", CreateTime: "2026-01-01 00:00:00" });
  const time = catalogTime(world.services.now() - days * DAY);
  return await addJob(catalog, {
    Name: "Save",
    Type: "B",
    Level: level,
    JobStatus: "T",
    ClientId: row.ClientId,
    FileSetId: fileSet.FileSetId,
    PoolId: poolId,
    StartTime: time,
    EndTime: time,
    RealEndTime: time,
    JobTDate: Math.floor(world.services.now() / 1000 - days * 86_400),
    JobFiles: 5,
    JobBytes: 1000,
    ...more,
  });
}

/** A full Volume with jobs on it, last written a hundred days ago. */
async function volume(name: string, jobIds: readonly number[], more: object = {}) {
  const { catalog } = world;
  const written = catalogTime(world.services.now() - 100 * DAY);
  const row = await createMedia(catalog, {
    VolumeName: name,
    MediaType: "File",
    PoolId: poolId,
    VolStatus: "Full",
    Recycle: 1,
    Enabled: 1,
    VolRetention: 5 * 86_400,
    FirstWritten: written,
    LastWritten: written,
    VolBytes: 5000,
    ActionOnPurge: 1,
    ...more,
  });
  await insertJobMedia(
    catalog,
    jobIds.map((JobId) => ({ JobId, MediaId: row.MediaId, VolIndex: 1 })),
  );
  return row;
}

const exists = async (jobId: number) => (await findJob(world.catalog, jobId)) !== null;
const statusOf = async (name: string) => (await findMedia(world.catalog, name))?.VolStatus;

test("a job that lies on a precious Volume too stays, whichever of its Volumes is given up", async () => {
  const job = await save("split-fd", 100);
  await save("split-fd", 1);
  const plain = await volume("Half-1", [job]);
  const precious = await volume("Half-2", [job]);
  await changeMediaCare(world.catalog, precious.MediaId, { isPrecious: true });
  for (const line of ["purge volume=Half-1", "delete volume=Half-1 yes", "delete client=split-fd yes"])
    assert.match((await world.type([line])).text, /lies on Volume "Half-2", which is precious/, line);
  await world.type(["prune volume=Half-1 yes"]);
  const purged = await new RetentionPruner(world.retention).purge(plain, never);
  assert.match(purged.lines.join(), /lies on the precious Volume "Half-2" too/);
  assert.ok(await exists(job));
  assert.deepEqual([await statusOf("Half-1"), await statusOf("Half-2")], ["Full", "Full"]);
});

test("a Volume that a running job has is not purged, deleted, pruned, truncated or relabeled, though nothing is known to lie on it", async () => {
  await volume("Held", []);
  await volume("Held-purged", [], { VolStatus: "Purged" });
  for (const name of ["Held", "Held-purged"]) world.claims.take(name, { jobId: 900, device: "d", jobs: 0 });
  const lines = [
    "purge volume=Held",
    "delete volume=Held yes",
    "prune volume=Held yes",
    "truncate volume=Held-purged storage=Disk",
  ];
  for (const line of [...lines, "relabel storage=Disk oldvolume=Held-purged volume=Fresh pool=Default"]) {
    const { text, code } = await world.type([line]);
    assert.match(text, /running job/, line);
    assert.notEqual(code, 0, line);
  }
  await world.type(["prune expired volume all yes"]);
  assert.deepEqual(
    [await statusOf("Held"), await statusOf("Held-purged"), await statusOf("Fresh")],
    ["Full", "Purged", undefined],
  );
  world.claims.release(900);
  assert.match((await world.type(["prune volume=Held yes"])).text, /Marking it purged/);
});

test("a purged Volume that a job takes and fills while others are truncated is not labelled over", async () => {
  const storage = must(await findStorage(world.catalog, "Disk"), "the Storage");
  const facts = { VolStatus: "Purged", StorageId: storage.StorageId, MediaType: "Rare" };
  await volume("Empty-1", [], facts);
  const taken = await volume("Empty-2", [], facts);
  const labelled: string[] = [];
  const daemons = world.daemons.storageDaemon.bind(world.daemons);
  world.daemons.storageDaemon = (name) => ({
    ...daemons(name),
    label: async function* (request) {
      labelled.push(request.oldVolume);
      await updateMedia(world.catalog, taken.MediaId, { VolStatus: "Append" });
      yield { line: "3000 OK", ok: true, volume: undefined };
    },
  });
  const { text, code } = await world.type(["truncate mediatype=Rare"]);
  world.daemons.storageDaemon = daemons;
  assert.deepEqual([labelled, code], [["Empty-1"], 1], text);
  assert.match(text, /Volume "Empty-2" has VolStatus "Append": only a purged Volume is truncated/);
});

test("two who prune at once never take both a backup and its copy", async () => {
  const original = await save("twin-fd", 100);
  const time = (await findJob(world.catalog, original))!.StartTime;
  const copy = await save("twin-fd", 100, "F", { Type: "C", PriorJobId: original, StartTime: time });
  await volume("Twin-1", [original]);
  await volume("Twin-2", [copy]);
  await Promise.all([world.type(["prune volume=Twin-1 yes"]), world.type(["prune volume=Twin-2 yes"])]);
  assert.ok((await exists(original)) || (await exists(copy)), "the newest good Full is gone with its copy");
});

test("a retention of thousands of years is taken as such by every command that shows it", async () => {
  await volume("Long", [], {});
  assert.equal((await world.type(['update volume=Long volretention="285000000 years"'])).code, 0);
  for (const line of [
    "prune volume=Long yes",
    "prune simulate volume=Long",
    "prune expired volume all yes",
    "list volumes",
    "llist volume=Long",
  ]) {
    const { text, code } = await world.type([line]);
    assert.equal(code, 0, `${line}: ${text}`);
    assert.doesNotMatch(text, /NaN|Invalid/, line);
  }
  assert.equal(await statusOf("Long"), "Full");
});

test("where the directory of a storage is not usable, prune says so and changes nothing", async () => {
  const storage = must(await findStorage(world.catalog, "Disk"), "the Storage");
  const old = await save("gone-fd", 400);
  await save("gone-fd", 1);
  await volume("Gone", [old], { StorageId: storage.StorageId });
  const space = { device: "D", archiveDevice: "/backup", total: 0, free: 0, metadataTotal: 0, metadataFree: 0 };
  world.daemons.spaces = [{ ...space, pending: 0, problem: "/backup is not mounted", fileSystem: "", least: 0 }];
  for (const line of [
    "prune volume=Gone yes",
    "prune expired volume yes",
    "prune jobs client=gone-fd yes",
    "prune jobs all yes",
  ]) {
    const { text, code } = await world.type([line]);
    assert.match(text, /Storage "Disk" cannot be pruned: \/backup is not mounted/, line);
    assert.notEqual(code, 0, line);
  }
  assert.ok(await exists(old));
  assert.equal(await statusOf("Gone"), "Full");
  world.daemons.reachable = false;
  assert.match((await world.type(["prune volume=Gone yes"])).text, /Marking it purged/, "a daemon that is away hinders nobody");
  world.daemons.reachable = true;
  world.daemons.spaces = [];
});
