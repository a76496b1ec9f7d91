import { Worker } from "node:worker_threads";
import { nextWatch, type WatchEvent, type WatchState } from "./watch-state.ts";
import type { ProbeFacts, ProbeResult } from "./probe-protocol.ts";

/** What is watched, how often, and how long it may take. */
export interface WatchOptions extends ProbeFacts {
  /** Device resource, for the name of the thread. */
  readonly name: string;
  readonly intervalMs: number;
  readonly limitMs: number;
}

/** Who hears of it. */
export interface WatchListener {
  /** A probe is late: from now on nothing that touches the file system is to be waited for. */
  hung(sinceMs: number): void;
  /** It answers again. */
  back(sinceMs: number): void;
  /** The probe failed (told once), or works again (""). */
  failing(reason: string): void;
}

/** The first probe comes this long after the start. */
const FIRST_MS = 1000;

/** Watches the file system of one Archive Device by small writes in a thread of its own [SD-06]. */
export class DeviceWatch implements Disposable {
  readonly #options: WatchOptions;
  readonly #listener: WatchListener;
  #state: WatchState = { kind: "answers", failure: "" };
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;
  #number = 0;
  #isClosed = false;

  constructor(options: WatchOptions, listener: WatchListener) {
    this.#options = options;
    this.#listener = listener;
    this.#plan(Math.min(FIRST_MS, options.intervalMs));
  }

  /** Since when it hangs; undefined if it does not. */
  get hungSinceMs(): number | undefined {
    return this.#state.kind === "hung" ? this.#state.sinceMs : undefined;
  }

  /** The thread is left to itself: one that hangs cannot be ended, and ends when its file system answers. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#limit);
    void this.#worker?.terminate();
  }

  #plan(ms: number): void {
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#probe(), ms).unref();
  }

  #probe(): void {
    this.#worker ??= this.#startThread();
    const number = ++this.#number;
    this.#enter({ kind: "sent", number, atMs: Date.now() });
    this.#worker.postMessage(number);
    this.#limit = setTimeout(() => this.#enter({ kind: "late", number }), this.#options.limitMs).unref();
  }

  #startThread(): Worker {
    const { name, directory, mayWrite } = this.#options;
    const worker = new Worker(new URL("./probe-thread.ts", import.meta.url), {
      workerData: { directory, mayWrite } satisfies ProbeFacts,
      name: `probe ${name}`,
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    worker.unref();
    worker.on("message", (result: ProbeResult) => this.#answered(result));
    worker.on("error", (error) => {
      this.#worker = undefined;
      this.#answered({ number: this.#number, failure: error instanceof Error ? error.message : String(error) });
    });
    return worker;
  }

  #answered({ number, failure }: ProbeResult): void {
    if (this.#isClosed || number !== this.#number) return;
    clearTimeout(this.#limit);
    this.#enter({ kind: "result", number, failure });
    this.#plan(this.#options.intervalMs);
  }

  #enter(event: WatchEvent): void {
    const before = this.#state;
    const after = nextWatch(before, event);
    this.#state = after;
    if (after.kind === "hung" && before.kind !== "hung") this.#listener.hung(after.sinceMs);
    if (after.kind !== "answers") return;
    if (before.kind === "hung") this.#listener.back(before.sinceMs);
    if (after.failure !== (before.kind === "hung" ? "" : before.failure)) this.#listener.failing(after.failure);
  }
}
