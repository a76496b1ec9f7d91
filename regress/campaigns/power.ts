import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { assertSameTree } from "#regress/compare.ts";
import { assertStoreClean, containersOf, dedup, dedupSite, makeStore } from "#regress/dedup.ts";
import { parseReports } from "#regress/report.ts";
import { Seeded } from "#regress/seeded.ts";
import { plainTree, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";
import {
  assertCatalogWhole,
  assertLogsTaken,
  assertReadByDebian,
  assertVolumesThere,
  type PowerSite,
  rows,
} from "./power-checks.ts";
import { type Kept, type Moment, MOMENTS, PowerDeeds } from "./power-deeds.ts";
import { PowerDisk } from "./power-disk.ts";
import { goThrough } from "./points.ts";
import { PASSWORDS, type Ports, type SiteOptions } from "#regress/site.ts";

/*
 * The power campaign: the machine loses power at a seeded moment of its work. What the disk had then is mounted again and the daemons are started
 * on it; what anybody was told to be done must be there, nothing may need a hand, and life goes on from that disk.
 */

/** What a campaign runs on. */
export interface PowerWish {
  readonly deviceType: keyof typeof MOMENTS;
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

/** A site with small Volumes, of which there are always some that are full; one on btrfs has a device for replicas beside it. */
export function powerSite(dir: string, ports: Ports, deviceType: PowerWish["deviceType"]): SiteOptions {
  const pool = "Maximum Volume Bytes = 12 M\n  Recycle = yes\n  AutoPrune = no";
  if (deviceType === "File") return { pool };
  if (deviceType === "Dedup") return dedupSite(dir, { deviceType, pool });
  const far = `Media Type = Replica; Device Type = Btrfs; Archive Device = "${dir}/disk/far"; Removable Media = no`;
  return dedupSite(dir, {
    deviceType,
    pool,
    device: `}\nDevice {\n  Name = Far; ${far}`,
    resources: `Storage { Name = Far; Address = 127.0.0.1; SD Port = ${ports.storage}; Password = "${PASSWORDS.storage}"; Device = Far; Media Type = Replica }`,
  });
}

export class PowerCampaign {
  readonly counts: PowerCounts = { points: 0, lost: 0, restores: 0 };
  readonly #world: World;
  readonly #disk: PowerDisk;
  readonly #wish: PowerWish;
  readonly #site: PowerSite;
  readonly #random: Seeded;
  /** Names of jobs that the Director had finished before a cut. */
  readonly #finished = new Set<string>();
  readonly #deeds: PowerDeeds;

  constructor(world: World, disk: PowerDisk, wish: PowerWish) {
    this.#world = world;
    this.#disk = disk;
    this.#wish = wish;
    this.#random = new Seeded(wish.seed);
    const work = (role: string, isOnDisk: boolean): string => (isOnDisk ? `${disk.at}/${role}` : world.path("work", role));
    const isWhole = wish.machine === "site";
    const volumes = `${disk.at}/volumes`;
    const works = { dir: work("dir", isWhole), fd: work("fd", isWhole), sd: work("sd", true) };
    for (const path of [volumes, `${disk.at}/far`, ...Object.values(works)]) mkdirSync(path, { recursive: true });
    for (const [role, path] of Object.entries(works)) move(world, `bacula-${role}.conf`, world.path("work", role), path);
    move(world, "bacula-sd.conf", world.path("volumes"), volumes);
    this.#site = { world, catalog: `${works.dir}/bacula.db`, volumes, works: [works.fd, works.sd] };
    this.#deeds = new PowerDeeds(this.#site, this.#random, wish.deviceType);
  }

  /** Runs so many points; throws at the first that does not hold, and names it. */
  async run(points: number): Promise<PowerCounts> {
    const world = this.#world;
    plainTree(world.path("tree"), { files: 60 });
    for (let i = 0; i < 3; i++) randomFile(world.path("tree", `big-${i}`), 3);
    mkdirSync(world.path("copies"));
    if (this.#wish.deviceType !== "File") await makeStore(world);
    await world.start();
    await this.#deeds.save();
    const moments = MOMENTS[this.#wish.deviceType];
    const momentOf = (point: number): Moment => (this.#wish.moments ?? moments)[point - 1] ?? this.#random.pick(moments);
    const hold = async (moment: Moment): Promise<void> => {
      await this.#point(moment);
      this.counts.points++;
    };
    await goThrough(points, momentOf, hold, this.#wish.say);
    if (this.#wish.deviceType !== "File") await this.#everythingGoes();
    return this.counts;
  }

  async #point(moment: Moment): Promise<void> {
    this.#deeds.change();
    const under = await this.#deeds.begin(moment);
    await this.#losePower();
    await under.over;
    await this.#judge();
    await this.#deeds.forgetOld();
  }

  /** Cuts the power: what was reported before it counts. */
  async #losePower(): Promise<void> {
    const world = this.#world;
    const sd = world.daemons.get("sd")!.pid;
    if (this.#wish.machine === "storage") process.kill(sd, "SIGSTOP"); // what it says from here on nobody hears
    const told = this.#keepOfRunning();
    const deleted = [...this.#deeds.deleted];
    const labeled = [...this.#deeds.labeled];
    this.#disk.copy();
    const roles = this.#wish.machine === "site" ? (["dir", "fd", "sd"] as const) : (["sd"] as const);
    await Promise.all(roles.map(async (role) => await world.kill(role)));
    this.#disk.restart();
    await this.#noteFinished();
    if (this.#wish.machine === "site") {
      // Reports of jobs that ended after the copy was taken are of a time that never was.
      renameSync(world.path("messages.log"), world.path(`messages-${this.counts.points}.log`));
      this.#deeds.deleted.splice(0, Infinity, ...deleted);
      this.#deeds.labeled.splice(0, Infinity, ...labeled);
      this.#deeds.kept.push(...told);
    }
    await world.start();
  }

  /** Jobs that were finished before the cut, told or not. */
  async #noteFinished(): Promise<void> {
    const ended = await rows(this.#site, "SELECT Job FROM Job WHERE JobStatus IN ('T','W','E','f','A','I','e')");
    const told = parseReports(this.#world.messages()).map((report) => report.fields.get("Job") ?? "");
    for (const job of [...ended, ...told]) this.#finished.add(job);
  }

  /** Jobs that the Director was just starting: it tells their halves to stop, and does not wait to hear of them. */
  #noteUnstarted(): void {
    const messages = this.#world.messages();
    for (const { jobId, fields } of parseReports(messages))
      if (new RegExp(`JobId ${jobId}: Fatal error: The Director was stopped while it was starting`).test(messages))
        this.#finished.add(fields.get("Job") ?? "");
  }

  /** What of the running jobs was reported as OK by now. */
  #keepOfRunning(): Kept[] {
    const running = this.#deeds.running;
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
    if (this.#wish.machine === "storage") this.#deeds.kept.push(...this.#keepOfRunning());
    this.#countLost();
    await assertCatalogWhole(site);
    await assertVolumesThere(site);
    await this.#assertAcknowledged();
    await this.#deeds.sayAgain();
    if (this.#wish.deviceType !== "File") await assertStoreClean(world);
    for (const kept of this.#deeds.kept) await this.#restore(kept);
    await this.#deeds.save();
    await this.#restore(this.#deeds.kept.at(-1)!);
    if (this.#wish.deviceType === "File") await assertReadByDebian(site);
    await assertCatalogWhole(site);
    await assertVolumesThere(site);
    this.#noteUnstarted();
    await assertLogsTaken(site, this.#finished);
  }

  #countLost(): void {
    const ok = this.#reportedOk();
    const kept = new Set(this.#deeds.kept.map(({ jobId }) => jobId));
    for (const jobId of this.#deeds.running?.jobIds ?? []) if (!ok.has(jobId) && !kept.has(jobId)) this.counts.lost++;
    this.#deeds.running = undefined;
  }

  /** Labels and deletions that were acknowledged hold. */
  async #assertAcknowledged(): Promise<void> {
    const volumes = new Set(await rows(this.#site, "SELECT VolumeName FROM Media"));
    const lost = this.#deeds.labeled.filter((name) => !volumes.has(name) || !existsSync(`${this.#site.volumes}/${name}`));
    assert.deepEqual(lost, [], "Volumes whose label was acknowledged are gone");
    const jobs = new Set(await rows(this.#site, "SELECT JobId FROM Job"));
    assert.deepEqual(
      this.#deeds.deleted.filter((jobId) => jobs.has(String(jobId))),
      [],
      "jobs that were deleted are back",
    );
  }

  async #restore({ jobId, copy }: Kept): Promise<void> {
    const world = this.#world;
    const where = await world.restore(`jobid=${jobId} all done`);
    await assertSameTree(copy, where + world.path("tree"), { ignoreAttributes: true, wholeSeconds: true });
    rmSync(where, { recursive: true });
    this.counts.restores++;
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
