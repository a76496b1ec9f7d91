import { must } from "#lib/base/assert.ts";

interface Entry {
  readonly bytes: number;
  readonly kind: "records" | "chunks";
  isDone: boolean;
}

/**
 * What a job has taken from its file daemon and not acknowledged: batches of records and runs of chunks share one numbering, 1, 2, 3 ...
 * Each is done on its own (on the Volume, or in the store); acknowledged is a number when it and all before it are done.
 */
export class AppendLedger {
  readonly #entries: Entry[] = [];
  #acknowledged = 0;
  #underWayBytes = 0;

  /** Number of the last that was taken. */
  get taken(): number {
    return this.#acknowledged + this.#entries.length;
  }

  /** Number up to which everything is done. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Bytes that are not done yet. */
  get underWayBytes(): number {
    return this.#underWayBytes;
  }

  /** Whether all chunks that were taken are with the store. */
  get areChunksDone(): boolean {
    return this.#entries.every(({ kind, isDone }) => isDone || kind === "records");
  }

  /** Takes the next; answers its number. */
  take(kind: Entry["kind"], bytes: number): number {
    this.#entries.push({ bytes, kind, isDone: false });
    this.#underWayBytes += bytes;
    return this.taken;
  }

  /** All records up to this number are on the Volume. */
  recordsDone(upTo: number): void {
    const end = Math.min(upTo - this.#acknowledged, this.#entries.length);
    for (let at = 0; at < end; at += 1) {
      const entry = must(this.#entries[at], "an entry");
      if (entry.kind === "records") this.#done(entry);
    }
    this.#advance();
  }

  /** The chunks of this number are with the store. */
  chunksDone(number: number): void {
    const entry = this.#entries[number - this.#acknowledged - 1];
    if (entry?.kind === "chunks") this.#done(entry);
    this.#advance();
  }

  #done(entry: Entry): void {
    if (entry.isDone) return;
    entry.isDone = true;
    this.#underWayBytes -= entry.bytes;
  }

  #advance(): void {
    let done = 0;
    while (this.#entries[done]?.isDone === true) done += 1;
    this.#entries.splice(0, done);
    this.#acknowledged += done;
  }
}
