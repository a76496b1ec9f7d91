import { createRequire } from "node:module";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { STORE_FILE_MODE, writeFailure } from "./durable.ts";

const LOCK_EX_NB = 2 | 4;
const LOCK_SH_NB = 1 | 4;
const FILE = "lock";

type Flock = (fd: number, operation: number) => number;

/** Stores that this process has open: a second opening must be refused also where the system has no flock. */
const openHere = new Set<string>();

/**
 * Claims a store for this process and, within it, for this caller; disposing gives it up. The kernel lets go of it when the process
 * ends, however it ends. STORE_IN_USE names the process that has it.
 */
export async function lockStore(folder: string): Promise<AsyncDisposable> {
  const path = join(folder, FILE);
  if (openHere.has(path)) throw inUse(path, process.pid);
  const file = await open(path, "a+", STORE_FILE_MODE).catch((cause: unknown) => {
    if (systemErrorCode(cause) === "ENOENT")
      throw new OperatorError("STORE_NOT_INITIALIZED", `there is no store of chunks (${folder})`);
    throw writeFailure(`opening ${path}`, cause);
  });
  try {
    const owner = await holderOf(path);
    const isOurs = flock === undefined ? owner === undefined || !isAlive(owner) : flock(file.fd, LOCK_EX_NB) === 0;
    if (!isOurs) throw inUse(path, owner);
    // For messages only; on a full file system a store must be opened all the same, to make room.
    await file
      .truncate(0)
      .then(async () => await file.write(`${process.pid}\n`))
      .catch(() => {});
  } catch (error) {
    await file.close();
    if (error instanceof OperatorError) throw error;
    throw writeFailure(`locking ${path}`, error);
  }
  openHere.add(path);
  return {
    [Symbol.asyncDispose]: async () => {
      openHere.delete(path);
      await file.truncate(0).catch(() => {});
      await file.close();
    },
  };
}

/**
 * Claims a store for a reader that changes nothing, not even the lock file: others may read it at the same time, nobody may open it for
 * writing. STORE_IN_USE while somebody has. A copy of a store without its lock file has nobody to be kept from.
 */
export async function lockToRead(folder: string): Promise<AsyncDisposable> {
  const path = join(folder, FILE);
  if (openHere.has(path)) throw inUse(path, process.pid);
  const file = await open(path, "r").catch((cause: unknown) => {
    if (systemErrorCode(cause) === "ENOENT") return undefined;
    throw new OperatorError("STORE_INVALID", `${path} cannot be read`, { cause });
  });
  if (file === undefined) return { [Symbol.asyncDispose]: async () => {} };
  const owner = await holderOf(path);
  const isFree = flock === undefined ? owner === undefined || !isAlive(owner) : flock(file.fd, LOCK_SH_NB) === 0;
  if (!isFree) {
    await file.close();
    throw inUse(path, owner);
  }
  return { [Symbol.asyncDispose]: async () => await file.close() };
}

/** The process that wrote its number into the lock file last, unless that is this one. */
async function holderOf(path: string): Promise<number | undefined> {
  const text = await readFile(path, "latin1").catch(() => "");
  const pid = /^[0-9]{1,10}\n$/.test(text) ? Number(text) : 0;
  return pid > 1 ? pid : undefined;
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false; // a number that is used again: what we have open is in `openHere`
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}

function inUse(path: string, owner: number | undefined): OperatorError {
  const who = owner === undefined ? "another process" : owner === process.pid ? "this process" : `process ${owner}`;
  return new OperatorError("STORE_IN_USE", `${who} has the store open (${path})`);
}

/** flock(2), or undefined where it is not to be had. */
export const flock: Flock | undefined = loadFlock();

function loadFlock(): Flock | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const koffi = createRequire(import.meta.url)("koffi") as { load(path: string): { func(text: string): Flock } };
    return koffi.load("libc.so.6").func("int flock(int, int)");
  } catch {
    return undefined;
  }
}
