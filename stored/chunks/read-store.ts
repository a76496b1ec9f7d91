import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ChunkIndex } from "./chunk-index.ts";
import { mostPresent, noPlaces, placesIn } from "./chunk-places.ts";
import { ContainerSet } from "./container-set.ts";
import { loadContainers } from "./load-containers.ts";
import { referencesName } from "./reference-file.ts";
import { readDescription, storeBytes } from "./store-description.ts";
import { lockToRead } from "./store-lock.ts";
import { domainFolder, isDomainName, storeFolder } from "./store-paths.ts";
import type { SessionKey } from "../volume/block.ts";
import type { ChunkPlaces } from "./store-calls.ts";

interface ReadDomain {
  readonly folder: string;
  readonly containers: string;
  readonly index: ChunkIndex;
}

/**
 * A store that is only read: nothing below its folder is written, made or removed, so that it may lie on a read-only file system or in
 * a snapshot. What a crash left behind stays as it is. No storage daemon can open it meanwhile; other readers can.
 */
export class ReadStore implements AsyncDisposable {
  /** What an operator is to know: containers that are damaged or were never finished. */
  readonly notes: readonly string[];
  readonly #folder: string;
  readonly #domains: readonly ReadDomain[];
  readonly #lock: AsyncDisposable;

  private constructor(
    folder: string,
    { domains, notes, lock }: { domains: readonly ReadDomain[]; notes: readonly string[]; lock: AsyncDisposable },
  ) {
    this.#folder = folder;
    this.#domains = domains;
    this.notes = notes;
    this.#lock = lock;
  }

  /** Opens the store of an Archive Device. STORE_NOT_INITIALIZED, STORE_INVALID; STORE_IN_USE while somebody may write to it. */
  static async open(directory: string): Promise<ReadStore> {
    const folder = storeFolder(directory);
    const store = storeBytes(await readDescription(folder));
    const lock = await lockToRead(folder);
    try {
      const domains: ReadDomain[] = [];
      const notes: string[] = [];
      for (const name of (await readdir(folder)).filter(isDomainName).toSorted()) {
        const domain = domainFolder(directory, name);
        const containers = join(domain, "containers");
        if (!(await isThere(containers))) continue; // it was about to be made
        const index = new ChunkIndex();
        const set = new ContainerSet({ directory: containers, store, domain: name, index });
        notes.push(...(await loadContainers(set, index, store, { keepsUnfinished: true })));
        domains.push({ folder: domain, containers, index });
      }
      return new ReadStore(folder, { domains, notes, lock });
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where the chunks of a session lie: in the domain that has its references, else in the one that knows most of them. */
  async locate(session: SessionKey, ids: Uint8Array): Promise<ChunkPlaces> {
    for (const { folder, containers, index } of this.#domains)
      if (await isThere(join(folder, "sessions", referencesName(session)))) return placesIn(index, containers, ids);
    const found = this.#domains.map(({ containers, index }) => placesIn(index, containers, ids));
    return mostPresent(found) ?? noPlaces(this.#folder, ids);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
