import type { SavedList } from "./remembered.ts";

/** Output of one list: its batches wait here until those of all lists before it were sent. */
interface Pending {
  readonly batches: { readonly batch: Uint8Array<ArrayBuffer>; readonly encoder: number }[];
  isDone: boolean;
  /** What is to be remembered of the list. */
  saved: SavedList | undefined;
}

/** Puts what encoders make of lists into the walker's order: lists have the numbers 0, 1, 2 ... */
export class OrderedLists {
  readonly #parts: {
    /** Resolves when the next batch may come. */
    readonly send: (batch: Uint8Array<ArrayBuffer>, encoder: number) => Promise<void>;
    readonly remember: (saved: SavedList) => void;
    /** Called when all that could be sent was sent. */
    readonly wentOn: () => void;
    readonly fail: (error: unknown) => void;
  };
  readonly #pending = new Map<number, Pending>();
  #head = 0;
  #isPumping = false;

  constructor(parts: {
    readonly send: (batch: Uint8Array<ArrayBuffer>, encoder: number) => Promise<void>;
    readonly remember: (saved: SavedList) => void;
    readonly wentOn: () => void;
    readonly fail: (error: unknown) => void;
  }) {
    this.#parts = parts;
  }

  /** True if no list is under way. */
  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** An encoder has the list now. */
  begin(ordinal: number): void {
    this.#pending.set(ordinal, { batches: [], isDone: false, saved: undefined });
  }

  /** Takes the list's next batch. */
  add(ordinal: number, batch: Uint8Array<ArrayBuffer>, encoder: number): void {
    this.#pending.get(ordinal)!.batches.push({ batch, encoder });
    void this.#pump();
  }

  /** The list has no further batches. */
  done(ordinal: number, saved: SavedList | undefined): void {
    Object.assign(this.#pending.get(ordinal)!, { isDone: true, saved });
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      for (let pending = this.#pending.get(this.#head); pending !== undefined; pending = this.#pending.get(this.#head)) {
        const next = pending.batches.shift();
        if (next !== undefined) await this.#parts.send(next.batch, next.encoder);
        else if (pending.isDone) {
          if (pending.saved !== undefined) this.#parts.remember(pending.saved);
          this.#pending.delete(this.#head++);
        } else break;
      }
      this.#parts.wentOn();
    } catch (error) {
      this.#parts.fail(error);
    } finally {
      this.#isPumping = false;
    }
  }
}
