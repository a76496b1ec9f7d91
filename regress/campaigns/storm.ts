import assert from "node:assert/strict";
import { appendFileSync, closeSync, fsyncSync, openSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assertStoreClean, dedup, dedupSite, makeStore } from "#regress/dedup.ts";
import { mustRun } from "#regress/process.ts";
import { plainTree, randomFile, seededBytes } from "#regress/trees.ts";
import type { SiteOptions } from "#regress/site.ts";
import type { World } from "#regress/world.ts";

/*
 * Many jobs at once on one btrfs, their snapshots deleted as others end, for as long as is wanted: what does everybody else on that file system
 * notice of it? [SD-05]
 */

/** Jobs that run at the same time. */
const JOBS = 30;
/** Rounds of jobs that are kept. */
const KEPT_ROUNDS = 2;
/** How long somebody else may wait for a new file of his; milliseconds. */
const TOUCH_MS_MAX = 5000;

/** What was seen; milliseconds. */
export interface StormCounts {
  rounds: number;
  jobs: number;
  failed: number;
  snapshotsMost: number;
  readonly touch: Latencies;
  readonly sync: Latencies;
  readonly status: Latencies;
}

/** A site that takes so many jobs at once. */
export function stormSite(dir: string): SiteOptions {
  return dedupSite(dir, { deviceType: "Btrfs", pool: "Maximum Volume Bytes = 60 M\n  Volume Use Duration = 2 minutes" });
}

/** Runs rounds of jobs for so many minutes. Fails if anything took too long, or is not clean in the end. */
export async function liveThroughStorm(world: World, minutes: number, say: (line: string) => void): Promise<StormCounts> {
  for (const file of ["bacula-dir.conf", "bacula-fd.conf", "bacula-sd.conf"])
    world.edit(file, /Maximum Concurrent Jobs = \d+/g, `Maximum Concurrent Jobs = ${JOBS + 10}`);
  const tree = world.path("tree");
  plainTree(tree, { files: 50 });
  randomFile(`${tree}/big`, 4);
  await makeStore(world);
  await world.start();
  const counts: StormCounts = {
    rounds: 0,
    jobs: 0,
    failed: 0,
    snapshotsMost: 0,
    touch: new Latencies(),
    sync: new Latencies(),
    status: new Latencies(),
  };
  const stop = new AbortController();
  const watching = Promise.all([watch(world, counts, stop.signal), ask(world, counts, stop.signal)]);
  try {
    const endMs = Date.now() + minutes * 60_000;
    const rounds: (readonly number[])[] = [];
    while (Date.now() < endMs) {
      writeFileSync(`${tree}/changed`, seededBytes(String(counts.rounds), 1_500_000));
      rounds.push(await round(world, counts));
      const gone = rounds.length > KEPT_ROUNDS ? rounds.shift()! : [];
      await world.console(...gone.map((jobId) => `delete jobid=${jobId} yes`), "prune volume allpools yes");
      const { stdout } = await mustRun("btrfs", ["subvolume", "list", "-s", world.path("volumes")]);
      counts.snapshotsMost = Math.max(counts.snapshotsMost, stdout.split("\n").length - 1);
      say(JSON.stringify(counts));
    }
  } finally {
    stop.abort();
    await watching;
  }
  await dedup(world, "vacuum");
  await assertStoreClean(world);
  assert.equal(counts.failed, 0);
  assert.ok(counts.touch.most < TOUCH_MS_MAX, `a new file took ${counts.touch.most} ms`);
  return counts;
}

async function round(world: World, counts: StormCounts): Promise<readonly number[]> {
  const lines = Array.from({ length: JOBS }, (_, at) => `run job=Save level=${at % 3 === 0 ? "Full" : "Incremental"} yes`);
  const jobIds = await world.queueAll(...lines);
  const reports = await world.reports(jobIds);
  counts.rounds += 1;
  counts.jobs += reports.length;
  counts.failed += reports.filter(({ termination }) => !termination.startsWith("Backup OK")).length;
  return jobIds;
}

/** Somebody else on this file system, who makes a file and wants it to be durable. */
async function watch(world: World, counts: StormCounts, signal: AbortSignal): Promise<void> {
  const path = world.path("volumes", "probe");
  while (!signal.aborted) {
    // In a process of its own: this one must not stand still with it.
    const touch = Date.now();
    await mustRun("touch", [path]);
    counts.touch.add(Date.now() - touch);
    const sync = Date.now();
    appendFileSync(path, "x");
    const file = openSync(path, "r+");
    fsyncSync(file);
    closeSync(file);
    counts.sync.add(Date.now() - sync);
    rmSync(path);
    await sleep(500);
  }
}

/** An operator who wants to know how it goes. */
async function ask(world: World, counts: StormCounts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const start = Date.now();
    const status = await world.console("status storage=Disks");
    assert.match(status, /Device/);
    counts.status.add(Date.now() - start);
    await sleep(3000);
  }
}

/** Times that something took; milliseconds. */
class Latencies {
  readonly #all: number[] = [];

  add(ms: number): void {
    this.#all.push(ms);
  }

  get most(): number {
    return Math.max(0, ...this.#all);
  }

  toJSON(): object {
    const sorted = this.#all.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { times: sorted.length, median: at(0.5), p99: at(0.99), most: this.most };
  }
}
