import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { JobRef } from "#proto/common.ts";

/** A file of a job's collected data. Names of jobs hold no slash (checked when they come in); those of devices may. */
export function dataSpoolName(daemon: string, ref: JobRef, device: string, segment: number): string {
  return `${daemon}.data.${ref.jobId}.${ref.job}.${device.replaceAll(/[^\w.-]/g, "_")}.${segment}.spool`;
}

/** Removes the spool files that a former run of the daemon left in a directory: their jobs are over. It is no matter if it is not there. */
export async function removeLeftSpools(directory: string, daemon: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const isLeft = (name: string) =>
    name.endsWith(".spool") && [`${daemon}.attr.`, `${daemon}.data.`].some((prefix) => name.startsWith(prefix));
  for (const name of names.filter(isLeft)) await rm(join(directory, name), { force: true });
}
