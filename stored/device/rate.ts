/** A rate that is no older than this counts for what happens now. */
const FRESH_MS = 10_000;

/** Counts bytes over time. */
export class Rate {
  #bytes = 0;
  #startMs = 0;
  #lastMs = 0;

  /** Begins anew, e.g. with another Volume. */
  begin(nowMs: number): void {
    this.#bytes = 0;
    this.#startMs = nowMs;
    this.#lastMs = nowMs;
  }

  add(bytes: number, nowMs: number): void {
    if (nowMs - this.#lastMs > FRESH_MS) this.begin(nowMs);
    this.#bytes += bytes;
    this.#lastMs = nowMs;
  }

  /** Bytes a second since the begin; undefined when nothing has happened for a while. */
  perSecond(nowMs: number): number | undefined {
    if (this.#bytes === 0 || nowMs - this.#lastMs > FRESH_MS) return undefined;
    return (this.#bytes / Math.max(1, nowMs - this.#startMs)) * 1000;
  }
}

/** `12.3 MB/s`, as reports and status show it. */
export function megabytesText(bytesPerSecond: number): string {
  const megabytes = bytesPerSecond / 1e6;
  return `${megabytes.toFixed(megabytes < 10 ? 2 : 1)} MB/s`;
}
