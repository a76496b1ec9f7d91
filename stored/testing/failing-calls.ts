/*
 * A disk that fails: puts itself between this process (all its threads) and the calls of node:fs that touch files in a directory "volumes" below a given one, and lets the n-th call
 * of one kind fail, once or from then on. Loaded before the program with `--import`, so that the program under test is the real one.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { constants } from "node:os";
import { resolve } from "node:path";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import { must } from "#lib/base/assert.ts";

/** Kinds of calls that can fail. */
export const callKinds = ["open", "write", "read", "sync", "truncate", "close", "name"] as const;
export type CallKind = (typeof callKinds)[number];

/** What a call that fails gives: an error, or fewer bytes than asked for ("SHORT"), or none ("ZERO"). */
export type Failure = "EIO" | "ENOSPC" | "ENXIO" | "EROFS" | "EACCES" | "EDQUOT" | "EFBIG" | "ENODEV" | "SHORT" | "ZERO";

/** Which call fails. */
export interface FaultPlan {
  readonly kind: CallKind;
  /** The n-th of its kind, from 1. */
  readonly at: number;
  readonly failure: Failure;
  /** That one alone, or all from it on. */
  readonly isLasting: boolean;
}

const failures: readonly Failure[] = [
  "EIO",
  "ENOSPC",
  "ENXIO",
  "EROFS",
  "EACCES",
  "EDQUOT",
  "EFBIG",
  "ENODEV",
  "SHORT",
  "ZERO",
];

/** In memory that all threads see: kind, n, failure, lasting; then how many calls of each kind there were; then how many failed. */
const PLAN_WORDS = 4;
const FAILED = PLAN_WORDS + callKinds.length;
const KEY = "nocturne.failing-calls";

function sharedWords(): Int32Array {
  const known = getEnvironmentData(KEY) as SharedArrayBuffer | undefined;
  const buffer = known ?? new SharedArrayBuffer((FAILED + 1) * 4);
  if (known === undefined && isMainThread) setEnvironmentData(KEY, buffer);
  return new Int32Array(buffer);
}

const words = sharedWords();

/** Calls below the directory fail as planned from now on; counts begin anew. Undefined: none fails. */
export function planFailure(plan: FaultPlan | undefined): void {
  words.fill(0);
  if (plan === undefined) return;
  words[1] = plan.at;
  words[2] = failures.indexOf(plan.failure);
  words[3] = plan.isLasting ? 1 : 0;
  words[0] = callKinds.indexOf(plan.kind) + 1;
}

/** How many calls of each kind there were since the plan was made, and how many of them failed. */
export function callCounts(): { readonly of: Readonly<Record<CallKind, number>>; readonly failed: number } {
  const of = Object.fromEntries(callKinds.map((kind, index) => [kind, words[PLAN_WORDS + index] ?? 0]));
  return { of: of as Record<CallKind, number>, failed: words[FAILED] ?? 0 };
}

/** Counts a call; answers how it fails, undefined: not at all. */
function hit(kind: CallKind): Failure | undefined {
  const index = callKinds.indexOf(kind);
  const count = Atomics.add(words, PLAN_WORDS + index, 1) + 1;
  if (words[0] !== index + 1 || count < (words[1] ?? 0) || (count > (words[1] ?? 0) && words[3] === 0)) return undefined;
  Atomics.add(words, FAILED, 1);
  return failures[words[2] ?? 0];
}

function systemError(failure: Failure, call: string): NodeJS.ErrnoException {
  const code = failure === "SHORT" || failure === "ZERO" ? "EIO" : failure;
  const errno = must(constants.errno[code as keyof typeof constants.errno], `errno of ${code}`);
  return Object.assign(new Error(`${code}: injected, ${call}`), { code, errno: -errno, syscall: call });
}

const isShortOf = (failure: Failure) => failure === "SHORT" || failure === "ZERO";

/** Puts the failing calls in the place of the real ones, for files whose path begins so. */
function install(prefix: string): void {
  const real = { ...fs };
  const watched = new Set<number>();
  const isWatched = (path: unknown) =>
    typeof path === "string" && resolve(path).startsWith(prefix) && /\/volumes(\/|$)/.test(resolve(path));
  const failing = (kind: CallKind, call: string) => {
    const failure = hit(kind);
    if (failure !== undefined) throw systemError(failure, call);
  };
  const part = (bytes: Uint8Array, offset: number, length: number, failure: Failure) =>
    failure === "ZERO" ? 0 : Math.min(length, Math.max(1, Math.floor((bytes.byteLength - offset) / 3)));
  Object.assign(fs, {
    openSync: (...args: Parameters<typeof fs.openSync>) => {
      if (!isWatched(args[0])) return real.openSync(...args);
      failing("open", "open");
      const fd = real.openSync(...args);
      watched.add(fd);
      return fd;
    },
    closeSync: (fd: number) => {
      const isOurs = watched.delete(fd);
      real.closeSync(fd); // the kernel lets go of the descriptor even when close fails
      if (isOurs) failing("close", "close");
    },
    writeSync: (
      fd: number,
      bytes: Uint8Array,
      offset = 0,
      length = bytes.byteLength - offset,
      position: number | null = null,
    ) => {
      const failure = watched.has(fd) ? hit("write") : undefined;
      if (failure === undefined) return real.writeSync(fd, bytes, offset, length, position);
      if (!isShortOf(failure)) throw systemError(failure, "write");
      const count = part(bytes, offset, length, failure);
      return count === 0 ? 0 : real.writeSync(fd, bytes, offset, count, position);
    },
    writevSync: (fd: number, buffers: readonly Uint8Array[], position?: number) => {
      const failure = watched.has(fd) ? hit("write") : undefined;
      if (failure === undefined) return real.writevSync(fd, buffers, position);
      if (!isShortOf(failure)) throw systemError(failure, "pwritev");
      const all = Buffer.concat(buffers);
      return failure === "ZERO" ? 0 : real.writeSync(fd, all, 0, Math.floor(all.byteLength / 3), position ?? null);
    },
    readSync: (fd: number, into: Uint8Array, offset: number, length: number, position: number) => {
      const failure = watched.has(fd) ? hit("read") : undefined;
      if (failure === undefined) return real.readSync(fd, into, offset, length, position);
      if (!isShortOf(failure)) throw systemError(failure, "read");
      return real.readSync(fd, into, offset, Math.max(1, Math.floor(length / 3)), position);
    },
    fsyncSync: (fd: number) => {
      if (watched.has(fd)) failing("sync", "fsync");
      real.fsyncSync(fd);
    },
    fsync: (fd: number, done: fs.NoParamCallback) => {
      const failure = watched.has(fd) ? hit("sync") : undefined;
      if (failure === undefined) real.fsync(fd, done);
      else setImmediate(() => done(systemError(failure, "fsync")));
    },
    fdatasync: (fd: number, done: fs.NoParamCallback) => {
      const failure = watched.has(fd) ? hit("sync") : undefined;
      if (failure === undefined) real.fdatasync(fd, done);
      else setImmediate(() => done(systemError(failure, "fdatasync")));
    },
    ftruncateSync: (fd: number, length?: number) => {
      if (watched.has(fd)) failing("truncate", "ftruncate");
      real.ftruncateSync(fd, length);
    },
    linkSync: (from: fs.PathLike, to: fs.PathLike) => {
      if (isWatched(to)) failing("name", "link");
      real.linkSync(from, to);
    },
  });
  syncBuiltinESMExports();
}

const directory = process.env.NOCTURNE_FAILING_BELOW;
if (directory !== undefined && directory !== "") install(directory);
