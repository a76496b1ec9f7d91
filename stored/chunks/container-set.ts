import { join } from "node:path";
import { Mutex } from "#lib/base/lock.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { CONTAINER_NUMBER_MAX, containerFolder, containerPath } from "./container-name.ts";
import { ContainerWriter } from "./container-writer.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { writeFailure } from "./durable.ts";
import type { ChunkIndex } from "./chunk-index.ts";
import type { ContainerDirectory } from "./container-format.ts";
import type { SealedContainer } from "./care/care-domain.ts";

/** The containers of one domain: sealed ones, and those that are being written. */
export class ContainerSet {
  /** Holds the containers' folders. */
  readonly directory: string;
  readonly sealed = new Map<number, SealedContainer>();
  /** Grows whenever chunks are lost because their container could not be written. */
  losses = 0;
  readonly #store: Uint8Array;
  readonly #domain: string;
  readonly #index: ChunkIndex;
  readonly #writers = new Map<number, ContainerWriter>();
  /** Folders whose entries may not be durable yet. */
  readonly #unsynced = new Set<string>();
  readonly #syncing = new Mutex();
  #next = 1;

  constructor(at: {
    readonly directory: string;
    readonly store: Uint8Array;
    readonly domain: string;
    readonly index: ChunkIndex;
  }) {
    this.directory = at.directory;
    this.#store = at.store;
    this.#domain = at.domain;
    this.#index = at.index;
  }

  /** Who writes a container; undefined if it is sealed. */
  writer(number: number): ContainerWriter | undefined {
    return this.#writers.get(number);
  }

  /** Those that are being written. */
  get writers(): ContainerWriter[] {
    return [...this.#writers.values()].filter((writer) => !writer.isDead);
  }

  path(number: number): string {
    return containerPath(this.directory, number);
  }

  /** Gives no new container this number. While the store is open none is given a second time. */
  reserve(number: number): void {
    this.#next = Math.max(this.#next, number + 1);
  }

  /** Begins a container. Its chunks leave the index again if they are lost. STORE_FULL, DEVICE_IO_FAILED. */
  async begin(): Promise<ContainerWriter> {
    const number = this.#next++;
    if (number > CONTAINER_NUMBER_MAX)
      throw new OperatorError("STORE_FULL", "the store has used up the numbers of its containers");
    const writer = await ContainerWriter.create(
      { directory: this.directory, number, store: this.#store, domain: this.#domain, createdMs: Date.now() },
      (lost) => this.#forgetChunks(number, lost),
    );
    this.#writers.set(number, writer);
    return writer;
  }

  /** Makes a container whole and its bytes durable; one without chunks goes instead. `syncFolders` makes its name durable. */
  async seal(writer: ContainerWriter): Promise<void> {
    if (writer.chunks === 0) return await this.discard(writer);
    try {
      const facts = await writer.seal();
      if (!this.#writers.delete(facts.number)) return;
      this.sealed.set(facts.number, facts);
      this.#unsynced.add(containerFolder(facts.number));
    } catch (error) {
      if (writer.isDead) this.#writers.delete(writer.number);
      throw error;
    }
  }

  /** Gives a container up that is being written. */
  async discard(writer: ContainerWriter): Promise<void> {
    await writer.discard();
    this.#writers.delete(writer.number);
  }

  /** Makes the names of all sealed containers durable. */
  async syncFolders(): Promise<void> {
    using _turn = await this.#syncing.acquire();
    const folders = [...this.#unsynced];
    if (folders.length === 0) return;
    try {
      for (const folder of folders) {
        // First: a container that is sealed meanwhile puts its folder back.
        this.#unsynced.delete(folder);
        await syncDirectory(join(this.directory, folder));
      }
      await syncDirectory(this.directory);
    } catch (cause) {
      for (const folder of folders) this.#unsynced.add(folder);
      throw writeFailure(`making the folders of ${this.directory} durable`, cause);
    }
  }

  #forgetChunks(number: number, lost: ContainerDirectory): void {
    const index = this.#index;
    this.losses += 1;
    for (let i = 0; i < lost.count; i++) {
      const id = lost.id(i);
      if (index.find(id) && index.container === number && index.offset === lost.offset(i)) index.delete(id);
    }
  }
}
