import { OperatorError } from "#lib/errors/operator-error.ts";
import type { SessionKey } from "../volume/block.ts";

/** Bytes that may wait to be sent, or be sent and not acknowledged. */
const WINDOW_BYTES = 8 * 1024 * 1024;

/** So many batches may always be on their way, however long they are: a file daemon acknowledges several at a time. */
const WINDOW_BATCHES = 12;

/** A batch on its way to the file daemon, with the session of its records. */
export interface Outgoing {
  readonly batch: Uint8Array<ArrayBuffer>;
  readonly session: SessionKey;
  readonly jobId: number;
}

/** The batches of a restore that were read and not acknowledged; kept so that a cut stream can go on. Numbers count from 1. */
export class SendWindow {
  #batches: Outgoing[] = [];
  #bytes = 0;
  #received = 0;
  #spent: ArrayBuffer[] = [];
  /** Buffers of batches up to this number are not used again. */
  #keptUpTo = 0;

  /** Batches that the far side has. */
  get received(): number {
    return this.#received;
  }

  /** Whether the far side has all that was added. */
  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Whether no more may be added for now. */
  get isFull(): boolean {
    return this.#bytes >= WINDOW_BYTES && this.#batches.length >= WINDOW_BATCHES;
  }

  add(outgoing: Outgoing): void {
    this.#batches.push(outgoing);
    this.#bytes += outgoing.batch.byteLength;
  }

  /** A stream was cut: it may still hold buffers for writing, so that none of those that wait now is used again. */
  keepBuffers(): void {
    this.#keptUpTo = this.#received + this.#batches.length;
    this.#spent = [];
  }

  /** Hands over the buffers of acknowledged batches, to be used again. */
  takeSpent(): ArrayBuffer[] {
    const spent = this.#spent;
    this.#spent = [];
    return spent;
  }

  /** The batch of this number, if it was added already. */
  at(number: number): Outgoing | undefined {
    return this.#batches[number - this.#received - 1];
  }

  /** The far side has the batches up to this number. BATCH_INVALID when it claims more than there are. */
  acknowledge(received: number): void {
    const added = this.#received + this.#batches.length;
    if (received > added)
      throw new OperatorError("BATCH_INVALID", `batch ${received} is acknowledged, but only ${added} were sent`);
    if (received <= this.#received) return;
    for (const [at, { batch }] of this.#batches.splice(0, received - this.#received).entries()) {
      this.#bytes -= batch.byteLength;
      if (this.#received + at + 1 > this.#keptUpTo) this.#spent.push(batch.buffer);
    }
    this.#received = received;
  }
}
