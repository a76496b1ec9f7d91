import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#lib/base/clock.ts";
import { Catalog } from "#catalog/catalog.ts";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import { createMedia, findMedia } from "#catalog/queries/media.ts";
import { ensurePool, findPool } from "#catalog/queries/pools.ts";
import { VolumeFinder, type VolumeWish } from "./next-volume.ts";
import { poolPolicy } from "./pool-policy.ts";
import { noRelief } from "./space-relief.ts";
import { VolumeClaims } from "./volume-claims.ts";
import { keepEverything } from "./volume-pruner.ts";

const never = new AbortController().signal;

async function withFinder(
  pool: { readonly LabelFormat?: string; readonly MaxVols?: number; readonly MaxVolJobs?: number },
  body: (world: { finder: VolumeFinder; catalog: Catalog; poolId: number; claims: VolumeClaims }) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "finder-"));
  try {
    const options = { driver: "sqlite", file: join(directory, "c.db") } as const;
    await createCatalog(options);
    await using catalog = await Catalog.open(options);
    const { PoolId } = await ensurePool(catalog, { Name: "Main", PoolType: "Backup", Recycle: 1, ...pool });
    const claims = new VolumeClaims();
    await body({
      finder: new VolumeFinder({
        catalog,
        claims,
        clock: systemClock,
        pruner: keepEverything,
        relief: noRelief,
        policy: () => poolPolicy(undefined),
      }),
      catalog,
      poolId: PoolId,
      claims,
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function wish(jobId: number, given: Partial<VolumeWish> = {}): VolumeWish {
  return {
    jobId,
    pool: "Main",
    mediaType: "File",
    device: `dev-${jobId}`,
    storageId: 0,
    storage: "Disk",
    noSpace: false,
    isAutochanger: false,
    refused: [],
    prunesVolumes: false,
    beginsAnew: false,
    facts: {},
    ...given,
  };
}

test("two jobs that ask at once on two devices get two new Volumes, on one device the same", async () => {
  await withFinder({ LabelFormat: "Vol-" }, async ({ finder }) => {
    const names = await Promise.all([
      finder.find(wish(1), never),
      finder.find(wish(2), never),
      finder.find(wish(3, { device: "dev-1" }), never),
    ]);
    assert.deepEqual(
      names.map((answer) => (answer.kind === "use" ? answer.volume.volume : answer.reason)),
      ["Vol-0001", "Vol-0002", "Vol-0001"],
    );
  });
});

test("a purged Volume is recycled before a new one is made", async () => {
  await withFinder({ LabelFormat: "Vol-" }, async ({ finder, catalog, poolId }) => {
    await createMedia(catalog, {
      VolumeName: "Old",
      MediaType: "File",
      VolStatus: "Purged",
      PoolId: poolId,
      Recycle: 1,
      VolJobs: 3,
      VolBytes: 5000,
      LastWritten: "2026-01-01 00:00:00",
    });
    const answer = await finder.find(wish(1), never);
    assert.deepEqual(answer.lines, ['Recycled volume "Old"']);
    assert.deepEqual(answer.kind === "use" && [answer.volume.volume, answer.volume.status, answer.volume.jobs], [
      "Old",
      "Recycle",
      0,
    ]);
  });
});

test("a Volume of the scratch pool moves over and takes the pool's limits", async () => {
  await withFinder({ MaxVolJobs: 7 }, async ({ finder, catalog, poolId }) => {
    const scratch = await ensurePool(catalog, { Name: "Scratch", PoolType: "Scratch" });
    await createMedia(catalog, { VolumeName: "Free", MediaType: "File", VolStatus: "Append", PoolId: scratch.PoolId });
    const answer = await finder.find(wish(1), never);
    assert.deepEqual(answer.lines, [`Using Volume "Free" from 'Scratch' pool.`]);
    const row = await findMedia(catalog, "Free");
    assert.deepEqual([row?.PoolId, row?.MaxVolJobs], [poolId, 7]);
    assert.equal((await findPool(catalog, "Main"))?.NumVols, 1);
  });
});

test("Maximum Volumes and a missing Label Format are told as reasons", async () => {
  await withFinder({ LabelFormat: "Vol-", MaxVols: 1 }, async ({ finder }) => {
    assert.equal((await finder.find(wish(1), never)).kind, "use");
    const second = await finder.find(wish(2), never);
    assert.match(second.kind === "none" ? second.reason : "", /has its 1 Volumes already/);
  });
  await withFinder({}, async ({ finder }) => {
    const answer = await finder.find(wish(1), never);
    assert.match(answer.kind === "none" ? answer.reason : "", /no Label Format/);
  });
});

test("a Volume that has reached a limit gets its new status and the next is taken", async () => {
  await withFinder({ LabelFormat: "Vol-" }, async ({ finder, catalog, poolId }) => {
    await createMedia(catalog, {
      VolumeName: "Spent",
      MediaType: "File",
      VolStatus: "Append",
      PoolId: poolId,
      VolJobs: 1,
      MaxVolJobs: 1,
      VolBytes: 100,
    });
    const answer = await finder.find(wish(1), never);
    assert.equal(answer.kind === "use" && answer.volume.volume, "Vol-0002");
    assert.equal((await findMedia(catalog, "Spent"))?.VolStatus, "Used");
  });
});

test("the Volume in the drive is good only in the right pool, type and status", async () => {
  await withFinder({}, async ({ finder, catalog, poolId }) => {
    await createMedia(catalog, { VolumeName: "A", MediaType: "File", VolStatus: "Full", PoolId: poolId });
    await createMedia(catalog, { VolumeName: "B", MediaType: "Tape", VolStatus: "Append", PoolId: poolId });
    const reason = async (name: string) => {
      const answer = await finder.check(wish(1), name, never);
      return answer.kind === "none" ? answer.reason : "good";
    };
    assert.equal(await reason("A"), 'Volume "A" has status Full');
    assert.equal(await reason("B"), 'Volume "B" has Media Type "Tape", not "File"');
    assert.equal(await reason("C"), 'Volume "C" is not in the catalog');
  });
});
