import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { AdmitReplicaRequest, DedupRequest, ForgetSessionsRequest, ReplicateRequest } from "#proto/stored.ts";
import { insertJobMedia, listJobIdsOfVolume } from "#catalog/queries/job-media.ts";
import { createMedia, findMedia, updateMedia } from "#catalog/queries/media.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { findStorage } from "#catalog/queries/storages.ts";
import { listForgottenSessions } from "#catalog/queries/forgotten-sessions.ts";
import { addJob } from "#catalog/conformance/database-under-test.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { forgetSessions } from "../clients/forget-sessions.ts";
import { ConsoleWorld } from "../testing/console-world.ts";

let world: ConsoleWorld;

const more = `Storage { Name = Second; Address = second.example; SDPort = 9999; Password = "p"; Device = Other; Media Type = Chunks }
Storage { Name = Several; Address = localhost; Password = "p"; Device = A; Device = B; Media Type = Chunks }
Storage { Name = Hidden; Address = localhost; Password = "p"; Device = Hid; Media Type = Chunks }
Console { Name = keeper; Password = "x"; CommandACL = dedup, replicate; StorageACL = Disk, Second; CatalogACL = *all* }
Console { Name = reader; Password = "x"; CommandACL = list; StorageACL = *all*; CatalogACL = *all* }
`;

before(async () => void (world = await ConsoleWorld.open(more)));
after(async () => await world[Symbol.asyncDispose]());
beforeEach(() => {
  world.daemons.asked.length = 0;
  world.daemons.worksEndWell = true;
  world.daemons.reachable = true;
});

const asked = () => world.daemons.asked.map(([what, storage]) => `${what} ${storage}`);

test("dedup asks the storage daemon for the work named and shows its lines", async () => {
  const { text, code } = await world.type(["dedup vacuum storage=Disk livepercent=40"]);
  assert.match(text, /^Connecting to Storage daemon Disk at localhost:9103 \.\.\.\nDisk here\ndedup done\n$/);
  assert.equal(code, 0);
  const [, , request] = world.daemons.asked[0]!;
  assert.deepEqual(request, {
    device: "Dev",
    action: "vacuum",
    lookOnly: false,
    healFrom: undefined,
    livePercent: 40,
  } satisfies DedupRequest);
});

test("a work that ends badly is a failure for scripts", async () => {
  world.daemons.worksEndWell = false;
  const { text, code } = await world.type(["dedup verify storage=Disk"]);
  assert.equal(code, 2);
  assert.match(text, /dedup done\ndedup: the storage daemon could not do it, or found damage\n$/);
  world.daemons.reachable = false;
  assert.equal((await world.type(["dedup status storage=Disk"])).code, 2);
});

test("what is not said is asked, as numbers or words", async () => {
  const { text } = await world.type(["dedup", "2", "Second"]);
  assert.match(text, /2: Read and check every chunk/);
  const [, storage, request] = world.daemons.asked[0]!;
  assert.deepEqual([storage, (request as DedupRequest).action, (request as DedupRequest).device], ["Second", "scrub", "Other"]);
  await world.type(["dedup storage=Disk device=Special", "init"]);
  assert.deepEqual((world.daemons.asked[1]![2] as DedupRequest).device, "Special");
});

test("options of another work, two works and healing from itself are refused before anything is asked", async () => {
  for (const line of [
    "dedup status storage=Disk lookonly",
    "dedup scrub storage=Disk livepercent=3",
    "dedup vacuum storage=Disk heal=Second",
    "dedup vacuum storage=Disk livepercent=101",
    "dedup vacuum scrub storage=Disk",
    "dedup scrub lookonly heal=Second storage=Disk",
    "dedup scrub heal=Disk storage=Disk",
    "dedup scrub heal=Nope storage=Disk",
    "dedup status storage=Nope",
    "replicate storage=Disk to=Disk",
    "replicate storage=Disk to=Nope",
  ])
    assert.equal((await world.type([line])).code, 2, line);
  assert.deepEqual(asked(), []);
});

test("a scrub that heals introduces the daemons to each other with one key", async () => {
  await world.type(["dedup scrub storage=Disk heal=Second"]);
  assert.deepEqual(asked(), ["admit Second", "dedup Disk"]);
  const admit = world.daemons.asked[0]![2] as AdmitReplicaRequest;
  const { healFrom } = world.daemons.asked[1]![2] as DedupRequest;
  assert.equal(admit.key.length, 32);
  assert.deepEqual(admit, { device: "Other", key: healFrom!.key, certificateSha256: Buffer.alloc(32, "Disk") });
  assert.deepEqual(
    [healFrom!.name, healFrom!.address, healFrom!.port, healFrom!.device, healFrom!.certificateSha256],
    ["Second-sd", "second.example", 9999, "Other", Buffer.alloc(32, "Second")],
  );
});

test("replicate makes a new key each time, admits at the receiver first, and then lets the sender send", async () => {
  const { text, code } = await world.type([
    "replicate storage=Disk to=Second todevice=Far",
    "replicate storage=Disk to=Second",
  ]);
  assert.equal(code, 0);
  assert.match(text, /replicate done/);
  assert.deepEqual(asked(), ["admit Second", "replicate Disk", "admit Second", "replicate Disk"]);
  const [one, two] = [1, 3].map((at) => world.daemons.asked[at]![2] as ReplicateRequest);
  assert.equal(one!.to!.device, "Far");
  assert.notDeepEqual(one!.to!.key, two!.to!.key);
});

test("after .api 2 the lines are a table", async () => {
  const { text } = await world.type([".api 2", "dedup status storage=Disk"]);
  assert.equal(text, "Line\nDisk here\ndedup done\n");
});

test("a console needs the right to the command and to each storage", async () => {
  assert.equal((await world.type(["dedup status storage=Disk"], "keeper")).code, 0);
  assert.equal((await world.type(["replicate storage=Disk to=Second"], "keeper")).code, 0);
  world.daemons.asked.length = 0;
  for (const line of [
    "dedup status storage=Hidden",
    "dedup scrub storage=Disk heal=Hidden",
    "replicate storage=Disk to=Hidden",
  ])
    assert.equal((await world.type([line], "keeper")).code, 2, line);
  for (const line of ["dedup status storage=Disk", "replicate storage=Disk to=Second", "truncate volume=V", "relabel"])
    assert.match((await world.type([line], "reader")).text, /is not allowed on this console/, line);
  assert.deepEqual(asked(), []);
});

async function purgeable(name: string, sessionId: number): Promise<number> {
  const { catalog } = world;
  const [pool, storage] = [(await findPool(catalog, "Default"))!, (await findStorage(catalog, "Second"))!];
  const media = await createMedia(catalog, {
    VolumeName: name, PoolId: pool.PoolId, StorageId: storage.StorageId, MediaType: "Chunks", VolType: 15, VolStatus: "Full", VolBytes: 5000,
    FirstWritten: "2026-01-01 00:00:00", LastWritten: "2026-01-01 00:00:00",
  }); // prettier-ignore
  const jobId = await addJob(catalog, { VolSessionId: sessionId, VolSessionTime: 1_795_000_000 });
  await insertJobMedia(catalog, [{ JobId: jobId, MediaId: media.MediaId, FirstIndex: 1, LastIndex: 1 }]);
  return storage.StorageId;
}

test("what a purge gives up is noted for the storage daemon, the Volume is truncated, relabelled, and deleted", async () => {
  const { catalog } = world;
  const storageId = await purgeable("Old", 21);
  assert.match((await world.type(["truncate volume=Old"])).text, /"Full": only a purged Volume is truncated/);
  const before = world.deletions;
  const { text } = await world.type(["purge volume=Old"]);
  assert.match(
    text,
    /1 Job on Volume "Old" purged from the catalog\.\nThere are no more Jobs associated with Volume "Old"\. Marking it purged\./,
  );
  assert.equal(world.deletions, before + 1);
  assert.deepEqual(
    (await listForgottenSessions(catalog, storageId, 10)).map((row) => [row.VolumeName, row.VolSessionId]),
    [["Old", 21]],
  );
  assert.match(
    (await world.type(["truncate volume=Old"])).text,
    /daemon Second at second\.example.*The volume "Old" has been truncated\n$/s,
  );
  assert.deepEqual([(await findMedia(catalog, "Old"))?.VolStatus, (await findMedia(catalog, "Old"))?.VolBytes], ["Purged", 1]);
  const renamed = await world.type(["relabel storage=Second oldvolume=Old volume=New pool=Default"]);
  assert.match(
    renamed.text,
    /Catalog record for Volume "New", Slot 0 {2}successfully created\.\nOld volume "Old" deleted from catalog\./,
  );
  assert.deepEqual([await findMedia(catalog, "Old"), (await findMedia(catalog, "New"))?.VolStatus], [null, "Append"]);
});

test("a Volume without a store is truncated only where its pool says so", async () => {
  await purgeable("Plain", 23);
  const media = (await findMedia(world.catalog, "Plain"))!;
  await updateMedia(world.catalog, media.MediaId, { VolType: 1, VolStatus: "Purged" });
  assert.match((await world.type(["truncate volume=Plain"])).text, /Truncate not allowed on Volume "Plain"/);
  await updateMedia(world.catalog, media.MediaId, { ActionOnPurge: 1 });
  assert.match((await world.type(["truncate volume=Plain"])).text, /"Plain" has been truncated/);
});

test("a job that runs is neither deleted with its Volume nor with its client", async () => {
  await purgeable("Busy", 22);
  const [jobId] = await listJobIdsOfVolume(world.catalog, (await findMedia(world.catalog, "Busy"))!.MediaId);
  world.engine.views = [{ jobId: jobId!, endedMs: null } as (typeof world.engine.views)[number]];
  assert.match((await world.type(["delete volume=Busy yes"])).text, /is running/);
  world.engine.views = [];
  assert.match((await world.type(["delete volume=Busy yes"])).text, /Volume "Busy" and 1 Job deleted/);
});

test("sessions are told to every device of the storage, and a storage that is gone is said", async () => {
  const sessions = [{ volSessionId: 1, volSessionTime: 2, volume: "V" }];
  const signal = new AbortController().signal;
  await forgetSessions(world.config, world.daemons, { storage: "Second", sessions }, signal);
  assert.deepEqual(world.daemons.asked[0]![2], { device: "Other", sessions } satisfies ForgetSessionsRequest);
  const { storageDaemon } = world.daemons;
  const partly = (mounted: readonly string[]) => ({
    fileDaemon: (name: string) => world.daemons.fileDaemon(name),
    storageDaemon: (name: string) => ({
      ...storageDaemon.call(world.daemons, name),
      forgetSessions: async ({ device }: ForgetSessionsRequest) => {
        if (!mounted.includes(device)) throw new OperatorError("STORE_NOT_INITIALIZED", `${device} has no store`);
      },
    }),
  });
  await forgetSessions(world.config, partly(["B"]), { storage: "Several", sessions }, signal);
  await assert.rejects(forgetSessions(world.config, partly([]), { storage: "Several", sessions }, signal), /A has no store/);
  await assert.rejects(forgetSessions(world.config, world.daemons, { storage: "Gone", sessions }, signal), {
    code: "RESOURCE_UNKNOWN",
  });
});
