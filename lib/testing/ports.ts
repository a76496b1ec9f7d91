import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LOWEST = 20_000;
const HIGHEST = 32_000; // below the range from which Linux takes the ports of outgoing connections

/** A file for each port that a process of tests has taken, holding its process id. */
const TAKEN = join(tmpdir(), "nocturne-ports");
const mine = new Set<string>();
process.once("exit", () => {
  for (const path of mine) rmSync(path, { force: true });
});

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
    return true;
  } catch {
    return false;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Takes the port for this process until it ends; false if another process has it. */
function take(port: number): boolean {
  const path = join(TAKEN, String(port));
  try {
    const file = openSync(path, "wx");
    writeSync(file, String(process.pid));
    closeSync(file);
  } catch {
    const owner = ownerOf(path);
    // Of an ended process: the file goes, and the port is left to the next who draws it, so that two never think it theirs.
    if (owner !== undefined && !isAlive(owner)) rmSync(path, { force: true });
    return false;
  }
  mine.add(path);
  return true;
}

function ownerOf(path: string): number | undefined {
  try {
    const owner = Number(readFileSync(path, "utf8"));
    return owner > 0 ? owner : undefined; // empty: being written just now
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * Finds free loopback ports that no other process of tests gets while this one lives. A daemon that is stopped and started again
 * leaves its port free for a moment, so that looking whether somebody listens is not enough.
 */
export async function freePorts(count: number): Promise<number[]> {
  mkdirSync(TAKEN, { recursive: true });
  const found: number[] = [];
  while (found.length < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (take(port) && (await isFree(port))) found.push(port);
  }
  return found;
}

/** The first of so many such ports in a row. */
export async function freePortsInARow(count: number): Promise<number> {
  mkdirSync(TAKEN, { recursive: true });
  for (;;) {
    const first = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - count));
    let found = 0;
    // What was taken before one that is not free stays taken until this process ends: there are enough.
    while (found < count && take(first + found) && (await isFree(first + found))) found++;
    if (found === count) return first;
  }
}
