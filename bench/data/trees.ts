import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** A tree to save, the same bytes on every machine but for what is the machine's own. */
export interface Tree {
  readonly name: string;
  readonly path: string;
}

const MIB = 1 << 20;
const FILES_A_FOLDER = 100;
const READ_BYTES = 4 * MIB;

/** What the machine has: /usr, of a smoke test only /etc. */
export function machineTree(isQuick: boolean): Tree {
  return { name: "usr", path: isQuick ? "/etc" : "/usr" };
}

/** One file of 2 GiB; every second MiB is text that compresses well, the others do not compress. */
export function bigFileTree(dir: string, isQuick: boolean): Tree {
  return made(dir, "big-file", isQuick, (path) => {
    const file = openSync(join(path, "big"), "w");
    const text = Buffer.from("all the words of a log that says the same again and again\n".repeat(20_000)).subarray(0, MIB);
    for (let mebibyte = 0; mebibyte < (isQuick ? 4 : 2048); mebibyte++) {
      if (mebibyte % 2 === 1) text.writeUInt32BE(mebibyte, 0);
      writeSync(file, mebibyte % 2 === 0 ? noise(`big${mebibyte}`, MIB) : text);
    }
    closeSync(file);
  });
}

/** 101,041 entries: 100,000 files of 0 to 8 KiB in a thousand folders, about 440 MB on disk, and 40 symbolic links. */
export function smallFilesTree(dir: string, isQuick: boolean): Tree {
  return made(dir, "small-files", isQuick, (path) => {
    const pool = noise("small", MIB);
    for (let i = 0; i < (isQuick ? 300 : 100_000); i++) {
      const folder = join(path, String(Math.floor(i / FILES_A_FOLDER)).padStart(4, "0"));
      if (i % FILES_A_FOLDER === 0) mkdirSync(folder, { recursive: true });
      const size = (i * 7919) % 8192;
      const start = (i * 104_729) % (pool.length - size);
      writeFileSync(join(folder, `file-${i}`), pool.subarray(start, start + size));
    }
    for (let i = 0; i < 40; i++) symlinkSync(`0000/file-${i}`, join(path, `link-${i}`));
  });
}

/** `count` empty files in folders of a hundred. */
export function emptyFilesTree(dir: string, count: number): Tree {
  return made(dir, `empty-${count}`, false, (path) => {
    for (let i = 0; i < count; i++) {
      const folder = join(path, String(Math.floor(i / FILES_A_FOLDER / 100)), String(Math.floor(i / FILES_A_FOLDER) % 100));
      if (i % FILES_A_FOLDER === 0) mkdirSync(folder, { recursive: true });
      closeSync(openSync(join(folder, `file-${i}`), "w"));
    }
  });
}

/** Trees of `mebibytes` each that share nothing: half in files of 1 MiB, half in files of 16 KiB. */
export function separateTree(dir: string, name: string, mebibytes: number): Tree {
  return made(dir, name, false, (path) => {
    for (let mebibyte = 0; mebibyte < mebibytes; mebibyte++) {
      const bytes = noise(`${name}${mebibyte}`, MIB);
      const folder = join(path, String(mebibyte));
      mkdirSync(folder);
      if (mebibyte % 2 === 0) writeFileSync(join(folder, "whole"), bytes);
      else for (let i = 0; i < 64; i++) writeFileSync(join(folder, `part-${i}`), bytes.subarray(i << 14, (i + 1) << 14));
    }
  });
}

/** Writes one file of noise, `mebibytes` long, with `before` in front of it. */
export function writeNoiseFile(path: string, mebibytes: number, before: string): void {
  const file = openSync(path, "w");
  writeSync(file, before);
  for (let mebibyte = 0; mebibyte < mebibytes; mebibyte++) writeSync(file, noise(`file${mebibyte}`, MIB));
  closeSync(file);
}

/** Makes a tree where it is not there yet. */
function made(dir: string, name: string, isQuick: boolean, fill: (path: string) => void): Tree {
  const path = join(dir, isQuick ? `${name}-quick` : name);
  if (!existsSync(`${path}.complete`)) {
    mkdirSync(path, { recursive: true });
    fill(path);
    writeFileSync(`${path}.complete`, "");
  }
  return { name, path };
}

function noise(seed: string, bytes: number): Buffer {
  return createHash("shake128", { outputLength: bytes }).update(seed).digest();
}

/** Reads everything once, so that every subject finds the same warm page cache. Gives the number of entries below. */
export function warmCache(path: string): number {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let entries = 0;
  const pending = [path];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      entries += 1;
      const full = join(folder, entry.name);
      if (entry.isDirectory()) pending.push(full);
      else if (entry.isFile()) readThrough(full, buffer);
    }
  }
  return entries;
}

function readThrough(path: string, buffer: Buffer): void {
  const file = openSync(path, "r");
  while (readSync(file, buffer) > 0);
  closeSync(file);
}
