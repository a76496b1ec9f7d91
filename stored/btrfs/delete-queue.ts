import { setTimeout as sleep } from "node:timers/promises";
import { Mutex } from "#lib/base/lock.ts";
import { syncFileSystem } from "./filesystem.ts";
import { isSubvolume, deleteSubvolume, subvolumesFreed } from "./subvolume.ts";

/** Subvolumes whose deletion btrfs may have to work off at the same time. */
const IN_FLIGHT_MAX = 16;

/** Least time between two deletions. */
const GAP_MS = 50;

/** How long to wait for btrfs to work off what was deleted before more is given to it; its cleaner runs every 30 seconds. */
const FREED_MS_MAX = 90_000;

/**
 * Deletes subvolumes of one file system one by one, with pauses, and gives btrfs no more work than it gets done: a flood of deletions makes
 * everybody on the file system wait for it [SD-05].
 */
export class DeleteQueue {
  readonly #root: string;
  readonly #one = new Mutex();
  #inFlight = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** Deletions that wait for their turn. */
  get waiting(): number {
    return this.#one.waiting;
  }

  /** Deletes a subvolume; nothing happens where none is. */
  async delete(path: string, signal?: AbortSignal): Promise<void> {
    using _ = await this.#one.acquire(signal);
    if (!(await isSubvolume(path))) return;
    if (this.#inFlight >= IN_FLIGHT_MAX) {
      // Else btrfs begins with it at its next commit by itself, up to half a minute later, and more would pile up than goes.
      await syncFileSystem(this.#root).catch(() => {});
      // Late is no failure: the next deletion waits again.
      await subvolumesFreed(this.#root, { timeoutMs: FREED_MS_MAX, ...(signal && { signal }) }).catch(() => {});
      this.#inFlight = 0;
    }
    await deleteSubvolume(path);
    this.#inFlight += 1;
    await sleep(GAP_MS);
  }
}
