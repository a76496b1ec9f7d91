import assert from "node:assert/strict";
import { statfsSync, utimesSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { LoopFileSystem } from "#lib/testing/loop-file-system.ts";
import { assertSameTree } from "#regress/compare.ts";
import { makeStore } from "#regress/dedup.ts";
import type { SiteOptions } from "#regress/site.ts";
import type { TestClock } from "#regress/test-clock.ts";
import { plainTree, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

/*
 * A disk of fixed size, a job a day, and nobody who looks after it: history goes as far back as there is room, jobs never fail, and what `prune dryrun` says
 * goes next goes next.
 */

/** What is lived through. */
export interface PressureWish {
  readonly days: number;
  readonly deviceType: "Btrfs" | "Dedup" | "File";
  readonly imageBytes: number;
  /** MiB that change each day, and in how many files of that size the tree lies. */
  readonly changedMib: number;
  readonly files: number;
  readonly say: (line: string) => void;
}

/** What came of it. */
export interface PressureCounts {
  days: number;
  failed: number;
  pruned: number;
  /** Lowest share of the disk that was in use at the end of a day, percent, once jobs began to go. */
  lowestUsed: number;
  /** Jobs in the catalog at the end. */
  kept: number;
  waits: number;
}

const MIB = 1 << 20;

/** Directives of a Storage that is pruned by pressure. */
export const PRESSURE_LEVELS = "Prune When Free Below = 12%\n  Prune Until Free = 16%";

/** The image of the file system that the device lies on. */
export function pressureImage(
  world: World,
  { deviceType, imageBytes }: Pick<PressureWish, "deviceType" | "imageBytes">,
): LoopFileSystem {
  return LoopFileSystem.make({ type: deviceType === "Btrfs" ? "btrfs" : "ext4", bytes: imageBytes, at: world.path("volumes") });
}

/** A site with these levels. Plain Volumes are small, so that each can go by itself. */
export function pressureSite(dir: string, deviceType: PressureWish["deviceType"], volumeMib: number): SiteOptions {
  return {
    deviceType,
    storage: PRESSURE_LEVELS,
    fileset: `Include {
    Options { Signature = MD5 }
    File = "${dir}/tree"
  }`,
    ...(deviceType === "File" ? { pool: `Maximum Volume Bytes = ${volumeMib} M\n  Recycle = yes\n  Auto Prune = no` } : {}),
  };
}

/** Lives through the days; throws at the first job that fails. The world's clock must be set, and its image mounted. */
export async function liveThrough(world: World, clock: TestClock, wish: PressureWish): Promise<PressureCounts> {
  const counts: PressureCounts = { days: 0, failed: 0, pruned: 0, lowestUsed: 100, kept: 0, waits: 0 };
  const tree = world.path("tree");
  plainTree(tree, { files: 20 });
  for (let i = 0; i < wish.files; i++) randomFile(`${tree}/big-${i}`, wish.changedMib);
  if (wish.deviceType !== "File") await makeStore(world);
  await world.start();
  let foretold: number[] = [];
  let kept = jobIds(world);
  for (let day = 1; day <= wish.days; day++) {
    clock.advance({ days: 1 });
    const changed = `${tree}/big-${day % wish.files}`;
    randomFile(changed, wish.changedMib);
    // The file has the machine's time, the jobs the scenario's.
    utimesSync(changed, clock.nowMs / 1000, clock.nowMs / 1000);
    // Where equal chunks are stored once a Full costs what an Incremental costs.
    const level = wish.deviceType !== "File" || day % 7 === 1 ? "Full" : "Incremental";
    const report = await world.run(`job=Save level=${level}`);
    assert.equal(report.termination, "Backup OK", `day ${day}: ${report.text}${world.messages().slice(-3000)}`);
    counts.days = day;
    const now = jobIds(world);
    const gone = kept.filter((jobId) => !now.includes(jobId));
    if (gone.length > 0) {
      assert.deepEqual(
        gone.toSorted(byNumber),
        foretold.slice(0, gone.length).toSorted(byNumber),
        `day ${day}: other jobs went than were foretold`,
      );
      counts.pruned += gone.length;
      counts.lowestUsed = Math.min(counts.lowestUsed, usedPercent(world));
    }
    kept = now;
    foretold = foretoldJobs(await world.console("prune pressure dryrun storage=Disks limit=40"));
    if (day % 10 === 0)
      wish.say(
        `day ${day}: ${kept.length} jobs kept, ${counts.pruned} pruned, ${usedPercent(world).toFixed(1)} % used, the oldest is JobId ${kept[0]}`,
      );
  }
  counts.kept = kept.length;
  counts.waits = world.messages().match(/waiting for space/g)?.length ?? 0;
  const where = await world.restore("client=client-fd select all done");
  await assertSameTree(tree, where + tree, { ignoreAttributes: true, wholeSeconds: true });
  return counts;
}

/** JobIds of the good backups in the catalog. */
function jobIds(world: World): number[] {
  using catalog = new DatabaseSync(world.path("work/dir/bacula.db"), { readOnly: true });
  const rows = catalog.prepare("SELECT JobId FROM Job WHERE Type = 'B' AND JobStatus IN ('T', 'W') ORDER BY JobId").all();
  return rows.map((row) => Number(row.JobId));
}

/** JobIds in the order in which `prune pressure dryrun` names them. */
export function foretoldJobs(output: string): number[] {
  return output.split("\n").flatMap((line) => {
    if (!/^ *\d+\. /.test(line)) return [];
    const listed = /JobIds ([\d,]+)/.exec(line)?.[1] ?? /JobId (\d+)/.exec(line)?.[1] ?? "";
    return listed.split(",").filter(Boolean).map(Number);
  });
}

function usedPercent(world: World): number {
  const { bavail, blocks } = statfsSync(world.path("volumes"));
  return ((blocks - bavail) / blocks) * 100;
}

function byNumber(one: number, two: number): number {
  return one - two;
}

/** Bytes of an image of so many MiB. */
export function mebibytes(count: number): number {
  return count * MIB;
}
