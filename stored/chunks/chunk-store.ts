import { mkdir, readdir, stat, statfs } from "node:fs/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { Mutex } from "#lib/base/lock.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { TimedPace } from "./care/pace.ts";
import { mostPresent, noPlaces } from "./chunk-places.ts";
import { commitSession } from "./commit-session.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { STORE_FOLDER_MODE, isNoRoom, writeFailure } from "./durable.ts";
import { sessionName } from "./marks.ts";
import { RunningSession } from "./running-session.ts";
import { newDescription, readDescription, storeBytes, writeDescription } from "./store-description.ts";
import { StoreDomain } from "./store-domain.ts";
import { lockStore } from "./store-lock.ts";
import { domainFolder, domainName, isDomainName, storeFolder } from "./store-paths.ts";
import { VolumeCopies } from "./volume-copies.ts";
import type { SessionKey } from "../volume/block.ts";
import type { ChunkPlaces, CommitFacts, JobOffer, StoreCalls, StoreFacts, StoreSettings, TakenChunks } from "./store-calls.ts";
import type { StoreDescription } from "./store-description.ts";

/** What differs between file systems; each has a default that does for any. */
export interface StoreSurroundings {
  /** Makes the folder of a new domain, on btrfs a subvolume. */
  makeFolder(path: string): Promise<void>;
  /** Containers of a domain were removed: what still pins their space may go. `path`: the domain's folder. */
  afterSweep(path: string): Promise<void>;
  /** Has the file system count as free what was deleted on it. Bounded; never rejects. */
  settleRoom(): Promise<void>;
  /** A job found no room, also after `settleRoom`: waits until somebody has made some. False: nobody will, or the job is over. */
  roomFor(session: SessionKey, why: OperatorError): Promise<boolean>;
}

/** Any file system, without jobs that wait for room. */
export const plainSurroundings: StoreSurroundings = {
  makeFolder: async (path) => {
    await mkdir(path, { mode: STORE_FOLDER_MODE });
  },
  afterSweep: async () => {},
  settleRoom: async () => {},
  roomFor: async () => false,
};

/** A store that is open: its domains and the jobs that append to them. */
export class ChunkStore implements AsyncDisposable {
  readonly settings: StoreSettings;
  readonly folder: string;
  readonly domains = new Map<string, StoreDomain>();
  readonly notes: string[] = [];
  readonly #surroundings: StoreSurroundings;
  readonly #lock: AsyncDisposable;
  readonly #copies: VolumeCopies;
  readonly #running = new Map<string, { readonly domain: StoreDomain; readonly session: RunningSession }>();
  readonly #making = new Mutex();
  readonly #raising = new Mutex();
  #description: StoreDescription;

  private constructor(
    settings: StoreSettings,
    surroundings: StoreSurroundings,
    description: StoreDescription,
    lock: AsyncDisposable,
  ) {
    this.settings = settings;
    this.folder = storeFolder(settings.directory);
    this.#copies = new VolumeCopies(settings.directory);
    this.#surroundings = surroundings;
    this.#description = description;
    this.#lock = lock;
  }

  /** Makes a new, empty store, closed. Refused where one is, or where the Archive Device is not there. */
  static async init(settings: StoreSettings, surroundings: Partial<StoreSurroundings> = {}): Promise<void> {
    const { directory } = settings;
    const folder = storeFolder(directory);
    const device = await stat(directory).catch(() => undefined);
    if (device?.isDirectory() !== true)
      throw new OperatorError("DEVICE_OPEN_FAILED", `the Archive Device ${directory} is no directory`);
    const found = await readdir(folder).catch(() => []);
    if (found.some((name) => name === "store.json" || isDomainName(name)))
      throw new OperatorError("STORE_INVALID", `there is a store already (${folder})`, { hint: "it stays as it is; use it" });
    try {
      await mkdir(folder, { recursive: true, mode: STORE_FOLDER_MODE });
      await writeDescription(folder, newDescription());
      await syncDirectory(directory);
    } catch (cause) {
      throw writeFailure(`making the store ${folder}`, cause);
    }
    await using store = await ChunkStore.open(settings, surroundings);
    if (settings.domain === "storage") await store.domain("all");
  }

  /** Opens a store and fills the indexes of its domains. STORE_NOT_INITIALIZED, STORE_INVALID, STORE_IN_USE. */
  static async open(settings: StoreSettings, surroundings: Partial<StoreSurroundings> = {}): Promise<ChunkStore> {
    const folder = storeFolder(settings.directory);
    await readDescription(folder);
    const lock = await lockStore(folder);
    try {
      const description = await readDescription(folder);
      const store = new ChunkStore(settings, { ...plainSurroundings, ...surroundings }, description, lock);
      await store.#copies.clean();
      for (const name of (await readdir(folder)).filter(isDomainName).toSorted()) await store.#openDomain(name);
      return store;
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  get facts(): StoreFacts {
    const facts = { chunks: 0, containers: 0, storedBytes: 0 };
    for (const { index, sealed } of this.domains.values()) {
      facts.chunks += index.count;
      facts.containers += sealed.size;
      for (const { bytes } of sealed.values()) facts.storedBytes += bytes;
    }
    return { store: this.#description.store, epoch: this.#description.epoch, ...facts, notes: this.notes };
  }

  /** The domain of that name, made if need be. */
  async domain(name: string): Promise<StoreDomain> {
    const found = this.domains.get(name);
    if (found !== undefined) return found;
    using _turn = await this.#making.acquire();
    const made = this.domains.get(name);
    if (made !== undefined) return made;
    const folder = domainFolder(this.settings.directory, name);
    try {
      await this.#surroundings.makeFolder(folder);
      await writeDescription(folder, this.#description);
      await syncDirectory(this.folder);
    } catch (cause) {
      if (systemErrorCode(cause) !== "EEXIST") throw writeFailure(`making the domain ${name}`, cause);
    }
    return await this.#openDomain(name);
  }

  async begin({ session, jobId, pool, client }: StoreCalls["begin"]["argument"]): Promise<JobOffer> {
    const name = domainName(this.settings.domain, pool, client);
    const domain = await this.domain(name);
    if (!this.#running.has(sessionName(session))) {
      domain.marks.begin(session);
      this.#running.set(sessionName(session), { domain, session: new RunningSession(session, jobId) });
    }
    return { store: this.#description.store, epoch: this.#description.epoch, domain: name };
  }

  /** Keeps sessions until the job has ended; answers which of them are there with all of their chunks. */
  async hold(key: SessionKey, sessions: readonly SessionKey[]): Promise<boolean[]> {
    const { references, complete } = this.#job(key).domain;
    // All of them first: what is forgotten while their chunks are looked up stays.
    const kept = sessions.map((session) => references.get(session));
    for (const found of kept) if (found !== undefined) references.hold(key, found.session);
    const pace = new TimedPace(0, new AbortController().signal);
    const held: boolean[] = [];
    for (const found of kept) held.push(found !== undefined && (await complete.isComplete(found, pace)));
    return held;
  }

  known(key: SessionKey, ids: Uint8Array): Uint8Array {
    const { domain, session } = this.#job(key);
    return domain.known(session, ids);
  }

  async append(key: SessionKey, frames: Uint8Array): Promise<TakenChunks> {
    const { domain, session } = this.#job(key);
    return await domain.append(session, frames);
  }

  /** Ends a job well. If it throws, the job is still there, to be abandoned. */
  async commit(key: SessionKey, path: string): Promise<CommitFacts> {
    const { domain, session } = this.#job(key);
    using _turn = await session.turn.acquire();
    this.#job(key); // it may have been abandoned meanwhile
    const references = await commitSession(domain, session, path);
    await this.#end(key, domain);
    return { references, epoch: this.#description.epoch };
  }

  /** Gives a job up; false if there is none. */
  async abandon(key: SessionKey): Promise<boolean> {
    const job = this.#running.get(sessionName(key));
    if (job === undefined) return false;
    using _turn = await job.session.turn.acquire();
    if (!this.#running.has(sessionName(key))) return false;
    await job.domain.abandon(job.session);
    await this.#end(key, job.domain);
    return true;
  }

  /** Where the chunks of a session lie. */
  async locate(session: SessionKey, ids: Uint8Array): Promise<ChunkPlaces> {
    const domains = [...this.domains.values()];
    const own = domains.find(({ references }) => references.get(session) !== undefined);
    if (own !== undefined) return await own.locateToRead(ids);
    const found = await Promise.all(domains.map(async (domain) => await domain.locateToRead(ids)));
    return mostPresent(found) ?? noPlaces(this.folder, ids);
  }

  /** Forgets saved sessions; answers how many there were. What fails in one domain does not keep it from the next. */
  async forget(sessions: readonly SessionKey[], volume: string | undefined): Promise<number> {
    let forgotten = 0;
    let failure: unknown;
    for (const { references } of this.domains.values()) {
      try {
        if (sessions.length > 0) forgotten += await references.forget(sessions);
        if (volume !== undefined) forgotten += await references.forgetVolume(volume);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return forgotten;
  }

  /** Gives up what is open. Jobs that are running lose what they did. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { session } of this.#running.values()) await this.abandon(session.key).catch(() => {});
    await this.#lock[Symbol.asyncDispose]();
  }

  async #end(key: SessionKey, domain: StoreDomain): Promise<void> {
    this.#running.delete(sessionName(key));
    domain.marks.end(key);
    await domain.references.release(key);
  }

  #job(session: SessionKey): { readonly domain: StoreDomain; readonly session: RunningSession } {
    const job = this.#running.get(sessionName(session));
    if (job === undefined) throw new OperatorError("CANCELED", `session ${sessionName(session)} does not append to the store`);
    return job;
  }

  async #openDomain(name: string): Promise<StoreDomain> {
    const folder = domainFolder(this.settings.directory, name);
    const { domain, notes } = await StoreDomain.open({
      name,
      folder,
      store: storeBytes(this.#description),
      copies: this.#copies,
      raiseEpoch: async () => await this.#raiseEpoch(folder),
      afterSweep: async () => await this.#surroundings.afterSweep(folder),
      requireRoom: async () => await requireRoom(this.settings),
    });
    this.notes.push(...notes);
    this.domains.set(name, domain);
    return domain;
  }

  /** `folder`: that of the domain that is about to lose chunks. */
  async #raiseEpoch(folder: string): Promise<void> {
    using _turn = await this.#raising.acquire();
    this.#description = { ...this.#description, epoch: this.#description.epoch + 1 };
    try {
      await writeDescription(this.folder, this.#description);
      await writeDescription(folder, this.#description);
    } catch (error) {
      // Where there is no room for a few bytes, room must be made all the same. The next raise writes the number.
      if (!isNoRoom(error)) throw error;
    }
  }
}

/** STORE_FULL when less is free than jobs are to leave; they ask before each container. */
async function requireRoom({ directory, freeBytesMin = 0 }: StoreSettings): Promise<void> {
  if (freeBytesMin === 0) return;
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < freeBytesMin)
    throw new OperatorError(
      "STORE_FULL",
      `${(bavail * bsize).toLocaleString("en-US")} bytes are free in ${directory}, and Minimum Free Space is ${freeBytesMin.toLocaleString("en-US")}`,
    );
}
