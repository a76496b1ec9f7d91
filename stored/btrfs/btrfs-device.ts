import type { RpcLog } from "#lib/rpc/server.ts";
import { sizeText } from "../status/units.ts";
import { CommitPoints } from "./commit-points.ts";
import {
  deviceErrorText,
  freeMetadata,
  reclaimBlockGroups,
  scrub,
  showDeviceErrors,
  showUsage,
  syncFileSystem,
} from "./filesystem.ts";
import { clientQgroup, createQgroup, enableQuota, limitQgroup, showQgroups } from "./quota.ts";
import { Sizes, type CountedSize } from "./sizes.ts";
import { requireBtrfs, subvolumesFreed } from "./subvolume.ts";

/** Longest time for a scrub of the whole file system. */
const SCRUB_MS_MAX = 24 * 3_600_000;

/** Longest time to wait for space that btrfs frees in the background. */
const FREED_MS_MAX = 60_000;

/** Said once, e.g. where the daemon does not run as root. */
const CANNOT_READ = "the errors of its disks cannot be read";

/** What it is made from. */
export interface BtrfsDeviceOptions {
  /** Archive Device. */
  readonly directory: string;
  /** Bytes that one client's domain may hold; 0: no limit. */
  readonly clientQuota: number;
  readonly log: Pick<RpcLog, "info" | "error">;
}

/** What came of a look at the file system: lines for the operator, and whether all is well. */
export interface Findings {
  readonly lines: readonly string[];
  readonly isClean: boolean;
}

/** What the directory of a Btrfs device can do that others cannot: commit points, quotas, sizes, errors of the disks. Used by the daemon's main thread. */
export class BtrfsDevice implements AsyncDisposable {
  readonly points: CommitPoints;
  readonly #options: BtrfsDeviceOptions;
  readonly #sizes: Sizes;
  readonly #limited = new Set<string>();
  /** Errors of the disks that were told, so that each is told once. */
  #toldErrors = "";
  #opening: Promise<void> | undefined;

  constructor(options: BtrfsDeviceOptions) {
    this.#options = options;
    const { log, directory } = options;
    this.points = new CommitPoints(directory, (text, error) => log.error(text, error));
    this.#sizes = new Sizes(directory);
  }

  /** Looks at the file system once, when the first job comes: is it btrfs, did a crash leave anything, have its disks shown errors? */
  async open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    await this.#opening;
  }

  /** Sees to the quota of a client before it writes to its domain; nothing happens for other domains. */
  async prepareDomain(domain: string): Promise<void> {
    const { clientQuota, directory } = this.#options;
    if (!domain.startsWith("client-") || this.#limited.has(domain)) return;
    const group = clientQgroup(domain);
    const isCounted = (await showQgroups(directory)) !== undefined;
    if (clientQuota === 0 && !isCounted) return;
    await enableQuota(directory);
    await createQgroup(directory, group);
    await limitQgroup(directory, group, clientQuota);
    this.#limited.add(domain);
  }

  /** Errors of the disks that were not told yet; they are logged as well. */
  async newErrors(): Promise<readonly string[]> {
    const { directory, log } = this.#options;
    try {
      const lines = (await showDeviceErrors(directory)).map(
        (disk) => `btrfs ${directory}: errors of disk ${deviceErrorText(disk)}`,
      );
      const text = lines.join("\n");
      const isNews = text !== this.#toldErrors;
      this.#toldErrors = text;
      if (!isNews) return [];
      for (const line of lines) log.info(line);
      return lines;
    } catch (error) {
      if (this.#toldErrors !== CANNOT_READ) log.error(`btrfs ${directory}: ${CANNOT_READ}`, error);
      this.#toldErrors = CANNOT_READ;
      return [];
    }
  }

  /** Waits, within bounds, until the space of what was deleted is really free; else that comes up to half a minute later. */
  async freed(): Promise<void> {
    const { directory, log } = this.#options;
    try {
      await this.points.deleted();
      await syncFileSystem(directory);
      await subvolumesFreed(directory, { timeoutMs: FREED_MS_MAX });
      await reclaimBlockGroups(directory);
    } catch (error) {
      log.error(`btrfs ${directory}: space of deleted snapshots is not free yet`, error);
    }
  }

  /** Lines for the status command: space as btrfs counts it, errors of the disks, sizes of Volumes and clients. */
  async statusLines(): Promise<readonly string[]> {
    const { directory } = this.#options;
    const [usage, errors, sizes] = await Promise.all([showUsage(directory), showDeviceErrors(directory), this.#sizes.list()]);
    return [
      `   Btrfs: Free=${bytesText(usage.freeEstimated)} (at least ${bytesText(usage.freeLeast)}) Free metadata=${bytesText(freeMetadata(usage))} Unallocated=${bytesText(usage.unallocated)} of ${bytesText(usage.deviceSize)}`,
      ...errors.map((disk) => `   Btrfs: ERRORS of disk ${deviceErrorText(disk)}`),
      ...(sizes === undefined ? ["   Btrfs: sizes are not counted (quota is off)"] : sizes.map(sizeLine)),
    ];
  }

  /** Has btrfs read and check all that is on its disks. */
  async scrub(signal?: AbortSignal): Promise<Findings> {
    const { directory } = this.#options;
    const report = await scrub(directory, { timeoutMs: SCRUB_MS_MAX, signal });
    const disks = await showDeviceErrors(directory);
    const found = [...report.errors].map(([name, count]) => `${name}=${count}`).join(" ");
    const summary = `btrfs scrub of ${directory}: ${bytesText(report.bytes)} checked, ${found === "" ? "no errors found" : `errors: ${found}`}`;
    return {
      lines: [summary, ...disks.map((disk) => `btrfs device stats: ${deviceErrorText(disk)}`)],
      isClean: report.errors.size === 0 && disks.length === 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.points.close();
  }

  async #open(): Promise<void> {
    await requireBtrfs(this.#options.directory);
    try {
      await this.points.clean();
    } catch (error) {
      this.#options.log.error(`btrfs ${this.#options.directory}: old snapshots stay`, error);
    }
    await this.newErrors();
  }
}

function sizeLine({ kind, name, referenced, exclusive, limit }: CountedSize): string {
  const title = { volume: "Volume", domain: "Domain", client: "Client" }[kind];
  const quota = limit === undefined ? "" : ` Quota=${bytesText(limit)}`;
  return `   ${title} "${name}": Referenced=${bytesText(referenced)} Exclusive=${bytesText(exclusive)}${quota}`;
}

/** `1.234 MB` */
function bytesText(bytes: number): string {
  return `${sizeText(bytes)}B`.replace(/^(\d+)B$/, "$1 B");
}
