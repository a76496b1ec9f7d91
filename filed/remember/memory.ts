import type { BigIntStats } from "node:fs";
import { describeError } from "#lib/errors/operator-error.ts";
import { fileType } from "#lib/streams/stream-type.ts";
import type { RememberedEntry } from "#filed/backup/remembered.ts";
import { LayerCursor } from "./layer-cursor.ts";
import { LayerFile, LayerUnusable } from "./layer-file.ts";

/** The layers that a walk may use; made by RememberedLayers, handed to the walker's thread. */
export interface MemoryStart {
  /** Newest first. */
  readonly layers: readonly { readonly path: string; readonly mayBeUnchanged: boolean }[];
  /** LayerDescription.options of the job at hand. */
  readonly options: readonly string[];
}

/** An open layer, in the heap by the entry at hand. */
interface Head {
  readonly cursor: LayerCursor;
  /** 0: the newest. */
  readonly age: number;
  readonly mayBeUnchanged: boolean;
  readonly path: string;
  /** By the layer's number of options: that of the job at hand, or -1. */
  readonly options: Int32Array;
}

const NO_OPTIONS = -1;

/**
 * What earlier jobs remember, asked in the order of the walk: all layers are read side by side, one block of each in memory, and the
 * newest that knows a path answers. A layer that turns out damaged is let go with a note; the others go on.
 */
export class Memory implements Disposable {
  /** Binary heap: the layer whose entry comes first in the walk is on top, of several the newest. */
  readonly #heap: Head[] = [];
  readonly #note: (text: string) => void;
  /** By number of options: the first number whose options do the same to records. */
  readonly #sameOptions: Int32Array;

  constructor(start: MemoryStart, note: (text: string) => void) {
    this.#note = note;
    this.#sameOptions = Int32Array.from(start.options, (hash) => start.options.indexOf(hash));
    for (const [age, { path, mayBeUnchanged }] of start.layers.entries()) {
      const file = this.#open(path);
      if (file === undefined) continue;
      const options = Int32Array.from(file.description.options, (hash) => start.options.indexOf(hash));
      this.#push({ cursor: new LayerCursor(file), age, mayBeUnchanged, path, options });
    }
  }

  #open(path: string): LayerFile | undefined {
    try {
      return new LayerFile(path);
    } catch (error) {
      this.#complain(path, error);
      return undefined;
    }
  }

  #push(head: Head): void {
    if (!this.#advance(head)) return;
    this.#heap.push(head);
    let place = this.#heap.length - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!comesFirst(this.#heap[place]!, this.#heap[parent]!)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  /**
   * What is remembered of an entry of the walk. To be asked in the order of the walk (WalkOrder). The records are a view, valid until
   * the next call.
   */
  find(asked: {
    readonly root: number;
    readonly path: string;
    readonly type: number;
    readonly options: number;
    readonly stat: BigIntStats;
  }): RememberedEntry | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      const order = top.cursor.compare(asked.root, asked.path);
      if (order > 0) return undefined;
      if (order === 0) {
        try {
          return this.#answer(top, asked);
        } catch (error) {
          this.#drop(top, error);
          continue;
        }
      }
      this.#moveOn(top);
    }
    return undefined;
  }

  #answer(
    { cursor, options, mayBeUnchanged }: Head,
    asked: { readonly type: number; readonly options: number; readonly stat: BigIntStats },
  ): RememberedEntry | undefined {
    cursor.check();
    const isUnchanged =
      mayBeUnchanged &&
      cursor.isReusable &&
      cursor.type === asked.type &&
      (options[cursor.options] ?? NO_OPTIONS) === this.#sameOptions[asked.options] &&
      cursor.isSame(asked.stat);
    if (isUnchanged) return { isUnchanged, records: cursor.records };
    // Old chunks are of use only where there is data to cut, and FIFOs, links and directories have none.
    if (asked.type !== fileType.regular || cursor.type !== fileType.regular) return undefined;
    return { isUnchanged, records: cursor.records };
  }

  #moveOn(top: Head): void {
    if (this.#advance(top)) this.#sink();
    else this.#pop();
  }

  /** False at the end of the layer, or where it is damaged. */
  #advance(head: Head): boolean {
    try {
      if (head.cursor.next()) return true;
    } catch (error) {
      this.#complain(head.path, error);
    }
    head.cursor[Symbol.dispose]();
    return false;
  }

  #drop(top: Head, error: unknown): void {
    this.#complain(top.path, error);
    top.cursor[Symbol.dispose]();
    this.#pop();
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #sink(): void {
    const heap = this.#heap;
    for (let place = 0; ;) {
      let first = place;
      for (const child of [2 * place + 1, 2 * place + 2])
        if (child < heap.length && comesFirst(heap[child]!, heap[first]!)) first = child;
      if (first === place) return;
      this.#swap(place, first);
      place = first;
    }
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a]!;
    this.#heap[a] = this.#heap[b]!;
    this.#heap[b] = kept;
  }

  #complain(path: string, error: unknown): void {
    const why = error instanceof LayerUnusable ? error.message : describeError(error);
    this.#note(`     What is remembered in "${path}" is not used: ${why}. Its files are read again.`);
  }

  [Symbol.dispose](): void {
    for (const { cursor } of this.#heap) cursor[Symbol.dispose]();
    this.#heap.length = 0;
  }
}

function comesFirst(a: Head, b: Head): boolean {
  const order = a.cursor.compareTo(b.cursor);
  return order < 0 || (order === 0 && a.age < b.age);
}
