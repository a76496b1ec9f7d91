import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assertSameTree } from "#regress/compare.ts";
import { assertStoreClean, containersOf, dedup, dedupSite, makeStore } from "#regress/dedup.ts";
import { parseReports } from "#regress/report.ts";
import { Seeded } from "#regress/seeded.ts";
import { plainTree, randomFile, seededBytes } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";
import {
  assertCatalogWhole,
  assertLogsTaken,
  assertReadByDebian,
  assertVolumesThere,
  type PowerSite,
  rows,
} from "./power-checks.ts";
import { PowerDisk } from "./power-disk.ts";
import type { SiteOptions } from "#regress/site.ts";

/*
 * The power campaign: the machine loses power at a seeded moment of its work. What the disk had then is mounted again and the daemons are started
 * on it; what anybody was told to be done must be there, nothing may need a hand, and life goes on from that disk.
 */

/** What is going on when the power goes. */
const MOMENTS = ["backups", "end of a backup", "collection", "label", "recycling", "incremental"] as const;
export type Moment = (typeof MOMENTS)[number];

/** Jobs that are kept at once. */
const KEPT_JOBS = 3;
/** Longest wait before the power goes, milliseconds: a little more than the work takes. */
const DELAY_MS = { backups: 1500, end: 100, collection: 400, label: 300, recycling: 600 } as const;

/** What a campaign runs on. */
export interface PowerWish {
  readonly deviceType: "File" | "Dedup" | "Btrfs";
  /** File system of the disk that loses power. */
  readonly disk: "ext4" | "btrfs";
  /** Whose disk it is: of the machine on which all daemons run, or of the storage daemon's machine, while the others go on. */
  readonly machine: "site" | "storage";
  readonly seed: string;
  /** What goes on at the first points; each moment once if not given. Seeded ones follow. */
  readonly moments?: readonly Moment[];
  readonly say: (line: string) => void;
}

/** What a campaign did. */
export interface PowerCounts {
  points: number;
  /** Jobs that were running when the power went, and ended otherwise than OK. */
  lost: number;
  /** Jobs that were reported OK and restored after a loss of power. */
  restores: number;
}

interface Kept {
  readonly jobId: number;
  readonly copy: string;
}

/** A site with small Volumes, of which there are always some that are full. */
export function powerSite(dir: string, deviceType: PowerWish["deviceType"]): SiteOptions {
  const pool = "Maximum Volume Bytes = 12 M\n  Recycle = yes\n  AutoPrune = no";
  return deviceType === "File" ? { pool } : dedupSite(dir, { deviceType, pool });
}

export class PowerCampaign {
  readonly counts: PowerCounts = { points: 0, lost: 0, restores: 0 };
  readonly #world: World;
  readonly #disk: PowerDisk;
  readonly #wish: PowerWish;
  readonly #site: PowerSite;
  readonly #random: Seeded;
  readonly #kept: Kept[] = [];
  /** Jobs whose deletion the Director has acknowledged. */
  readonly #deleted: number[] = [];
  /** Volumes whose label was acknowledged. */
  readonly #labeled: string[] = [];
  /** Names of jobs that the Director had finished before a cut. */
  readonly #finished = new Set<string>();
  #names = 0;

  constructor(world: World, disk: PowerDisk, wish: PowerWish) {
    this.#world = world;
    this.#disk = disk;
    this.#wish = wish;
    this.#random = new Seeded(wish.seed);
    const work = (role: string, isOnDisk: boolean): string => (isOnDisk ? `${disk.at}/${role}` : world.path("work", role));
    const isWhole = wish.machine === "site";
    const volumes = `${disk.at}/volumes`;
    const works = { dir: work("dir", isWhole), fd: work("fd", isWhole), sd: work("sd", true) };
    for (const path of [volumes, ...Object.values(works)]) mkdirSync(path, { recursive: true });
    for (const [role, path] of Object.entries(works)) move(world, `bacula-${role}.conf`, world.path("work", role), path);
    move(world, "bacula-sd.conf", world.path("volumes"), volumes);
    this.#site = { world, catalog: `${works.dir}/bacula.db`, volumes, works: [works.fd, works.sd] };
  }

  /** Runs so many points; throws at the first that does not hold, and names it. */
  async run(points: number): Promise<PowerCounts> {
    const world = this.#world;
    plainTree(world.path("tree"), { files: 60 });
    for (let i = 0; i < 3; i++) randomFile(world.path("tree", `big-${i}`), 3);
    mkdirSync(world.path("copies"));
    if (this.#wish.deviceType !== "File") await makeStore(world);
    await world.start();
    await this.#save();
    for (let point = 1; point <= points; point++) {
      const moment = (this.#wish.moments ?? MOMENTS)[point - 1] ?? this.#random.pick(MOMENTS);
      try {
        await this.#point(moment);
      } catch (error) {
        throw new Error(`point ${point} (${moment}): ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
      this.counts.points++;
      this.#wish.say(`${point}/${points} ${moment}: holds`);
    }
    if (this.#wish.deviceType !== "File") await this.#everythingGoes();
    return this.counts;
  }

  async #point(moment: Moment): Promise<void> {
    this.#change();
    const under = await this.#begin(moment);
    await this.#losePower();
    await under.over;
    await this.#judge();
    await this.#forgetOld();
  }

  /** Begins what the power is to cut; resolves in the moment of the cut, to what is still under way. */
  async #begin(moment: Moment): Promise<{ readonly over: Promise<unknown> }> {
    switch (moment) {
      case "backups":
        await this.#queue("Full", "Full");
        await sleep(this.#random.below(DELAY_MS.backups));
        return { over: Promise.resolve() };
      case "end of a backup":
        await this.#endOf("Full");
        return { over: Promise.resolve() };
      case "incremental":
        await this.#endOf("Incremental");
        return { over: Promise.resolve() };
      case "collection":
        return await this.#collecting();
      case "label":
        return await this.#labeling();
      case "recycling":
        return await this.#recycling();
    }
  }

  async #endOf(level: string): Promise<void> {
    const [jobId = 0] = await this.#queue(level);
    const world = this.#world;
    await world.until("the job has ended", () => parseReports(world.messages()).some((report) => report.jobId === jobId));
    await sleep(this.#random.below(2) * this.#random.below(DELAY_MS.end));
  }

  async #collecting(): Promise<{ readonly over: Promise<unknown> }> {
    await this.#save();
    while (this.#kept.length > 1) await this.#forget(this.#kept.shift()!);
    const over = this.#wish.deviceType === "File" ? Promise.resolve() : this.#attempt("dedup vacuum storage=Disks");
    await sleep(this.#random.below(DELAY_MS.collection));
    return { over };
  }

  async #labeling(): Promise<{ readonly over: Promise<unknown> }> {
    const names = [1, 2, 3].map(() => `Label-${++this.#names}`);
    const over = (async () => {
      for (const name of names) {
        const said = await this.#attempt(`label storage=Disks pool=Files volume=${name}`);
        if (/3000 OK label/.test(said)) this.#labeled.push(name);
      }
    })();
    await sleep(this.#random.below(2) * 500 + this.#random.below(DELAY_MS.label));
    return { over };
  }

  /** Volumes of deleted jobs are purged, truncated and written again, while a job runs. */
  async #recycling(): Promise<{ readonly over: Promise<unknown> }> {
    const unused = await rows(
      this.#site,
      "SELECT VolumeName FROM Media WHERE VolStatus IN ('Full','Used') AND MediaId NOT IN (SELECT MediaId FROM JobMedia JOIN Job USING (JobId))",
    );
    const lines = unused.flatMap((name) => [`purge volume=${name} yes`, `truncate volume=${name} storage=Disks`]);
    await this.#queue("Full");
    const over = lines.length === 0 ? Promise.resolve() : this.#world.console(...lines).catch(() => "");
    await sleep(this.#random.below(DELAY_MS.recycling));
    return { over };
  }

  /** A command that may be cut. */
  async #attempt(line: string): Promise<string> {
    return await this.#world.console(line).catch(() => "");
  }

  /** Jobs that run, and the copy of what they save. */
  #running: { readonly jobIds: readonly number[]; readonly level: string; readonly copy: string } | undefined;

  async #queue(...levels: readonly string[]): Promise<readonly number[]> {
    const copy = this.#copyTree();
    const jobIds = await this.#world.queueAll(...levels.map((level) => `run job=Save level=${level} yes`));
    this.#running = { jobIds, level: levels[0] ?? "", copy };
    return jobIds;
  }

  /** Cuts the power: what was reported before it counts. */
  async #losePower(): Promise<void> {
    const world = this.#world;
    const sd = world.daemons.get("sd")!.pid;
    if (this.#wish.machine === "storage") process.kill(sd, "SIGSTOP"); // what it says from here on nobody hears
    const told = this.#keepOfRunning();
    const deleted = [...this.#deleted];
    const labeled = [...this.#labeled];
    this.#disk.copy();
    const roles = this.#wish.machine === "site" ? (["dir", "fd", "sd"] as const) : (["sd"] as const);
    await Promise.all(roles.map(async (role) => await world.kill(role)));
    this.#disk.restart();
    await this.#noteFinished();
    if (this.#wish.machine === "site") {
      // Reports of jobs that ended after the copy was taken are of a time that never was.
      renameSync(world.path("messages.log"), world.path(`messages-${this.counts.points}.log`));
      this.#deleted.splice(0, Infinity, ...deleted);
      this.#labeled.splice(0, Infinity, ...labeled);
      this.#kept.push(...told);
    }
    await world.start();
  }

  /** Jobs that were finished before the cut, told or not. */
  async #noteFinished(): Promise<void> {
    const ended = await rows(this.#site, "SELECT Job FROM Job WHERE JobStatus IN ('T','W','E','f','A','I','e')");
    const told = parseReports(this.#world.messages()).map((report) => report.fields.get("Job") ?? "");
    for (const job of [...ended, ...told]) this.#finished.add(job);
  }

  /** What of the running jobs was reported as OK by now. */
  #keepOfRunning(): Kept[] {
    const running = this.#running;
    if (running === undefined || running.level !== "Full") return [];
    const ok = this.#reportedOk();
    return running.jobIds.filter((jobId) => ok.has(jobId)).map((jobId) => ({ jobId, copy: running.copy }));
  }

  #reportedOk(): Set<number> {
    const reports = parseReports(this.#world.messages());
    return new Set(reports.filter(({ termination }) => termination === "Backup OK").map(({ jobId }) => jobId));
  }

  /** All that was promised holds, without a hand. */
  async #judge(): Promise<void> {
    const site = this.#site;
    const world = this.#world;
    await world.until("no job is running any more", async () => {
      const running = await rows(site, "SELECT JobId FROM Job WHERE JobStatus NOT IN ('T','W','E','f','A','I','e')");
      return running.length === 0;
    });
    if (this.#wish.machine === "storage") this.#kept.push(...this.#keepOfRunning());
    this.#countLost();
    await assertCatalogWhole(site);
    await assertVolumesThere(site);
    await this.#assertAcknowledged();
    if (this.#wish.deviceType !== "File") await assertStoreClean(world);
    for (const kept of this.#kept) await this.#restore(kept);
    await this.#save();
    await this.#restore(this.#kept.at(-1)!);
    if (this.#wish.deviceType === "File") await assertReadByDebian(site);
    await assertCatalogWhole(site);
    await assertLogsTaken(site, this.#finished);
  }

  #countLost(): void {
    const ok = this.#reportedOk();
    const kept = new Set(this.#kept.map(({ jobId }) => jobId));
    for (const jobId of this.#running?.jobIds ?? []) if (!ok.has(jobId) && !kept.has(jobId)) this.counts.lost++;
    this.#running = undefined;
  }

  /** Labels and deletions that were acknowledged hold. */
  async #assertAcknowledged(): Promise<void> {
    const volumes = new Set(await rows(this.#site, "SELECT VolumeName FROM Media"));
    const lost = this.#labeled.filter((name) => !volumes.has(name) || !existsSync(`${this.#site.volumes}/${name}`));
    assert.deepEqual(lost, [], "Volumes whose label was acknowledged are gone");
    const jobs = new Set(await rows(this.#site, "SELECT JobId FROM Job"));
    assert.deepEqual(
      this.#deleted.filter((jobId) => jobs.has(String(jobId))),
      [],
      "jobs that were deleted are back",
    );
  }

  /** Changes a seeded part of the tree. */
  #change(): void {
    const tree = this.#world.path("tree");
    const number = this.#random.below(1_000_000_000);
    writeFileSync(`${tree}/folder-${number % 5}/file-${number % 60}.txt`, `changed by ${number}`);
    randomFile(`${tree}/big-${number % 3}`, 2 + (number % 3));
    writeFileSync(`${tree}/seeded-${number % 10}`, seededBytes(String(number), number % 1_000_000));
  }

  #copyTree(): string {
    const copy = this.#world.path("copies", String(++this.#names));
    cpSync(this.#world.path("tree"), copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    return copy;
  }

  /** A Full that nothing disturbs. */
  async #save(): Promise<void> {
    const copy = this.#copyTree();
    const { jobId } = await this.#world.backup("Full");
    this.#kept.push({ jobId, copy });
  }

  async #restore({ jobId, copy }: Kept): Promise<void> {
    const world = this.#world;
    const where = await world.restore(`jobid=${jobId} all done`);
    await assertSameTree(copy, where + world.path("tree"), { ignoreAttributes: true, wholeSeconds: true });
    rmSync(where, { recursive: true });
    this.counts.restores++;
  }

  async #forgetOld(): Promise<void> {
    while (this.#kept.length > KEPT_JOBS) await this.#forget(this.#kept.shift()!);
  }

  async #forget({ jobId }: Kept): Promise<void> {
    await this.#world.console(`delete jobid=${jobId} yes`);
    this.#deleted.push(jobId);
  }

  /** When all jobs are deleted, nothing is left in the store of what was lost on the way. */
  async #everythingGoes(): Promise<void> {
    const world = this.#world;
    for (const jobId of await rows(this.#site, "SELECT JobId FROM Job WHERE Type = 'B'"))
      await world.console(`delete jobid=${jobId} yes`);
    await world.until("nothing of lost and deleted jobs is left", async () => {
      await dedup(world, "vacuum");
      return containersOf(this.#site.volumes).bytes < 1 << 20;
    });
  }
}

/** Has a daemon use another place than the one its configuration names. */
function move(world: World, file: string, from: string, to: string): void {
  const path = world.path(file);
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(`"${from}"`, `"${to}"`));
}

/** Makes disk and site, runs so many points, and clears all away. */
export async function runPowerCampaign(world: World, points: number, wish: PowerWish): Promise<PowerCounts> {
  await using disk = PowerDisk.make({ type: wish.disk, bytes: 1 << 30, at: world.path("disk") });
  try {
    return await new PowerCampaign(world, disk, wish).run(points);
  } finally {
    await world.stop();
  }
}
