import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Mutex } from "#lib/base/lock.ts";
import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { writeDurably } from "../durable.ts";

/** Most identities that are kept for being sent again. A store that has lost more heals in several rounds. */
export const WANTED_MAX = 100_000;

/**
 * Chunks that kept sessions refer to and that the store does not have, or has only damaged: who has them may send them again. Kept in a
 * file (a line of hexadecimal digits for each), because what was put aside by a scrub must be known as missing after a restart too.
 */
export class WantedChunks {
  readonly #path: string;
  readonly #ids = new Set<string>();
  /** What was noted since `beginCheck`. */
  readonly #found = new Set<string>();
  /** One writes the file at a time. */
  readonly #saving = new Mutex();
  #isChanged = false;
  #losses = 0;
  #removals = 0;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Reads the file, which need not be there. Lines that are no identity are passed over: a verify finds again what is missing. */
  static async open(path: string): Promise<WantedChunks> {
    const wanted = new WantedChunks(path);
    const text = await readFile(path, "latin1").catch(() => "");
    for (const line of text.split("\n")) if (/^[0-9a-f]{64}$/.test(line)) wanted.#ids.add(line);
    return wanted;
  }

  get count(): number {
    return this.#ids.size;
  }

  /** Grows whenever a chunk is found to be missing: what was complete before may not be so any more. */
  get losses(): number {
    return this.#losses;
  }

  /** Grows whenever chunks leave the index that sessions may refer to. */
  get removals(): number {
    return this.#removals;
  }

  /** Whether a chunk is missing. Cheap when none is. */
  has(ids: Uint8Array, at = 0): boolean {
    return this.#ids.size > 0 && this.#ids.has(hex(ids, at));
  }

  /** Notes that a chunk is missing. */
  add(ids: Uint8Array, at = 0): void {
    const id = hex(ids, at);
    if (this.#found.size < WANTED_MAX) this.#found.add(id);
    if (this.#ids.has(id)) return;
    this.#losses++;
    if (this.#ids.size >= WANTED_MAX) return;
    this.#ids.add(id);
    this.#isChanged = true;
  }

  /** Chunks have left the index that sessions may refer to; which ones are wanted is found out later. */
  noteLoss(): void {
    this.#losses++;
    this.#removals++;
  }

  /** A check of all sessions begins. */
  beginCheck(): void {
    this.#found.clear();
  }

  /** The check has seen every session: what it did not find missing is not wanted any more. */
  endCheck(): void {
    for (const id of this.#ids)
      if (!this.#found.has(id)) {
        this.#ids.delete(id);
        this.#isChanged = true;
      }
    this.#found.clear();
  }

  /** Notes that a chunk is there again; whether it was missing. */
  mended(ids: Uint8Array, at = 0): boolean {
    if (this.#ids.size === 0) return false;
    const wasWanted = this.#ids.delete(hex(ids, at));
    if (wasWanted) this.#isChanged = true;
    return wasWanted;
  }

  /** Makes the changes durable, if there are any. */
  async save(): Promise<void> {
    using _turn = await this.#saving.acquire();
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const text = [...this.#ids].map((id) => `${id}\n`).join("");
    try {
      await writeDurably(dirname(this.#path), this.#path, text);
    } catch (error) {
      this.#isChanged = true;
      throw error;
    }
  }

  /** All of them, one behind the other. */
  all(): Uint8Array {
    const ids = Buffer.alloc(this.#ids.size * CHUNK_ID_BYTES);
    let at = 0;
    for (const id of this.#ids) at += ids.write(id, at, "hex");
    return ids;
  }
}

function hex(ids: Uint8Array, at: number): string {
  return Buffer.from(ids.buffer, ids.byteOffset + at, CHUNK_ID_BYTES).toString("hex");
}
