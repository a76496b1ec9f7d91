import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** What is saved and restored: a name for the result, and the tree. */
export interface DataSet {
  readonly name: "usr" | "big-file" | "small-files";
  readonly path: string;
}

const BIG_FILE_MIB = 2048;
const SMALL_FILES = 100_000;
const SMALL_FILES_A_FOLDER = 100;

/** Makes the generated trees under `dir` where they are not there yet; the same bytes on every machine. */
export function prepareData(dir: string, names: readonly DataSet["name"][]): DataSet[] {
  const makers = {
    usr: () => "/usr",
    "big-file": () => bigFile(join(dir, "big-file")),
    "small-files": () => smallFiles(join(dir, "small-files")),
  };
  return names.map((name) => ({ name, path: makers[name]() }));
}

/** One file of 2 GiB; every second MiB is text that compresses well, the others do not compress. */
function bigFile(dir: string): string {
  if (existsSync(join(dir, "complete"))) return dir;
  mkdirSync(dir, { recursive: true });
  const file = openSync(join(dir, "big"), "w");
  const text = Buffer.from("all the words of a log that says the same again and again\n".repeat(20_000)).subarray(0, 1 << 20);
  for (let mebibyte = 0; mebibyte < BIG_FILE_MIB; mebibyte++) {
    if (mebibyte % 2 === 1) text.writeUInt32BE(mebibyte, 0);
    writeSync(file, mebibyte % 2 === 0 ? noise(`big${mebibyte}`, 1 << 20) : text);
  }
  closeSync(file);
  writeFileSync(join(dir, "complete"), "");
  return dir;
}

/** 100,000 files of 0 to 8 KiB in a thousand folders: about 440 MB on disk. */
function smallFiles(dir: string): string {
  if (existsSync(join(dir, "complete"))) return dir;
  const pool = noise("small", 1 << 20);
  for (let i = 0; i < SMALL_FILES; i++) {
    const folder = join(dir, String(Math.floor(i / SMALL_FILES_A_FOLDER)).padStart(4, "0"));
    if (i % SMALL_FILES_A_FOLDER === 0) mkdirSync(folder, { recursive: true });
    const size = (i * 7919) % 8192;
    const start = (i * 104_729) % (pool.length - size);
    writeFileSync(join(folder, `file-${i}`), pool.subarray(start, start + size));
  }
  writeFileSync(join(dir, "complete"), "");
  return dir;
}

function noise(seed: string, bytes: number): Buffer {
  return createHash("shake128", { outputLength: bytes }).update(seed).digest();
}

/** Reads everything once, so that every subject finds the same warm page cache. Gives the number of entries. */
export function warmCache(path: string): number {
  let entries = 0;
  const pending = [path];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      entries += 1;
      const full = join(folder, entry.name);
      if (entry.isDirectory()) pending.push(full);
      else if (entry.isFile()) readFileSync(full);
    }
  }
  return entries;
}
