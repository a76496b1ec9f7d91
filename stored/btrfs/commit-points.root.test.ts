import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { LoopFileSystem, whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { CommitPoints } from "./commit-points.ts";
import { makeDomainSubvolume, makeVolumeSubvolume, prepareBtrfs } from "./store-subvolumes.ts";
import { showQgroups, clientQgroup } from "./quota.ts";
import { showSubvolume, snapshotReadOnly } from "./subvolume.ts";

const MIB = 1 << 20;
const skip = whyNoLoop("btrfs") ?? false;

interface Bench {
  readonly root: string;
  readonly points: CommitPoints;
  readonly notices: string[];
  list(of: string): string[];
}

async function withBench(body: (bench: Bench) => Promise<void>): Promise<void> {
  await using disk = LoopFileSystem.make({ type: "btrfs", bytes: 256 * MIB });
  const root = disk.path;
  const notices: string[] = [];
  const points = new CommitPoints(root, (text, error) => notices.push(`${text}: ${String(error)}`));
  makeVolumeSubvolume(join(root, "Vol-1"));
  prepareBtrfs(root);
  makeDomainSubvolume(root, join(root, "@chunks", "client-a"), "client-a");
  const list = (of: string) => readdirSync(join(root, "@snapshots", of)).toSorted();
  try {
    await body({ root, points, notices, list });
  } finally {
    await points.close();
  }
  assert.deepEqual(notices, []);
}

const job = (id: number, volumes = ["Vol-1"]) => ({
  job: `Save.2026-11-21_10.15.00_0${id}`,
  session: { id, time: 1_700_000_000 },
  volumes,
  domain: "client-a",
});

test("a job that ended well leaves a read-only snapshot of its Volume and renews the domain's", { skip }, async () => {
  await withBench(async ({ root, points, list }) => {
    writeFileSync(join(root, "Vol-1", "records"), "one");
    await points.commit(job(1));
    writeFileSync(join(root, "Vol-1", "records"), "two");
    await points.commit(job(2));
    await points.deleted();
    assert.deepEqual(list("Vol-1"), ["Save.2026-11-21_10.15.00_01+1700000000-1", "Save.2026-11-21_10.15.00_02+1700000000-2"]);
    assert.deepEqual(list("@chunks-client-a"), ["2"]);
    const kept = join(root, "@snapshots", "Vol-1", list("Vol-1")[0]!);
    assert.equal((await showSubvolume(kept)).isReadOnly, true);
    assert.equal(statSync(join(kept, "records")).size, 3);
    assert.throws(() => writeFileSync(join(kept, "touched"), ""), { code: "EROFS" });
    assert.equal((await points.newestOf("Vol-1"))?.endsWith("-2"), true);
  });
});

test(
  "what is forgotten frees its space: a session's snapshot, a recycled Volume's, a collected domain's",
  { skip },
  async () => {
    await withBench(async ({ root, points, list }) => {
      const chunk = join(root, "@chunks", "client-a", "container");
      writeFileSync(chunk, Buffer.alloc(5 * MIB, 1));
      await points.commit(job(1));
      await points.commit(job(2));
      await points.forget([job(1).session]);
      await points.deleted();
      assert.deepEqual(list("Vol-1"), ["Save.2026-11-21_10.15.00_02+1700000000-2"]);
      await points.forgetVolume("Vol-1");
      writeFileSync(chunk, ""); // what a collection does
      await points.renewDomain("client-a");
      await points.deleted();
      assert.deepEqual(list("."), ["@chunks-client-a"], "the Volume's directory went with its last snapshot");
      assert.ok(((await showQgroups(root))?.get(clientQgroup("client-a"))?.referenced ?? MIB * 9) < 6 * MIB);
    });
  },
);

test("the snapshots of one Volume are bounded", { skip }, async () => {
  await withBench(async ({ points, list }) => {
    for (let id = 1; id <= 35; id++) await points.commit({ ...job(id), domain: undefined });
    await points.deleted();
    assert.equal(list("Vol-1").length, 32);
    assert.ok(list("Vol-1").every((name) => Number(/-(\d+)$/.exec(name)?.[1]) > 3));
  });
});

test("what a crash left between two steps is removed at the next start", { skip }, async () => {
  await withBench(async ({ root, points, list }) => {
    mkdirSync(join(root, "@snapshots", "@chunks-client-a"), { recursive: true });
    for (const number of ["9", "10"])
      await snapshotReadOnly(join(root, "@chunks", "client-a"), join(root, "@snapshots", "@chunks-client-a", number));
    await points.clean();
    await points.deleted();
    assert.deepEqual(list("@chunks-client-a"), ["10"]);
  });
});

test("commits at once share the renewals of their domain, and each finds its state in the last one", { skip }, async () => {
  await withBench(async ({ root, points, list }) => {
    const commits = Array.from({ length: 8 }, async (_, i) => {
      writeFileSync(join(root, "@chunks", "client-a", `c${i}`), "x");
      await points.commit(job(i + 1));
    });
    await Promise.all(commits);
    await points.deleted();
    const [last = ""] = list("@chunks-client-a");
    assert.ok(list("@chunks-client-a").length === 1 && Number(last) <= 8);
    assert.equal(readdirSync(join(root, "@snapshots", "@chunks-client-a", last)).length, 8);
  });
});

test("a Volume that is no subvolume (a device of another type before) is passed over", { skip }, async () => {
  await withBench(async ({ root, points }) => {
    mkdirSync(join(root, "Vol-2"));
    await points.commit(job(1, ["Vol-2", "Vol-3"]));
    assert.deepEqual(await points.volumes(), []);
  });
});
