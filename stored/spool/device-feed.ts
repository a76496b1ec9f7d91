import { abortable } from "#lib/base/abort.ts";
import { Changes } from "../job/changes.ts";

/** Where a spool's batches go. */
export interface SpoolTarget {
  /** Hands a batch to the device. */
  append(number: number, batch: Uint8Array): void;
  /** Has blocks written that are not full. */
  flush(): Promise<void>;
}

/** Bytes that may be handed over and not yet on the medium. */
const UNDER_WAY_BYTES_MAX = 16 * 1024 * 1024;

/** Hands batches to a device as fast as it writes them. */
export class DeviceFeed {
  readonly #target: SpoolTarget;
  readonly #signal: AbortSignal;
  readonly #changes = new Changes();
  readonly #underWay: { readonly number: number; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(target: SpoolTarget, signal: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
  }

  /** Hands a batch over when there is room for it. */
  async append(number: number, batch: Uint8Array): Promise<void> {
    await this.#changes.until(() => this.#bytes < UNDER_WAY_BYTES_MAX, this.#signal);
    const bytes = batch.byteLength;
    this.#underWay.push({ number, bytes });
    this.#bytes += bytes;
    this.#target.append(number, batch);
  }

  /** Batches up to this number are on the medium. */
  written(number: number): void {
    while ((this.#underWay[0]?.number ?? Number.POSITIVE_INFINITY) <= number) {
      this.#bytes -= this.#underWay.shift()?.bytes ?? 0;
    }
    this.#changes.notify();
  }

  /** Resolves when all that was handed over is on the medium. A device that hangs is not waited for behind the signal. */
  async drain(): Promise<void> {
    if (this.#underWay.length > 0) await abortable(this.#target.flush(), this.#signal);
    await this.#changes.until(() => this.#underWay.length === 0, this.#signal);
  }
}
