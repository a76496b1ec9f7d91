import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "./process.ts";
import type { SiteOptions } from "./site.ts";
import type { World } from "./world.ts";

/** A site whose Device is a deduplicating store; chunks carry SHA-256, so files need no other digest. */
export function dedupSite(dir: string, options: SiteOptions = {}): SiteOptions {
  return {
    deviceType: "Dedup",
    fileset: `Include {
    Options { ACL Support = yes; XAttr Support = yes; Sparse = yes }
    File = "${dir}/tree"
  }`,
    ...options,
  };
}

/** Makes the store of the site's Device, as its administrator does once. */
export async function makeStore(world: World): Promise<string> {
  const [program = "", ...args] = world.programs.sd;
  return (await mustRun(program, [...args, "-c", world.path("bacula-sd.conf"), "--init"])).output;
}

/** Runs a `dedup` command on the site's store and gives its output. */
export async function dedup(world: World, action: string): Promise<string> {
  return await world.console(`dedup ${action} storage=Disks`);
}

/** Whether a `dedup` command said that something is wrong. */
export function foundDamage(output: string): boolean {
  return /found damage/.test(output);
}

/** Fails unless a scrub and a verification find every container and every kept job whole. */
export async function assertStoreClean(world: World): Promise<void> {
  for (const action of ["scrub", "verify"]) {
    const output = await dedup(world, action);
    assert.ok(
      /sessions|containers|chunks/.test(output) && !foundDamage(output),
      `dedup ${action} does not find all well:\n${output}`,
    );
  }
}

/** Bytes and number of the containers of all domains of a store, as the file system has them. */
export function containersOf(volumes: string): { readonly bytes: number; readonly files: readonly string[] } {
  const root = join(volumes, "@chunks");
  if (!existsSync(root)) return { bytes: 0, files: [] };
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => /\/containers\/.*\.ncc$/.test(`/${name}`))
    .map((name) => join(root, name));
  return { bytes: files.reduce((sum, file) => sum + statSync(file).size, 0), files };
}
