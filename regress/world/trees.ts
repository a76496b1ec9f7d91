import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** Bytes that look random, the same for the same seed on every machine. */
export function seededBytes(seed: string, length: number): Buffer {
  return createHash("shake256", { outputLength: length }).update(seed).digest();
}

/** A few folders of text and binary files: enough for most scenarios. */
export function plainTree(root: string, { files = 40, seed = "plain" }: { files?: number; seed?: string } = {}): void {
  for (let i = 0; i < files; i++) {
    const folder = join(root, `folder-${i % 5}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, `file-${i}.txt`),
      i % 3 === 0 ? seededBytes(`${seed}${i}`, 10_000 + i) : `${seed} line ${i}\n`.repeat(i + 1),
    );
  }
}

/** One file of incompressible data; bytes in MiB. */
export function bigFile(path: string, mebibytes: number): void {
  const fd = openSync(path, "w");
  const piece = randomBytes(1 << 20);
  for (let i = 0; i < mebibytes; i++) {
    piece.writeUInt32LE(i);
    writeSync(fd, piece);
  }
  closeSync(fd);
}

/** One file in which nothing is there twice, so that no part of it is stored for another's sake; bytes in MiB. */
export function randomFile(path: string, mebibytes: number): void {
  const fd = openSync(path, "w");
  for (let i = 0; i < mebibytes; i++) writeSync(fd, randomBytes(1 << 20));
  closeSync(fd);
}

/**
 * A tree that holds every file type and attribute that Linux has and a backup must bring back. Needs root.
 * Sockets are not in it: they are left out of backups on purpose.
 */
export function everythingTree(root: string): void {
  contents(join(root, "contents"));
  names(join(root, "names"));
  types(join(root, "types"));
  owners(join(root, "owners-and-modes"));
  times(join(root, "times"));
  hardLinks(join(root, "hard-links"));
  sparseFiles(join(root, "sparse"));
  attributes(join(root, "attributes"));
  deepPath(join(root, "deep"));
  directoryTimes(root);
}

function contents(dir: string): void {
  mkdirSync(join(dir, "empty-directory"), { recursive: true });
  for (const size of [0, 1, 511, 4096, 65_535, 65_536, 65_537, 1_048_576, 3_000_001]) {
    writeFileSync(join(dir, `random-${size}`), seededBytes(`contents${size}`, size));
  }
  writeFileSync(join(dir, "text"), "the same line again and again\n".repeat(20_000));
  writeFileSync(join(dir, "zeros"), Buffer.alloc(300_000));
}

function names(dir: string): void {
  mkdirSync(dir);
  for (let byte = 1; byte < 256; byte++) {
    if (byte === 0x2f || byte === 0x2e) continue;
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([byte])]), `byte ${byte}`);
  }
  const odd = [
    "-rf",
    "two  blanks ",
    " leading",
    "new\nline",
    "tab\there",
    "back\\slash",
    "quote'\"",
    "star*?[x]",
    "dollar$HOME",
    "é",
    "日本語",
    "🌙",
  ];
  for (const name of [...odd, "files.db", "a".repeat(255), ".hidden", "...", "é"]) {
    writeFileSync(join(dir, name), name);
  }
  const latin1 = Buffer.concat([Buffer.from(`${dir}/caf`), Buffer.from([0xe9, 0x20, 0xff, 0xfe])]);
  mkdirSync(latin1);
  writeFileSync(Buffer.concat([latin1, Buffer.from("/inner"), Buffer.from([0xc3])]), "in a directory whose name is no UTF-8");
}

function types(dir: string): void {
  mkdirSync(dir);
  execFileSync("mkfifo", [join(dir, "fifo")]);
  execFileSync("mknod", [join(dir, "block"), "b", "7", "200"]);
  execFileSync("mknod", [join(dir, "character"), "c", "1", "3"]);
  execFileSync("mknod", [join(dir, "large-minor"), "c", "240", "1048575"]);
  symlinkSync("../contents/text", join(dir, "link"));
  symlinkSync("/nowhere/at/all", join(dir, "dangling"));
  symlinkSync("../contents", join(dir, "link-to-directory"));
  symlinkSync("x".repeat(4000), join(dir, "long-link"));
  symlinkSync(".", join(dir, "link-to-itself"));
  lchownSync(join(dir, "link"), 1234, 4321);
  lutimesSync(join(dir, "link"), 1_000_000_000.5, 1_100_000_000.25);
}

function owners(dir: string): void {
  mkdirSync(dir);
  for (const mode of [0o000, 0o400, 0o644, 0o777, 0o4755, 0o2755, 0o6711, 0o1644]) {
    const path = join(dir, `mode-${mode.toString(8)}`);
    writeFileSync(path, "x");
    chownSync(path, 12_345, 54_321);
    chmodSync(path, mode);
  }
  for (const mode of [0o000, 0o1777, 0o2775, 0o500]) {
    const path = join(dir, `directory-${mode.toString(8)}`);
    mkdirSync(path);
    writeFileSync(join(path, "inside"), "x");
    chmodSync(path, mode);
  }
  writeFileSync(join(dir, "daemon-owned"), "x");
  execFileSync("chown", ["daemon:adm", join(dir, "daemon-owned")]);
  writeFileSync(join(dir, "high-ids"), "x");
  chownSync(join(dir, "high-ids"), 4_000_000_000, 4_000_000_001);
}

function times(dir: string): void {
  mkdirSync(dir);
  const moments = [
    "1970-01-01 00:00:00.000000001 UTC",
    "1969-07-20 20:17:40.5 UTC",
    "2001-09-09 01:46:40.123456789 UTC",
    "2038-01-19 03:14:08.999999999 UTC",
    "2106-02-07 06:28:16 UTC",
  ];
  for (const [i, moment] of moments.entries()) {
    writeFileSync(join(dir, `moment-${i}`), moment);
    execFileSync("touch", ["-d", moment, join(dir, `moment-${i}`)]);
  }
}

function hardLinks(dir: string): void {
  mkdirSync(join(dir, "other"), { recursive: true });
  writeFileSync(join(dir, "first"), seededBytes("hard", 100_000));
  linkSync(join(dir, "first"), join(dir, "second"));
  linkSync(join(dir, "first"), join(dir, "other", "third"));
  execFileSync("mkfifo", [join(dir, "linked-fifo")]);
  linkSync(join(dir, "linked-fifo"), join(dir, "linked-fifo-too"));
  writeFileSync(join(dir, "empty"), "");
  linkSync(join(dir, "empty"), join(dir, "empty-too"));
  symlinkSync("first", join(dir, "linked-symlink"));
  linkSync(join(dir, "linked-symlink"), join(dir, "linked-symlink-too"));
}

function sparseFiles(dir: string): void {
  mkdirSync(dir);
  const layouts: Record<string, { size: number; data: readonly number[] }> = {
    "all-hole": { size: 50_000_000, data: [] },
    "hole-first": { size: 10_000_000, data: [9_990_000] },
    "hole-last": { size: 10_000_000, data: [0] },
    "many-holes": { size: 100_000_000, data: [0, 1_048_576, 50_000_000, 70_000_001, 99_999_990] },
  };
  for (const [name, { size, data }] of Object.entries(layouts)) sparseFile(join(dir, name), size, data);
}

/** A file of `size` bytes that is a hole but for a few bytes at each offset. */
export function sparseFile(path: string, size: number, offsets: readonly number[]): void {
  const fd = openSync(path, "w");
  for (const offset of offsets) writeSync(fd, "DATA IN A HOLE".slice(0, size - offset), offset);
  ftruncateSync(fd, size);
  closeSync(fd);
}

function attributes(dir: string): void {
  mkdirSync(dir);
  const file = (name: string): string => {
    writeFileSync(join(dir, name), name);
    return join(dir, name);
  };
  execFileSync("setfattr", ["-n", "user.text", "-v", "some text", file("user-xattr")]);
  execFileSync("setfattr", ["-n", "user.binary", "-v", "0x00ff0a0d00", join(dir, "user-xattr")]);
  execFileSync("setfattr", ["-n", "user.empty", join(dir, "user-xattr")]);
  execFileSync("setfattr", ["-n", "user.large", "-v", "v".repeat(3000), file("large-xattr")]);
  execFileSync("setfattr", ["-n", "trusted.secret", "-v", "for root", file("trusted-xattr")]);
  mkdirSync(join(dir, "xattr-directory"));
  execFileSync("setfattr", ["-n", "user.on.directory", "-v", "yes", join(dir, "xattr-directory")]);
  symlinkSync("nowhere", join(dir, "xattr-link"));
  execFileSync("setfattr", ["-h", "-n", "trusted.on.link", "-v", "yes", join(dir, "xattr-link")]);
  execFileSync("setfacl", ["-m", "u:daemon:r,g:adm:rw,u:12345:rwx,m::rwx", file("acl-file")]);
  mkdirSync(join(dir, "acl-directory"));
  execFileSync("setfacl", ["-m", "u:daemon:rwx", "-d", "-m", "u:daemon:rwx,g:adm:r-x", join(dir, "acl-directory")]);
  execFileSync("setcap", ["cap_net_raw,cap_net_bind_service+ep", file("capabilities")]);
  const both = file("setuid-and-acl");
  execFileSync("setfacl", ["-m", "u:daemon:x", both]);
  chmodSync(both, 0o4750);
}

/** Names of 200 bytes nested until the path is near 3,500 bytes: room for the restore directory before PATH_MAX. */
function deepPath(dir: string): void {
  let path = dir;
  while (path.length < 3_300) path = join(path, "d".repeat(200));
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "at-the-bottom"), "deep");
}

/** Directories get times of their own last, as making their entries changes them. */
function directoryTimes(root: string): void {
  for (const [i, name] of ["contents", "contents/empty-directory", "types", "names", "sparse", "."].entries()) {
    utimesSync(join(root, name), 1_200_000_000 + i + 0.125, 1_300_000_000 + i + 0.625);
  }
}

/** What people do between two backups: change, add, delete, rename, chmod; the same for the same round. */
export function changeTree(root: string, round: number): void {
  const folder = join(root, "folder-1");
  writeFileSync(join(folder, "file-1.txt"), `changed in round ${round}\n`);
  writeFileSync(join(folder, `new-in-${round}.bin`), seededBytes(`round${round}`, 50_000));
  mkdirSync(join(root, `made-in-${round}`, "empty"), { recursive: true });
  symlinkSync(`round-${round}`, join(root, `link-of-${round}`));
  chmodSync(join(root, "folder-2", "file-2.txt"), 0o600 + round);
}
