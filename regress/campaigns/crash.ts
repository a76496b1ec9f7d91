import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assertSameTree } from "#regress/compare.ts";
import { assertStoreClean, containersOf, dedup, makeStore } from "#regress/dedup.ts";
import { parseReports } from "#regress/report.ts";
import { Seeded } from "#regress/seeded.ts";
import { plainTree, randomFile, seededBytes } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";
import { goThrough } from "./points.ts";

/*
 * The crash campaign of the deduplicating store: a daemon is killed (kill -9) at a seeded moment of a backup, of its commit and snapshot, or of a
 * collection. After each restart the store is clean, every job that was reported OK restores what it saved, and in the end nothing
 * is left of what was lost or deleted.
 */

/** What is killed, and while what is going on. */
const moments = ["sd in a backup", "fd in a backup", "sd at a commit", "sd in a collection"] as const;
type Moment = (typeof moments)[number];

/** Jobs that are kept at once; older ones are deleted, which makes work for collections. */
const KEPT_JOBS = 3;
/** Longest wait before the kill, milliseconds: a little more than the work takes. */
const DELAY_MS = { backup: 1200, commit: 120, collection: 250 } as const;

/** A job that ended OK, and a copy of the tree that it saved. */
interface Kept {
  readonly jobId: number;
  readonly copy: string;
}

/** What a campaign did. */
export interface CrashCounts {
  points: number;
  /** Jobs that were killed and not OK; jobs that ended OK although something was killed. */
  lost: number;
  survived: number;
  restores: number;
}

export class CrashCampaign {
  readonly counts: CrashCounts = { points: 0, lost: 0, survived: 0, restores: 0 };
  readonly #world: World;
  readonly #random: Seeded;
  readonly #kept: Kept[] = [];
  readonly #incrementals: number[] = [];
  readonly #say: (line: string) => void;

  constructor(world: World, seed: string, say: (line: string) => void) {
    this.#world = world;
    this.#random = new Seeded(seed);
    this.#say = say;
  }

  /** Runs so many points; throws at the first that does not hold, and names it. */
  async run(points: number): Promise<CrashCounts> {
    const world = this.#world;
    plainTree(world.path("tree"), { files: 300 });
    for (let i = 0; i < 6; i++) randomFile(world.path("tree", `big-${i}`), 8);
    mkdirSync(world.path("copies"));
    await makeStore(world);
    await world.start();
    await this.#save();
    const hold = async (moment: Moment): Promise<void> => {
      await this.#point(moment);
      this.counts.points++;
    };
    await goThrough(points, () => this.#random.pick(moments), hold, this.#say);
    await this.#everythingGoes();
    return this.counts;
  }

  async #point(moment: Moment): Promise<void> {
    this.#change();
    if (moment === "sd in a collection") await this.#killInCollection();
    else await this.#killInBackup(moment);
    await assertStoreClean(this.#world);
    await this.#restoreOne();
    await this.#forgetOld();
  }

  /** Changes a seeded part of the tree. */
  #change(): void {
    const tree = this.#world.path("tree");
    const number = this.#random.below(1_000_000_000);
    writeFileSync(`${tree}/folder-${number % 5}/file-${number % 300}.txt`, `changed by ${number}`);
    randomFile(`${tree}/big-${number % 6}`, 4 + (number % 9));
    writeFileSync(`${tree}/seeded-${number % 40}`, seededBytes(String(number), number % 3_000_000));
  }

  async #killInBackup(moment: Moment): Promise<void> {
    const world = this.#world;
    const copy = world.path("copies", String(this.#random.below(1e12)));
    cpSync(world.path("tree"), copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    const stored = containersOf(world.path("volumes")).bytes;
    const jobId = await world.queue(`run job=Save level=${this.#random.pick(["Full", "Full", "Incremental"])} yes`);
    if (moment === "sd at a commit") {
      await world.until(
        "the job's references are being kept, or it has ended",
        () => this.#isCommitting() || this.#hasEnded(jobId),
      );
      await sleep(this.#random.below(DELAY_MS.commit));
    } else if (this.counts.lost === 0) {
      // However fast the machine is, one job is met in its middle.
      await world.until(
        "chunks arrive, or it has ended",
        () => containersOf(world.path("volumes")).bytes > stored || this.#hasEnded(jobId),
      );
    } else await sleep(this.#random.below(DELAY_MS.backup));
    const role = moment === "fd in a backup" ? "fd" : "sd";
    await world.kill(role);
    await world.start(role);
    const report = await world.report(jobId);
    if (report.termination === "Backup OK") {
      this.counts.survived++;
      // An Incremental holds only its changes: there is nothing to compare it with.
      if (report.fields.get("Backup Level")?.startsWith("Full") === true) this.#kept.push({ jobId, copy });
      else this.#incrementals.push(jobId);
      return;
    }
    this.counts.lost++;
    rmSync(copy, { recursive: true });
    await this.#save();
  }

  /** The file of references is being written under its final name only at the commit. */
  #isCommitting(): boolean {
    const chunks = this.#world.path("volumes", "@chunks");
    return readdirSync(chunks, { recursive: true, encoding: "utf8" }).some((name) => name.endsWith(".new"));
  }

  #hasEnded(jobId: number): boolean {
    return parseReports(this.#world.messages()).some((report) => report.jobId === jobId);
  }

  async #killInCollection(): Promise<void> {
    const world = this.#world;
    await this.#save();
    if (this.#kept.length > 1) await world.console(`delete jobid=${this.#kept.shift()!.jobId} yes`);
    const vacuum = dedup(world, "vacuum").catch(() => "");
    await sleep(this.#random.below(DELAY_MS.collection));
    await world.kill("sd");
    await world.start("sd");
    await vacuum;
  }

  /** A Full that nothing disturbs. */
  async #save(): Promise<void> {
    const world = this.#world;
    const copy = world.path("copies", String(this.#random.below(1e12)));
    cpSync(world.path("tree"), copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    const report = await world.backup("Full");
    this.#kept.push({ jobId: report.jobId, copy });
  }

  /** Restores one of the kept jobs, a seeded one, and compares it with what was saved. */
  async #restoreOne(kept: Kept = this.#random.pick(this.#kept)): Promise<void> {
    const world = this.#world;
    const where = await world.restore(`jobid=${kept.jobId} all done`);
    await assertSameTree(kept.copy, where + world.path("tree"), { ignoreAttributes: true, wholeSeconds: true });
    rmSync(where, { recursive: true });
    this.counts.restores++;
  }

  async #forgetOld(): Promise<void> {
    while (this.#kept.length > KEPT_JOBS) {
      const { jobId, copy } = this.#kept.shift()!;
      await this.#world.console(`delete jobid=${jobId} yes`);
      rmSync(copy, { recursive: true });
    }
  }

  /** Every kept job restores; when all are deleted, nothing is left in the store. */
  async #everythingGoes(): Promise<void> {
    const world = this.#world;
    for (const kept of this.#kept) await this.#restoreOne(kept);
    for (const jobId of [...this.#kept.map((kept) => kept.jobId), ...this.#incrementals])
      await world.console(`delete jobid=${jobId} yes`);
    await dedup(world, "vacuum");
    await world.until("nothing of lost and deleted jobs is left", async () => {
      await dedup(world, "vacuum");
      return containersOf(world.path("volumes")).bytes < 1 << 20;
    });
    assert.ok(this.counts.points > 0);
  }
}
