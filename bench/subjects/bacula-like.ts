import { existsSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "#regress/process.ts";
import { DEBIAN_BACULA, DEBIAN_BACULA_FILES, NOCTURNE, type Programs } from "#regress/programs.ts";
import { World } from "#regress/world.ts";
import type { Tree } from "../data/trees.ts";
import { bytesUnder } from "../measure/disk.ts";
import { useOf } from "../measure/processes.ts";
import { waitForReport } from "../site/wait-for-report.ts";
import type { Subject, SubjectName, SubjectRun } from "./subject.ts";

interface Site {
  readonly name: SubjectName;
  readonly setting: string;
  readonly programs: Programs;
  readonly needs: readonly string[];
  readonly deviceType: "File" | "Dedup";
  readonly signature: "MD5" | null;
}

/** Ours over mutual TLS to a deduplicating Volume. No Signature: chunks are named by their SHA-256, and restic and Borg keep no MD5 either. */
export const nocturne: Subject = siteSubject({
  name: "nocturne",
  setting:
    "three daemons, mutual TLS, SQLite catalog, Device Type = Dedup, FileSet without Signature (chunks carry SHA-256), zstd",
  programs: NOCTURNE,
  needs: [],
  deviceType: "Dedup",
  signature: null,
});

/** Ours over mutual TLS to a File Volume, with the same FileSet as Bacula. */
export const nocturneFile: Subject = siteSubject({
  name: "nocturne-file",
  setting: "three daemons, mutual TLS, SQLite catalog, Device Type = File, MD5",
  programs: NOCTURNE,
  needs: [],
  deviceType: "File",
  signature: "MD5",
});

/** Debian's Bacula without TLS, on the same configuration file. */
export const bacula: Subject = siteSubject({
  name: "bacula",
  setting: "Bacula 9.6.7, three daemons, no TLS, SQLite catalog, File Volume, MD5",
  programs: DEBIAN_BACULA,
  needs: DEBIAN_BACULA_FILES,
  deviceType: "File",
  signature: "MD5",
});

function siteSubject(site: Site): Subject {
  return {
    name: site.name,
    setting: site.setting,
    whyNot: () => {
      const missing = site.needs.filter((path) => !existsSync(path));
      return missing.length === 0 ? undefined : `needs ${missing.join(", ")}`;
    },
    open: async (scratch, tree) => await SiteRun.open(site, scratch, tree),
  };
}

function fileSet(tree: Tree, signature: "MD5" | null): string {
  return `Include {
    Options {
      ${signature === null ? "" : `Signature = ${signature}`}
    }
    File = "${tree.path}"
  }`;
}

/** Turns the one device of a world into a deduplicating one. */
export async function useDedup(world: World): Promise<void> {
  world.edit("bacula-sd.conf", "Device Type = File", "Device Type = Dedup");
  const [program = "", ...args] = world.programs.sd;
  await mustRun(program, [...args, "-c", world.path("bacula-sd.conf"), "--init"]);
}

class SiteRun implements SubjectRun {
  readonly works: SubjectRun["works"];
  readonly #world: World;

  private constructor(world: World, { tree, scratch, isDedup }: { tree: Tree; scratch: string; isDedup: boolean }) {
    this.#world = world;
    const backup = (level: string) => async (): Promise<number> =>
      await this.#job(`run job=Save level=${level} yes`, "Backup OK");
    this.works = {
      "first backup": backup("Full"),
      "nothing changed": backup("Incremental"),
      "full again": isDedup ? backup("Full") : undefined,
      restore: async () => {
        const into = join(scratch, "restored");
        const seconds = await this.#job(`restore where=${into} select current all done yes`, "Restore OK");
        if (!existsSync(into + tree.path)) throw new Error(`nothing was restored to ${into}`);
        return seconds;
      },
    };
  }

  static async open(site: Site, scratch: string, tree: Tree): Promise<SiteRun> {
    const world = await World.create({ fileset: fileSet(tree, site.signature) }, site.programs, scratch);
    if (site.deviceType === "Dedup") await useDedup(world);
    await world.start();
    world.keep = true; // the place deletes it with its scratch directory, when nobody is being measured
    return new SiteRun(world, { tree, scratch, isDedup: site.deviceType === "Dedup" });
  }

  storedBytes(): number {
    return bytesUnder(this.#world.path("volumes"));
  }

  peakBytes(): ReadonlyMap<string, number> {
    return new Map([...this.#world.daemons].map(([role, { pid }]) => [role, useOf(pid)?.peakBytes ?? 0]));
  }

  cpuSeconds(): number {
    return [...this.#world.daemons.values()].reduce((sum, { pid }) => sum + (useOf(pid)?.cpuSeconds ?? 0), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world[Symbol.asyncDispose]();
  }

  async #job(line: string, termination: string): Promise<number> {
    return await waitForReport(this.#world, await this.#world.queue(line), termination);
  }
}
