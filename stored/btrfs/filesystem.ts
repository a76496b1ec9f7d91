import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { btrfs } from "./run-btrfs.ts";

/** Longest time for taking back block groups. */
const BALANCE_MS_MAX = 120_000;
const RECLAIM_MS_MAX = 45_000;
const RECLAIM_GAP_MS = 1000;

/** Space of one kind (data, metadata, system), as its block groups have it; bytes, mirrors not counted. */
export interface SpaceKind {
  readonly size: number;
  readonly used: number;
}

/** Space as btrfs counts it; bytes. */
export interface BtrfsUsage {
  readonly deviceSize: number;
  readonly unallocated: number;
  /** What new data would find, by its guess, and at worst (if all that is unallocated were mirrored). */
  readonly freeEstimated: number;
  readonly freeLeast: number;
  readonly data: SpaceKind;
  readonly metadata: SpaceKind;
  /** Kept back by btrfs within metadata. */
  readonly globalReserve: number;
  /** Copies of each block of metadata. */
  readonly metadataRatio: number;
}

/** Has btrfs write all to its disks; costs everybody on it, so it is for rare occasions. */
export async function syncFileSystem(path: string): Promise<void> {
  await btrfs(["filesystem", "sync", path]);
}

/** Space of a btrfs. Only root is told. */
export async function showUsage(path: string): Promise<BtrfsUsage> {
  return parseUsage(path, await btrfs(["filesystem", "usage", "--raw", path], { timeoutMs: 10_000 }));
}

/** Free bytes for metadata: within its block groups, and what can still be made of unallocated space. */
export function freeMetadata(usage: BtrfsUsage): number {
  const within = Math.max(0, usage.metadata.size - usage.metadata.used - usage.globalReserve);
  return within + Math.floor(usage.unallocated / Math.max(1, usage.metadataRatio));
}

/** Reads what `btrfs filesystem usage --raw` printed. BTRFS_FAILED if that cannot be understood. */
export function parseUsage(path: string, output: string): BtrfsUsage {
  const number = (pattern: RegExp) => {
    const [, text] = pattern.exec(output) ?? [];
    return text === undefined ? undefined : Number(text);
  };
  const deviceSize = number(/^\s*Device size:\s+(\d+)/m);
  const unallocated = number(/^\s*Device unallocated:\s+(\d+)/m);
  const freeEstimated = number(/^\s*Free \(estimated\):\s+(\d+)/m);
  if (deviceSize === undefined || unallocated === undefined || freeEstimated === undefined)
    throw new OperatorError(
      "BTRFS_FAILED",
      `"btrfs filesystem usage ${path}" printed what cannot be understood: ${output.slice(0, 300)}`,
    );
  return {
    deviceSize,
    unallocated,
    freeEstimated,
    freeLeast: number(/^\s*Free \(estimated\):\s+\d+\s+\(min:\s+(\d+)\)/m) ?? freeEstimated,
    data: kindOf(output, "Data(?:\\+Metadata)?"),
    metadata: kindOf(output, "(?:Data\\+)?Metadata"),
    globalReserve: number(/^\s*Global reserve:\s+(\d+)/m) ?? 0,
    metadataRatio: number(/^\s*Metadata ratio:\s+([\d.]+)/m) ?? 1,
  };
}

/** Sum over the profiles of a kind. */
function kindOf(output: string, kind: string): SpaceKind {
  let size = 0;
  let used = 0;
  for (const [, of = "0", in_ = "0"] of output.matchAll(new RegExp(`^${kind},[^:]+:\\s+Size:(\\d+),\\s+Used:(\\d+)`, "gm"))) {
    size += Number(of);
    used += Number(in_);
  }
  return { size, used };
}

/** Below this share of the disks btrfs is short of space that it can give to data or to metadata as either needs it. */
const UNALLOCATED_LEAST = 0.1;

/** Above this share of the disks, and these bytes (what a new file system begins with), space that one kind has and does not use is worth taking back. */
const IDLE_SHARE = 0.2;
const IDLE_BYTES_LEAST = 96 * 1024 * 1024;

/** What is taken back, the cheapest first: empty block groups, then a few that are nearly empty, then fewer that are half empty. */
const BALANCE_FILTERS = [
  "-dusage=0",
  "-musage=0",
  "-dusage=10,limit=8",
  "-musage=10,limit=8",
  "-dusage=50,limit=4",
  "-musage=50,limit=4",
];

/** Free metadata below this share of all metadata is short. */
const METADATA_LEAST = 0.1;

/**
 * Whether much space is bound to one kind of use that does not need it. Free space in data's block groups is what a file system lives on and is none,
 * unless metadata is short.
 */
export function isLopsided(usage: BtrfsUsage): boolean {
  const { deviceSize, unallocated, data, metadata, metadataRatio } = usage;
  if (unallocated >= deviceSize * UNALLOCATED_LEAST) return false;
  const worthWhile = Math.max(deviceSize * IDLE_SHARE, IDLE_BYTES_LEAST);
  if ((metadata.size - metadata.used) * metadataRatio > worthWhile) return true;
  return freeMetadata(usage) < metadata.size * METADATA_LEAST && data.size - data.used > worthWhile;
}

/**
 * Has btrfs take back block groups that are empty, or nearly so, where one kind of space is short and the other idle: what was once metadata can
 * then be data again, and the other way round. Bounded in time and in what is moved. Empty groups btrfs removes by itself, after its
 * delayed discards, within half a minute: that is waited for.
 */
export async function reclaimBlockGroups(path: string): Promise<void> {
  const deadline = performance.now() + RECLAIM_MS_MAX;
  if (!isLopsided(await showUsage(path))) return;
  // Each kind by itself: what one gives back is the room that the other needs, and without it fails.
  for (const filter of BALANCE_FILTERS) {
    try {
      await btrfs(["balance", "start", filter, path], { timeoutMs: BALANCE_MS_MAX });
    } catch (error) {
      // Another balance is under way, by somebody else: its work is as good.
      if (!(error instanceof OperatorError) || !/No space left|in progress/.test(error.message)) throw error;
    }
    if (!isLopsided(await showUsage(path))) return;
  }
  while (performance.now() < deadline && isLopsided(await showUsage(path))) {
    await sleep(RECLAIM_GAP_MS);
    await syncFileSystem(path);
  }
}

/** Errors that a disk below btrfs has shown since its counters were last set to nothing. */
export interface DeviceErrors {
  readonly disk: string;
  /** Counters that are not 0, by their btrfs name, e.g. corruption_errs. */
  readonly counts: ReadonlyMap<string, number>;
}

/** The disks that have shown errors; empty: all is well. */
export async function showDeviceErrors(path: string): Promise<readonly DeviceErrors[]> {
  return parseDeviceErrors(await btrfs(["device", "stats", path], { timeoutMs: 10_000 }));
}

/** Reads what `btrfs device stats` printed. */
export function parseDeviceErrors(output: string): readonly DeviceErrors[] {
  const disks = new Map<string, Map<string, number>>();
  for (const [, disk = "", name = "", value = "0"] of output.matchAll(/^\[(.+)\]\.(\w+)\s+(\d+)\s*$/gm)) {
    if (Number(value) === 0) continue;
    const counts = disks.get(disk) ?? new Map<string, number>();
    counts.set(name, Number(value));
    disks.set(disk, counts);
  }
  return [...disks].map(([disk, counts]) => ({ disk, counts }));
}

/** One line about a disk's errors. */
export function deviceErrorText({ disk, counts }: DeviceErrors): string {
  return `${disk}: ${[...counts].map(([name, count]) => `${name}=${count}`).join(" ")}`;
}

/** What a scrub of the whole file system found. */
export interface ScrubReport {
  readonly bytes: number;
  /** Counters of errors that are not 0, by their btrfs name. */
  readonly errors: ReadonlyMap<string, number>;
}

const SCRUB_ERRORS = [
  "read_errors",
  "csum_errors",
  "verify_errors",
  "super_errors",
  "uncorrectable_errors",
  "unverified_errors",
  "corrected_errors",
];

/** Has btrfs read and check everything on its disks, mirrors included. When the time is over or the signal aborts it is stopped. */
export async function scrub(
  path: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<ScrubReport> {
  try {
    return parseScrub(await btrfs(["scrub", "start", "-B", "-R", path], options));
  } catch (error) {
    // Status 3: done, with errors that could not be mended. What was found is told by the status.
    const isStopped = options.signal?.aborted === true || (error instanceof OperatorError && error.code === "BTRFS_LATE");
    if (isStopped) await btrfs(["scrub", "cancel", path]).catch(() => "");
    if (isStopped || !(error instanceof OperatorError) || error.code !== "BTRFS_FAILED") throw error;
    const report = parseScrub(await btrfs(["scrub", "status", "-R", path]));
    if (report.errors.size === 0) throw error;
    return report;
  }
}

/** Reads what `btrfs scrub start -B -R` or `btrfs scrub status -R` printed. */
export function parseScrub(output: string): ScrubReport {
  const counts = new Map<string, number>();
  for (const [, name = "", value = "0"] of output.matchAll(/^\s*(\w+):\s+(\d+)\s*$/gm))
    counts.set(name, (counts.get(name) ?? 0) + Number(value));
  return {
    bytes: (counts.get("data_bytes_scrubbed") ?? 0) + (counts.get("tree_bytes_scrubbed") ?? 0),
    errors: new Map(
      SCRUB_ERRORS.flatMap((name) => ((counts.get(name) ?? 0) > 0 ? [[name, counts.get(name) ?? 0] as const] : [])),
    ),
  };
}
