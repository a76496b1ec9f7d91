import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { SiteOptions } from "#regress/site.ts";
import { parseReports } from "#regress/report.ts";
import type { World } from "#regress/world.ts";

/** Days between two Fulls. */
const CYCLE_DAYS = 7;
/** Days that Volumes are kept. */
const RETENTION_DAYS = 10;
/** Enough for two chains that are kept and the one that is being written. */
const VOLUMES_MAX = 20;
/** Days driven by one console. */
const DAYS_PER_SESSION = 10;

/** A site whose pool has just enough Volumes for its retention: it lives only if what is over is pruned and recycled, and nothing else. */
export const RETENTION_SITE: SiteOptions = {
  client: "File Retention = 8 days\n  Job Retention = 1 year",
  pool: `Maximum Volume Jobs = 1\n  Maximum Volumes = ${VOLUMES_MAX}\n  Volume Retention = ${RETENTION_DAYS} days`,
};

/** What a simulation came to. */
export interface DaysCounts {
  readonly days: number;
  readonly failed: number;
  readonly volumes: number;
  readonly recycled: number;
  readonly jobsKept: number;
  readonly chainsRestored: number;
  readonly workFiles: number;
}

interface KeptJob {
  readonly jobId: number;
  readonly level: string;
  readonly day: number;
}

/**
 * Lives through days on a clock of its own: a Full each week, an Incremental on the other days, one Volume a day, retention and recycling
 * without an operator. Then restores every chain that the catalog still has, to its last day.
 */
export class RetentionDays {
  readonly #world: World;
  readonly #say: (line: string) => void;

  constructor(world: World, say: (line: string) => void) {
    this.#world = world;
    this.#say = say;
  }

  async run(days: number): Promise<DaysCounts> {
    const world = this.#world;
    const morning = world.path("morning.sh");
    // One day later: a file more, and one that has changed; the catalog's times are whole seconds, so a job never begins in the second of a change.
    writeFileSync(
      morning,
      `set -e\nday=$1\nold=$(cat "${world.path("clock")}")\necho "+$((old + 86400))" > "${world.path("clock")}.new"\nmv "${world.path("clock")}.new" "${world.path("clock")}"\n` +
        `now=$(( $(date +%s) + old + 86400 ))\necho "$day" > "${world.path("tree")}/state"\necho "file of day $day" > "${world.path("tree")}/day-$day"\n` +
        `touch -d "@$((now - 3600))" "${world.path("tree")}/state" "${world.path("tree")}/day-$day"\n`,
    );
    await world.start();
    for (let from = 1; from <= days; from += DAYS_PER_SESSION) {
      const lines: string[] = [];
      for (let day = from; day < Math.min(from + DAYS_PER_SESSION, days + 1); day++) {
        const level = (day - 1) % CYCLE_DAYS === 0 ? "Full" : "Incremental";
        lines.push(`@exec "sh ${morning} ${day}"`, `run job=Save level=${level} comment=day-${day} yes`, "wait");
      }
      await world.console(...lines);
      this.#say(`day ${Math.min(from + DAYS_PER_SESSION - 1, days)}`);
    }
    return await this.#judge(days);
  }

  async #judge(days: number): Promise<DaysCounts> {
    const world = this.#world;
    const reports = parseReports(world.messages());
    const failed = reports.filter((report) => report.termination !== "Backup OK");
    assert.equal(failed.length, 0, `${failed[0]?.text ?? ""}\n${world.messages().slice(-3000)}`);
    assert.equal(reports.length, days, `jobs ended: ${reports.length}\n${world.messages().slice(-3000)}`);
    const volumes = world.volumes().length;
    assert.ok(volumes <= VOLUMES_MAX, `${volumes} Volumes`);
    const kept = await this.#keptJobs();
    assert.ok(kept.length >= RETENTION_DAYS, `only ${kept.length} jobs are kept`);
    const chains = await this.#restoreChains(kept);
    const workFiles = (await world.namesUnder(world.path("work"))).length;
    const recycled = [...world.messages().matchAll(/site-dir JobId \d+: Recycled volume/g)].length;
    return { days, failed: failed.length, volumes, recycled, jobsKept: kept.length, chainsRestored: chains, workFiles };
  }

  /** The backups that the catalog still knows, by an operator's query. */
  async #keptJobs(): Promise<readonly KeptJob[]> {
    const text = await this.#world.console(
      "sqlquery",
      "SELECT JobId, Level, Comment FROM Job WHERE Type='B' ORDER BY JobId;",
      "",
    );
    const rows = [...text.matchAll(/^\|\s*([\d,]+)\s*\|\s*([FI])\s*\|\s*day-(\d+)\s*\|/gm)];
    return rows.map((row) => ({ jobId: Number(row[1]!.replaceAll(",", "")), level: row[2]!, day: Number(row[3]) }));
  }

  /** Restores each chain to its last day, and compares with what that day held. */
  async #restoreChains(kept: readonly KeptJob[]): Promise<number> {
    const world = this.#world;
    const chains: KeptJob[][] = [];
    for (const job of kept) {
      if (job.level === "F") chains.push([job]);
      else {
        assert.ok(chains.length > 0, `Incremental JobId ${job.jobId} has no Full any more`);
        const before = chains.at(-1)!;
        assert.equal(
          before.at(-1)!.day,
          job.day - 1,
          `JobId ${job.jobId} of day ${job.day} has lost the Incremental before it`,
        );
        before.push(job);
      }
    }
    const wheres = chains.map((chain) => ({ chain, where: world.path(`restored-${chain.at(-1)!.day}`) }));
    await world.console(
      ...wheres.flatMap(({ chain, where }) => [
        `restore jobid=${chain.map((job) => job.jobId).join(",")} where=${where} all done yes`,
        "wait",
      ]),
    );
    for (const { chain, where } of wheres) {
      const last = chain.at(-1)!.day;
      const tree = where + world.path("tree");
      assert.ok(
        existsSync(tree),
        `nothing restored of JobIds ${chain.map((job) => job.jobId).join(",")}\n${world.messages().slice(-3000)}`,
      );
      assert.equal(readFileSync(`${tree}/state`, "utf8"), `${last}\n`, `state of day ${last}`);
      for (let day = 1; day <= last; day++) assert.equal(readFileSync(`${tree}/day-${day}`, "utf8"), `file of day ${day}\n`);
    }
    return chains.length;
  }
}
