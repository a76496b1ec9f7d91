import assert from "node:assert/strict";
import { cpSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseReports } from "#regress/report.ts";
import { randomFile, seededBytes } from "#regress/trees.ts";
import { type PowerSite, rows } from "./power-checks.ts";
import type { Seeded } from "#regress/seeded.ts";
import type { World } from "#regress/world.ts";

const ALWAYS = ["backups", "end of a backup", "collection", "label", "recycling", "incremental"] as const;
/** What can be going on when the power goes. */
export const MOMENTS = { File: ALWAYS, Dedup: ALWAYS, Btrfs: [...ALWAYS, "replication"] } as const;
/** One of them. */
export type Moment = (typeof MOMENTS)["Btrfs"][number];

/** Jobs that are kept at once. */
const KEPT_JOBS = 3;
/** Longest wait before the power goes, milliseconds: a little more than the work takes. */
const DELAY_MS = { backups: 1500, end: 100, collection: 400, label: 300, recycling: 600, replication: 800 } as const;

const REPLICATE = "replicate storage=Disks to=Far";

/** A job that was reported OK, and a copy of what it saved. */
export interface Kept {
  readonly jobId: number;
  readonly copy: string;
}

/** What goes on at a site until its power goes, and what came of it. */
export class PowerDeeds {
  readonly kept: Kept[] = [];
  /** Jobs whose deletion the Director has acknowledged. */
  readonly deleted: number[] = [];
  /** Volumes whose label was acknowledged. */
  readonly labeled: string[] = [];
  /** Jobs that run, and the copy of what they save. */
  running: { readonly jobIds: readonly number[]; readonly level: string; readonly copy: string } | undefined;

  /** Volumes that were to be labeled when the power went. */
  #unlabeled: string[] = [];
  readonly #site: PowerSite;
  readonly #world: World;
  readonly #random: Seeded;
  readonly #hasStore: boolean;
  #isReplicating = false;
  #names = 0;

  constructor(site: PowerSite, random: Seeded, deviceType: keyof typeof MOMENTS) {
    this.#site = site;
    this.#world = site.world;
    this.#random = random;
    this.#hasStore = deviceType !== "File";
  }

  /** Begins what the power is to cut; resolves in the moment of the cut, to what is still under way. */
  async begin(moment: Moment): Promise<{ readonly over: Promise<unknown> }> {
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
      case "replication":
        return await this.#replicating();
    }
  }

  async #endOf(level: string): Promise<void> {
    const [jobId = 0] = await this.#queue(level);
    const world = this.#world;
    await world.until("the job has ended", () => parseReports(world.messages()).some((report) => report.jobId === jobId));
    await sleep(this.#random.below(2) * this.#random.below(DELAY_MS.end));
  }

  async #collecting(): Promise<{ readonly over: Promise<unknown> }> {
    await this.save();
    while (this.kept.length > 1) await this.#forget(this.kept.shift()!);
    const over = !this.#hasStore ? Promise.resolve() : this.#attempt("dedup vacuum storage=Disks");
    await sleep(this.#random.below(DELAY_MS.collection));
    return { over };
  }

  async #labeling(): Promise<{ readonly over: Promise<unknown> }> {
    const names = [1, 2, 3].map(() => `Label-${++this.#names}`);
    const over = (async () => {
      this.#unlabeled.push(...names);
      for (const name of names) {
        const said = await this.#attempt(`label storage=Disks pool=Files volume=${name}`);
        if (/3000 OK label/.test(said)) this.labeled.push(name);
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

  async #replicating(): Promise<{ readonly over: Promise<unknown> }> {
    await this.save();
    this.#isReplicating = true;
    const over = this.#attempt(REPLICATE);
    await sleep(500 + this.#random.below(DELAY_MS.replication));
    return { over };
  }

  /** A command that may be cut. */
  async #attempt(line: string): Promise<string> {
    return await this.#world.console(line).catch(() => "");
  }

  async #queue(...levels: readonly string[]): Promise<readonly number[]> {
    const copy = this.#copyTree();
    const jobIds = await this.#world.queueAll(...levels.map((level) => `run job=Save level=${level} yes`));
    this.running = { jobIds, level: levels[0] ?? "", copy };
    return jobIds;
  }

  /** What was cut is said again, and does what is left to do. */
  async sayAgain(): Promise<void> {
    await this.#labelAgain();
    if (this.#isReplicating) assert.match(await this.#world.console(REPLICATE), /is in place at/);
    this.#isReplicating = false;
  }

  async #labelAgain(): Promise<void> {
    const volumes = new Set(await rows(this.#site, "SELECT VolumeName FROM Media"));
    for (const name of this.#unlabeled.filter((each) => !volumes.has(each))) {
      const said = await this.#world.console(`label storage=Disks pool=Files volume=${name}`);
      assert.match(said, /3000 OK label/, said);
      this.labeled.push(name);
    }
    this.#unlabeled = [];
  }

  /** Changes a seeded part of the tree. */
  change(): void {
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
  async save(): Promise<void> {
    const copy = this.#copyTree();
    const { jobId } = await this.#world.backup("Full");
    this.kept.push({ jobId, copy });
  }

  async forgetOld(): Promise<void> {
    while (this.kept.length > KEPT_JOBS) await this.#forget(this.kept.shift()!);
  }

  async #forget({ jobId }: Kept): Promise<void> {
    await this.#world.console(`delete jobid=${jobId} yes`);
    this.deleted.push(jobId);
  }
}
