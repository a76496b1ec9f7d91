import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#lib/base/clock.ts";
import { Catalog } from "#catalog/catalog.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import { changeMediaCare } from "#catalog/queries/media-care.ts";
import { createMedia, findMedia, updateMedia, type NewMedia } from "#catalog/queries/media.ts";
import { ensurePool, findPool, type PoolRecord } from "#catalog/queries/pools.ts";
import { VolumeFinder, type FinderParts, type VolumeAnswer, type VolumeWish } from "./next-volume.ts";
import { poolPolicy } from "./pool-policy.ts";
import { noRelief } from "./space-relief.ts";
import { VolumeClaims } from "./volume-claims.ts";
import { keepEverything, type VolumePruner } from "./volume-pruner.ts";

const never = new AbortController().signal;

/** Frees what the test says: the answer of a pruner whose catalog agrees. */
function pruning(catalog: Catalog, purged: readonly string[], asked: string[] = []): VolumePruner {
  const free = async (how: string, row: MediaRow) => {
    asked.push(`${how} ${row.VolumeName}`);
    const isPurged = purged.includes(row.VolumeName);
    if (isPurged) await markPurged(catalog, row);
    return { isPurged, lines: [] };
  };
  return { prune: async (row) => await free("prune", row), purge: async (row) => await free("purge", row) };
}

async function markPurged(catalog: Catalog, row: MediaRow): Promise<void> {
  const PoolId = row.RecyclePoolId > 0 ? row.RecyclePoolId : row.PoolId;
  await updateMedia(catalog, row.MediaId, { VolStatus: "Purged", PoolId });
}

interface FinderWorld {
  readonly finder: VolumeFinder;
  readonly catalog: Catalog;
  readonly poolId: number;
  readonly claims: VolumeClaims;
  /** Another finder on the same catalog. */
  readonly with: (parts: Partial<FinderParts>) => VolumeFinder;
}

async function withFinder(pool: Partial<Omit<PoolRecord, "Name">>, body: (world: FinderWorld) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "finder-"));
  try {
    const options = { driver: "sqlite", file: join(directory, "c.db") } as const;
    await createCatalog(options);
    await using catalog = await Catalog.open(options);
    const { PoolId } = await ensurePool(catalog, { Name: "Main", PoolType: "Backup", Recycle: 1, ...pool });
    const claims = new VolumeClaims();
    const finder = (parts: Partial<FinderParts>) =>
      new VolumeFinder({
        catalog,
        claims,
        clock: systemClock,
        pruner: keepEverything,
        relief: noRelief,
        policy: () => poolPolicy(undefined),
        ...parts,
      });
    await body({ finder: finder({}), catalog, poolId: PoolId, claims, with: finder });
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

test("a recycled Volume that takes one job is given to one of two that ask at once on one device", async () => {
  await withFinder({ LabelFormat: "Vol-", UseOnce: 1 }, async ({ finder, catalog, poolId }) => {
    for (const [VolumeName, MaxVolJobs] of [["One", 1], ["Two", 0]] as const)
      await createMedia(catalog, { VolumeName, MediaType: "File", VolStatus: "Purged", PoolId: poolId, Recycle: 1, MaxVolJobs }); // prettier-ignore
    const answers: VolumeAnswer[] = [];
    for (const jobId of [1, 2, 1, 3]) answers.push(await finder.find(wish(jobId, { device: "dev" }), never));
    assert.deepEqual(answers.map(used), ["One", "Two", "One", "Vol-0003"]);
    assert.equal((await finder.check(wish(4, { device: "dev" }), "Two", never)).kind, "none");
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

const base = poolPolicy(undefined);

/** A Volume with data. */
function written(poolId: number, name: string, given: Partial<NewMedia> = {}): NewMedia {
  return {
    VolumeName: name,
    MediaType: "File",
    VolStatus: "Full",
    PoolId: poolId,
    Recycle: 1,
    VolJobs: 1,
    VolBytes: 5000,
    FirstWritten: "2026-01-01 00:00:00",
    LastWritten: "2026-01-02 00:00:00",
    VolRetention: 60,
    ...given,
  };
}

function used(answer: VolumeAnswer): string {
  return answer.kind === "use" ? answer.volume.volume : `none: ${answer.reason}`;
}

test("pruning frees the oldest Volume before a scratch or a new one is taken, and not at all without AutoPrune", async () => {
  await withFinder({ LabelFormat: "Vol-", AutoPrune: 1 }, async ({ with: finder, catalog, poolId }) => {
    await createMedia(catalog, written(poolId, "Newer", { LastWritten: "2026-02-02 00:00:00" }));
    await createMedia(catalog, written(poolId, "Older"));
    const asked: string[] = [];
    const answer = await finder({ pruner: pruning(catalog, ["Newer"], asked) }).find(wish(1), never);
    assert.equal(used(answer), "Newer");
    assert.deepEqual(asked, ["prune Older", "prune Newer"]);
  });
  await withFinder({ LabelFormat: "Vol-", AutoPrune: 0 }, async ({ with: finder, catalog, poolId }) => {
    await createMedia(catalog, written(poolId, "Old"));
    const pruner = pruning(catalog, ["Old"]);
    assert.equal(used(await finder({ pruner }).find(wish(1), never)), "Vol-0002");
    assert.equal(
      used(await finder({ pruner }).find(wish(2, { prunesVolumes: true }), never)),
      "Old",
      "Prune Volumes of the Job",
    );
  });
});

test("a Volume of another Pool that recycles to this one, or to its scratch pool, is pruned for it", async () => {
  await withFinder({ AutoPrune: 1 }, async ({ with: finder, catalog, poolId }) => {
    const other = await ensurePool(catalog, { Name: "Other", PoolType: "Backup", Recycle: 1, AutoPrune: 1 });
    const manual = await ensurePool(catalog, { Name: "Manual", PoolType: "Backup", Recycle: 1 });
    await createMedia(catalog, written(manual.PoolId, "ByHandOnly", { RecyclePoolId: poolId }));
    const scratch = await ensurePool(catalog, { Name: "Scratch", PoolType: "Scratch", Recycle: 1 });
    await createMedia(catalog, written(other.PoolId, "Comes", { RecyclePoolId: poolId }));
    await createMedia(catalog, written(other.PoolId, "ByScratch", { RecyclePoolId: scratch.PoolId }));
    const find = async (jobId: number) =>
      used(await finder({ pruner: pruning(catalog, ["ByHandOnly", "Comes", "ByScratch"]) }).find(wish(jobId), never));
    assert.equal(await find(1), "Comes");
    assert.equal(await find(2), "ByScratch");
    assert.equal((await findMedia(catalog, "ByScratch"))?.PoolId, poolId);
    assert.equal((await findMedia(catalog, "ByHandOnly"))?.VolStatus, "Full", "its own Pool says AutoPrune = no");
  });
});

test("Volumes that are kept for ever or precious do not hide the one that may be pruned, however many they are", async () => {
  await withFinder({ AutoPrune: 1 }, async ({ with: finder, catalog, poolId }) => {
    await catalog.transaction(async (tx) => {
      for (let at = 0; at < 420; at++) {
        const isPrecious = at % 2 === 0;
        const { MediaId } = await createMedia(tx, written(poolId, `Old-${at}`, { VolRetention: isPrecious ? 60 : 0 }));
        if (isPrecious) await changeMediaCare(tx, MediaId, { isPrecious });
      }
    });
    await createMedia(catalog, written(poolId, "Young", { LastWritten: "2026-06-01 00:00:00" }));
    assert.equal(used(await finder({ pruner: pruning(catalog, ["Young"]) }).find(wish(1), never)), "Young");
  });
});

test("where looking at Volumes takes long, a wish ends in time and the next one goes on where it left off", async () => {
  await withFinder({ AutoPrune: 1 }, async ({ with: finder, catalog, poolId }) => {
    for (const name of ["One", "Two", "Three", "Four"]) await createMedia(catalog, written(poolId, name));
    let monotonicMs = 0;
    const asked: string[] = [];
    const prune = async ({ VolumeName }: MediaRow) => {
      asked.push(VolumeName);
      monotonicMs += 15_000;
      return { isPurged: false, lines: [] };
    };
    const slow = finder({ clock: { ...systemClock, monotonicMs: () => monotonicMs }, pruner: { prune, purge: prune } });
    for (const jobId of [1, 2]) assert.match(used(await slow.find(wish(jobId), never)), /^none/);
    assert.deepEqual(asked, ["One", "Two", "Three", "Four"]);
  });
});

test("a Volume that is withheld to be labelled anew goes to no job, and one that a job has cannot be withheld", async () => {
  await withFinder({}, async ({ finder, catalog, poolId, claims }) => {
    await createMedia(catalog, written(poolId, "Free", { VolStatus: "Purged" }));
    {
      using _held = claims.withhold("Free");
      assert.match(used(await finder.find(wish(1), never)), /^none/);
      assert.match(used(await finder.check(wish(1), "Free", never)), /is in use elsewhere/);
      assert.equal(claims.withhold("Free"), undefined);
    }
    assert.equal(used(await finder.find(wish(1), never)), "Free");
    assert.equal(claims.withhold("Free"), undefined);
    assert.match(used(await finder.check(wish(2), "Free", never)), /is in use elsewhere/, "status Recycle, in another drive");
  });
});

test("Purge Oldest Volume and Recycle Oldest Volume come last, and never touch what a job is writing", async () => {
  await withFinder({}, async ({ with: finder, catalog, poolId, claims }) => {
    await createMedia(catalog, written(poolId, "Busy"));
    await createMedia(catalog, written(poolId, "Oldest", { LastWritten: "2026-01-03 00:00:00" }));
    claims.take("Busy", { jobId: 9, device: "dev-1", jobs: 0 });
    const asked: string[] = [];
    const pruner = pruning(catalog, ["Oldest", "Busy"], asked);
    const policy = (more: object) => () => ({ ...base, ...more });
    assert.match(used(await finder({ pruner }).find(wish(1), never)), /^none: .*no Label Format/);
    assert.equal(used(await finder({ pruner, policy: policy({ purgesOldest: true }) }).find(wish(1), never)), "Oldest");
    await updateMedia(catalog, (await findMedia(catalog, "Oldest"))!.MediaId, {
      VolStatus: "Used",
      LastWritten: "2026-01-03 00:00:00",
    });
    claims.release(1);
    assert.equal(used(await finder({ pruner, policy: policy({ recyclesOldest: true }) }).find(wish(2), never)), "Oldest");
    assert.deepEqual(asked, ["purge Oldest", "prune Oldest"]);
  });
});

test("Recycle Current Volume takes the Volume in the drive when its retention has passed", async () => {
  await withFinder({}, async ({ with: finder, catalog, poolId }) => {
    await createMedia(catalog, written(poolId, "Current"));
    await createMedia(
      catalog,
      written(poolId, "Kept", { VolRetention: 4_000_000_000, LastWritten: "2026-03-01 00:00:00", StorageId: 7 }),
    );
    const current = finder({
      pruner: pruning(catalog, ["Current", "Kept"]),
      policy: () => ({ ...base, recyclesCurrent: true }),
    });
    assert.equal(used(await current.check(wish(1), "Current", never)), "Current");
    assert.match(used(await current.check(wish(1), "Kept", never)), /has status Full/);
    assert.match(used(await current.find(wish(2, { storageId: 7 }), never)), /^none/, "retention of the last one written runs");
    assert.match(used(await finder({}).check(wish(1), "Kept", never)), /has status Full/);
  });
});

test("a precious Volume is passed over at every step, and the refusal names it", async () => {
  await withFinder({ AutoPrune: 1 }, async ({ with: finder, catalog, poolId }) => {
    for (const [name, VolStatus] of [
      ["A", "Append"],
      ["B", "Purged"],
      ["C", "Recycle"],
      ["D", "Full"],
    ] as const) {
      const { MediaId } = await createMedia(catalog, written(poolId, name, { VolStatus }));
      await changeMediaCare(catalog, MediaId, { isPrecious: true });
    }
    const find = finder({
      pruner: pruning(catalog, ["D"]),
      policy: () => ({ ...base, purgesOldest: true, recyclesCurrent: true }),
    });
    assert.match(
      used(await find.find(wish(1), never)),
      /^none: .*Volume "A" is precious; Volume "C" is precious; Volume "B" is precious; Volume "D" is precious/,
    );
    for (const name of ["A", "B", "C", "D"]) assert.match(used(await find.check(wish(1), name, never)), /is precious/);
    assert.deepEqual((await findMedia(catalog, "B"))?.VolStatus, "Purged");
  });
});

test("a Pool that is off, of another Media Type, full, or that does not label or take scratch Volumes gives its reason", async () => {
  await withFinder({ LabelFormat: "Vol-", MaxPoolBytes: 4000 }, async ({ with: finder, catalog, poolId }) => {
    const scratch = await ensurePool(catalog, { Name: "Scratch", PoolType: "Scratch" });
    await createMedia(catalog, { VolumeName: "Free", MediaType: "File", VolStatus: "Append", PoolId: scratch.PoolId });
    const find = async (more: object) => used(await finder({ policy: () => ({ ...base, ...more }) }).find(wish(1), never));
    assert.match(await find({ isEnabled: false }), /Pool "Main" is disabled/);
    assert.match(await find({ mediaType: "LTO" }), /no LTO Volume/);
    assert.match(await find({ autoLabel: false, takesScratch: false }), /Auto Label = no/);
    await createMedia(catalog, written(poolId, "Much"));
    assert.match(await find({}), /holds 5000 bytes already \(Maximum Pool Bytes = 4000\)/);
    await updateMedia(catalog, (await findMedia(catalog, "Much"))!.MediaId, { VolBytes: 100 });
    assert.equal(await find({}), "Free");
  });
});

test("newvolume closes the Volume that would be taken, and only for the job that asked", async () => {
  await withFinder({ LabelFormat: "Vol-" }, async ({ finder, catalog, poolId }) => {
    await createMedia(catalog, written(poolId, "Begun", { VolStatus: "Append" }));
    await createMedia(catalog, written(poolId, "Older", { VolStatus: "Append", LastWritten: "2026-01-01 00:00:00" }));
    assert.equal(used(await finder.find(wish(1, { beginsAnew: true }), never)), "Vol-0003");
    assert.equal((await findMedia(catalog, "Begun"))?.VolStatus, "Used");
    await updateMedia(catalog, (await findMedia(catalog, "Vol-0003"))!.MediaId, { VolJobs: 1, VolStatus: "Full" });
    assert.equal(used(await finder.find(wish(2), never)), "Older");
    assert.equal(
      used(await finder.find(wish(1, { beginsAnew: true, device: "dev-2" }), never)),
      "Older",
      "the next Volume of the job may be any",
    );
  });
});

test("a job that waits for room lets the others have their turn, and then goes by what they left", async () => {
  await withFinder({ LabelFormat: "Vol-", MaxVols: 1 }, async ({ with: other }) => {
    const asked = Promise.withResolvers<void>();
    const room = Promise.withResolvers<void>();
    const relieve = async () => {
      asked.resolve();
      await room.promise;
      return { isFreed: true, lines: ["room was made"] };
    };
    const finder = other({ relief: { relieve } });
    const waiting = finder.find(wish(1, { noSpace: true }), never);
    await asked.promise;
    const answer = await finder.find(wish(2), never);
    assert.equal(answer.kind === "use" && answer.volume.volume, "Vol-0001");
    room.resolve();
    const late = await waiting;
    assert.deepEqual(late.lines, ["room was made"]);
    assert.match(late.kind === "none" ? late.reason : "a Volume too many", /the Pool has its 1 Volumes already/);
  });
});

test("pruning for one job holds up no other, and both take what one of them has freed at most once", async () => {
  await withFinder({ AutoPrune: 1, MaxVols: 2 }, async ({ catalog, poolId, with: other }) => {
    const row = { MediaType: "File", PoolId: poolId, VolStatus: "Full", Recycle: 1, VolJobs: 1, VolRetention: 1 } as const;
    for (const [at, VolumeName] of ["Old-1", "Old-2"].entries())
      await createMedia(catalog, { ...row, VolumeName, LastWritten: `2026-01-0${at + 1} 00:00:00` });
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const pruner = pruning(catalog, ["Old-1", "Old-2"]);
    let asked = 0;
    const prune: VolumePruner["prune"] = async (media, signal) => {
      begun.resolve();
      if (asked++ === 0) await gate.promise;
      return await pruner.prune(media, signal);
    };
    const finder = other({ pruner: { ...pruner, prune } });
    const first = finder.find(wish(1), never);
    await begun.promise;
    const second = await finder.find(wish(2), never);
    gate.resolve();
    const names = [await first, second].map((answer) => (answer.kind === "use" ? answer.volume.volume : answer.reason));
    assert.deepEqual(names.toSorted(), ["Old-1", "Old-2"]);
  });
});

test("a Volume that is purged as the oldest goes to no other job meanwhile", async () => {
  const policy = () => ({ ...poolPolicy(undefined), purgesOldest: true });
  await withFinder({ MaxVols: 1 }, async ({ catalog, poolId, claims, with: other }) => {
    const asked: string[] = [];
    const pruner = pruning(catalog, ["Only"], asked);
    const seen: boolean[] = [];
    const purge: VolumePruner["purge"] = async (media, signal) => {
      seen.push(claims.isElsewhere("Only", "dev-9", 9));
      return await pruner.purge(media, signal);
    };
    const finder = other({ pruner: { ...pruner, purge }, policy });
    const row = { VolumeName: "Only", MediaType: "File", PoolId: poolId, VolStatus: "Used", Recycle: 1, VolJobs: 1 } as const;
    await createMedia(catalog, { ...row, LastWritten: "2026-01-01 00:00:00" });
    const answer = await finder.find(wish(1), never);
    assert.equal(answer.kind === "use" && answer.volume.volume, "Only");
    assert.deepEqual(seen, [true]);
    assert.equal(claims.isElsewhere("Only", "dev-9", 9), true); // the job has it now
  });
});
