import { ReadStore } from "#stored/chunks/read-store.ts";
import { ChunkExpander } from "#stored/device/chunk-expander.ts";
import type { StoreSettings } from "#stored/chunks/store-calls.ts";
import type { ReadItem } from "#stored/volume/volume-reader.ts";
import type { ToolVoice } from "./tool-voice.ts";

/**
 * Puts chunks in the place of lists, from the store beside the Volumes; it is opened when the first list comes, and only read: it may lie
 * on a read-only file system.
 */
export class StoredChunks implements AsyncDisposable {
  readonly #settings: StoreSettings | undefined;
  readonly #voice: ToolVoice;
  #store: ReadStore | undefined;
  #expander: ChunkExpander | undefined;

  /** `settings`: of the store; undefined: there is none. `voice` tells what is wrong with it. */
  constructor(settings: StoreSettings | undefined, voice: ToolVoice) {
    this.#settings = settings;
    this.#voice = voice;
  }

  /** Whether there is a store. */
  get isThere(): boolean {
    return this.#settings !== undefined;
  }

  /**
   * What was read, with chunks for lists, a bounded part at a time. `damage` hears of chunks that cannot be had; `freed` gets the
   * buffers of batches that are used up. STORE_IN_USE while a storage daemon has the store.
   */
  async *expanded(
    items: readonly ReadItem[],
    told: { readonly damage: (text: string) => void; readonly freed: (buffer: ArrayBuffer) => void },
  ): AsyncGenerator<ReadItem, void, undefined> {
    const expander = (this.#expander ??= await this.#open());
    expander.add(items);
    while (!expander.isEmpty) {
      for (const item of await expander.take()) {
        yield item;
        if (item.kind === "batch" && !expander.recycle(item.batch.buffer)) told.freed(item.batch.buffer);
      }
      for (const text of expander.takeDamages()) told.damage(text);
      for (const buffer of expander.takeFreed()) told.freed(buffer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#expander?.[Symbol.dispose]();
    await this.#store?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<ChunkExpander> {
    const settings = this.#settings;
    if (settings === undefined) throw new RangeError("there is no store to open");
    const store = await ReadStore.open(settings.directory);
    this.#store = store;
    this.#voice.message(`The store of chunks in ${settings.directory} is only read: nothing in it is changed.`);
    for (const note of store.notes) this.#voice.warning(note);
    return new ChunkExpander(async (session, ids) => await store.locate(session, ids));
  }
}
