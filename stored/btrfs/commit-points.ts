import { mkdir, readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { Mutex } from "#lib/base/lock.ts";
import { DeleteQueue } from "./delete-queue.ts";
import { clientQgroup, showQgroups } from "./quota.ts";
import {
  bySession,
  commitPointName,
  domainPath,
  domainSnapshots,
  sessionOfName,
  SNAPSHOTS,
  volumeSnapshots,
} from "./snapshot-names.ts";
import { isSubvolume, snapshotReadOnly } from "./subvolume.ts";
import type { SessionKey } from "../volume/block.ts";

/** Commit points kept of one Volume. A Volume only grows, so the newest holds what the older ones hold. */
const KEPT_PER_VOLUME = 32;

/** Attempts to find a number that no other thread takes. */
const ATTEMPTS_MAX = 5;

/** A job that has ended well. */
export interface CommittedJob {
  /** Its unique name. */
  readonly job: string;
  readonly session: SessionKey;
  /** Volumes that it wrote to. */
  readonly volumes: readonly string[];
  /** Domain of its chunks; undefined if the device has none. */
  readonly domain: string | undefined;
}

/** Told of failures that harm no job. */
export type Notice = (text: string, error: unknown) => void;

/**
 * The snapshots of one Btrfs device: a read-only one of each Volume that a job wrote when it has ended well, and one of each domain of
 * chunks, as of its last commit or collection. What nobody wants any more is deleted, so that its space is really freed.
 */
export class CommitPoints {
  readonly #root: string;
  /** All deletions of this file system go through it. */
  readonly deletes: DeleteQueue;
  readonly #notice: Notice;
  /** One at a time: whatever makes or lists snapshots. */
  readonly #one = new Mutex();
  /** Renewals of a domain's snapshot that wait to begin: whoever comes meanwhile shares them. */
  readonly #renewals = new Map<string, Promise<void>>();
  readonly #deleting = new Set<Promise<void>>();
  readonly #abort = new AbortController();

  constructor(root: string, notice: Notice) {
    this.#root = root;
    this.deletes = new DeleteQueue(root);
    this.#notice = notice;
  }

  /** Removes what a crash left between two steps: all but the newest snapshot of each domain, commit points in excess. */
  async clean(): Promise<void> {
    using _ = await this.#one.acquire(this.#abort.signal);
    for (const name of await names(join(this.#root, SNAPSHOTS))) {
      if (name === "@sent") continue;
      const directory = join(this.#root, SNAPSHOTS, name);
      const isDomain = name.startsWith("@chunks-");
      this.#deleteAll(directory, await this.#inExcess(directory, isDomain ? 1 : KEPT_PER_VOLUME));
    }
  }

  /**
   * Makes the commit point of a job that has ended well: its data is durable before this is called, and its snapshots are on return.
   * Throws what btrfs says; the job's data is safe nevertheless.
   */
  async commit(job: CommittedJob): Promise<void> {
    {
      using _ = await this.#one.acquire(this.#abort.signal);
      for (const volume of new Set(job.volumes)) {
        const source = join(this.#root, volume);
        if (!(await isSubvolume(source))) continue;
        const directory = volumeSnapshots(this.#root, volume);
        await mkdir(directory, { recursive: true, mode: 0o700 });
        const name = commitPointName(job.job, job.session);
        if (!(await isSubvolume(join(directory, name)))) await snapshotReadOnly(source, join(directory, name));
        this.#deleteAll(directory, await this.#inExcess(directory, KEPT_PER_VOLUME));
      }
    }
    if (job.domain !== undefined) await this.renewDomain(job.domain);
  }

  /** Takes a domain's snapshot anew and deletes the former one: after a commit, and after a collection so that what it freed is free. */
  async renewDomain(domain: string): Promise<void> {
    const begun = this.#renewals.get(domain) ?? this.#renew(domain);
    this.#renewals.set(domain, begun);
    await begun;
  }

  /** The newest commit point of a Volume as a path; undefined if it has none. */
  async newestOf(volume: string): Promise<string | undefined> {
    const directory = volumeSnapshots(this.#root, volume);
    const newest = (await names(directory))
      .filter((name) => sessionOfName(name) !== undefined)
      .toSorted(bySession)
      .at(-1);
    return newest === undefined ? undefined : join(directory, newest);
  }

  /** Volumes that have commit points. */
  async volumes(): Promise<readonly string[]> {
    return (await names(join(this.#root, SNAPSHOTS))).filter((name) => !name.startsWith("@"));
  }

  /** Deletes the commit points of sessions that are no longer wanted. */
  async forget(sessions: readonly SessionKey[]): Promise<void> {
    const gone = new Set(sessions.map(({ time, id }) => `${time}-${id}`));
    using _ = await this.#one.acquire(this.#abort.signal);
    for (const volume of await this.volumes()) {
      const directory = volumeSnapshots(this.#root, volume);
      const found = await names(directory);
      this.#deleteAll(
        directory,
        found.filter((name) => gone.has(sessionText(name))),
      );
    }
  }

  /** Deletes all commit points of a Volume that was recycled, relabeled or deleted. */
  async forgetVolume(volume: string): Promise<void> {
    using _ = await this.#one.acquire(this.#abort.signal);
    const directory = volumeSnapshots(this.#root, volume);
    this.#deleteAll(directory, await names(directory));
  }

  /** Whether snapshots are still being deleted or renewed. */
  get isDeleting(): boolean {
    return this.#deleting.size > 0 || this.#renewals.size > 0;
  }

  /** Waits until what was asked for so far is done: snapshots renewed, others deleted. */
  async deleted(): Promise<void> {
    (await this.#one.acquire(this.#abort.signal))[Symbol.dispose]();
    while (this.#deleting.size > 0) await Promise.all(this.#deleting);
  }

  /** Gives up what waits; what was not deleted is found by the next clean. */
  async close(): Promise<void> {
    this.#abort.abort(new Error("the device is being closed"));
    await Promise.allSettled(this.#deleting);
  }

  async #renew(domain: string): Promise<void> {
    using _ = await this.#one.acquire(this.#abort.signal);
    this.#renewals.delete(domain); // who comes from now on may have written what this one lacks
    const source = domainPath(this.#root, domain);
    if (!(await isSubvolume(source))) return;
    const directory = domainSnapshots(this.#root, domain);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const qgroups = domain.startsWith("client-") ? await this.#clientGroups(domain) : [];
    for (let attempt = 1; ; attempt++) {
      const former = await names(directory);
      const last = Math.max(0, ...former.map(Number).filter(Number.isSafeInteger));
      const target = join(directory, String(last + 1));
      try {
        await snapshotReadOnly(source, target, { qgroups });
      } catch (error) {
        // The store's thread renews after a collection, perhaps just now.
        if (attempt === ATTEMPTS_MAX || !(await isSubvolume(target))) throw error;
        continue;
      }
      return this.#deleteAll(directory, former);
    }
  }

  /** What a client's snapshots pin is counted as the client's. */
  async #clientGroups(domain: string): Promise<readonly string[]> {
    const group = clientQgroup(domain);
    return (await showQgroups(this.#root))?.has(group) === true ? [group] : [];
  }

  /** All but the newest `kept` names of a directory. */
  async #inExcess(directory: string, kept: number): Promise<readonly string[]> {
    const found = await names(directory);
    const isNumbered = found.every((name) => /^\d+$/.test(name));
    const sorted = found.toSorted(isNumbered ? (a, b) => Number(a) - Number(b) : bySession);
    return sorted.slice(0, Math.max(0, sorted.length - kept));
  }

  /** Deletes in the background: no job waits for it. */
  #deleteAll(directory: string, gone: readonly string[]): void {
    if (gone.length === 0) return;
    const work = this.#deleteOneByOne(directory, gone)
      .catch((error: unknown) => {
        if (!this.#abort.signal.aborted) this.#notice(`snapshots in ${directory} could not be deleted`, error);
      })
      .finally(() => this.#deleting.delete(work));
    this.#deleting.add(work);
  }

  async #deleteOneByOne(directory: string, gone: readonly string[]): Promise<void> {
    for (const name of gone) await this.deletes.delete(join(directory, name), this.#abort.signal);
    await rmdir(directory).catch(() => {}); // not empty as a rule
  }
}

/** What lies in a directory; nothing where there is none. */
async function names(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function sessionText(name: string): string {
  const session = sessionOfName(name);
  return session === undefined ? "" : `${session.time}-${session.id}`;
}
