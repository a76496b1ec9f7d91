import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeDurably } from "../durable.ts";

const FILE = "last-scrub.json";

/** When a domain was scrubbed last, and what came of it. */
export interface LastScrub {
  readonly endedMs: number;
  /** Damaged chunks and containers that were found. */
  readonly damaged: number;
}

/** Keeps it in the domain's folder. That there is no room for it is no reason for a scrub to fail. */
export async function writeLastScrub(folder: string, scrubbed: LastScrub): Promise<void> {
  await writeDurably(folder, join(folder, FILE), `${JSON.stringify(scrubbed)}\n`).catch(() => {});
}

/** Undefined if the domain was never scrubbed, or nobody knows. */
export async function readLastScrub(folder: string): Promise<LastScrub | undefined> {
  try {
    const { endedMs, damaged } = JSON.parse(await readFile(join(folder, FILE), "utf8")) as Partial<LastScrub>;
    return typeof endedMs === "number" && typeof damaged === "number" ? { endedMs, damaged } : undefined;
  } catch {
    return undefined;
  }
}

/** For the status. */
export function lastScrubText({ endedMs, damaged }: LastScrub): string {
  const found = damaged === 0 ? "no damage" : `${damaged} damaged chunks or containers`;
  return `${new Date(endedMs).toISOString().slice(0, 19)}Z, ${found}`;
}
