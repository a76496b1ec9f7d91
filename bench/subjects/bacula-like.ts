import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { DEBIAN_BACULA, DEBIAN_BACULA_FILES, NOCTURNE, type Programs } from "#regress/programs.ts";
import { parseReports } from "#regress/report.ts";
import { World } from "#regress/world.ts";
import type { DataSet } from "../data.ts";
import type { Subject, SubjectRun } from "./subject.ts";

/** Ours, over mutual TLS, and Debian's Bacula without TLS: the same configuration file, MD5, SQLite catalog. */
export const nocturne: Subject = subject("nocturne", NOCTURNE, []);
export const bacula: Subject = subject("bacula", DEBIAN_BACULA, DEBIAN_BACULA_FILES);

function subject(name: Subject["name"], programs: Programs, needs: readonly string[]): Subject {
  return {
    name,
    whyNot: () => {
      const missing = needs.filter((path) => !existsSync(path));
      return missing.length === 0 ? undefined : `needs ${missing.join(", ")}`;
    },
    open: async (scratch, data) => {
      const world = await World.create({ fileset: fileSet(data) }, programs, scratch);
      await world.start();
      return new WorldRun(world, data);
    },
  };
}

function fileSet(data: DataSet): string {
  return `Include {
    Options {
      Signature = MD5
    }
    File = "${data.path}"
  }`;
}

class WorldRun implements SubjectRun {
  readonly #world: World;
  readonly #data: DataSet;
  #stored = 0;

  constructor(world: World, data: DataSet) {
    this.#world = world;
    this.#data = data;
  }

  async backup(): Promise<number> {
    const seconds = await this.#job("run job=Save level=Full yes", "Backup OK");
    this.#stored = this.#world.volumeBytes();
    return seconds;
  }

  async incremental(): Promise<number> {
    return await this.#job("run job=Save level=Incremental yes", "Backup OK");
  }

  async restore(into: string): Promise<number> {
    const seconds = await this.#job(`restore where=${into} select current all done yes`, "Restore OK");
    if (!existsSync(into + this.#data.path)) throw new Error(`nothing was restored to ${into}`);
    return seconds;
  }

  /** Queues a job and looks for its report in the message file: `wait` in Bacula's console sleeps for seconds. */
  async #job(line: string, termination: string): Promise<number> {
    const jobId = await this.#world.queue(line);
    for (;;) {
      const report = parseReports(this.#world.messages()).find((one) => one.jobId === jobId);
      if (report !== undefined) {
        if (!report.termination.startsWith(termination)) throw new Error(`${report.termination}\n${this.#world.messages()}`);
        return elapsedSeconds(report.fields.get("Elapsed time") ?? "");
      }
      await sleep(20);
    }
  }

  storedBytes(): number {
    return this.#stored;
  }

  peakMemoryBytes(): number {
    return Math.max(...[...this.#world.daemons.values()].map(({ pid }) => peakOf(pid)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world[Symbol.asyncDispose]();
  }
}

/** VmHWM of a process, bytes. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** "1 hour 2 mins 3 secs" in seconds. */
export function elapsedSeconds(words: string): number {
  const units: Readonly<Record<string, number>> = { hour: 3600, min: 60, sec: 1 };
  return [...words.matchAll(/(\d+) (hour|min|sec)s?/g)].reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
}
