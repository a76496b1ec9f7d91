import { OperatorError } from "#lib/errors/operator-error.ts";
import { abortable } from "#lib/base/abort.ts";
import type { Changes } from "../job/changes.ts";
import type { JobVoice } from "../job/job-voice.ts";

/** What a wait for an operator is made of. */
export interface OperatorWaitOptions {
  readonly voice: JobVoice;
  /** Notified when something was done that may end the wait. */
  readonly poke: Changes;
  /** Most time for all waits together. */
  readonly maxWaitMs: number;
  readonly signal: AbortSignal;
  /** Longest gap between two looks; five minutes if not given. */
  readonly gapMsMax?: number | undefined;
}

/** First gap between two looks; it doubles up to the longest. */
const GAP_MS_FIRST = 5000;
const GAP_MS_MAX = 300_000;

/** The request is shown again after this, then after twice as long, and so on. */
const REPEAT_MS_FIRST = 3_600_000;

/** The waits of one search for a Volume: for an operator, or for another job that lets go of what is needed. */
export class OperatorWait {
  readonly #options: OperatorWaitOptions;
  #deadline = 0;
  #gapMs = GAP_MS_FIRST;
  #lastText = "";
  #repeatAt = 0;
  #repeatMs = REPEAT_MS_FIRST;
  /** What is done while the caller looks counts too. */
  #poked: Promise<void>;

  constructor(options: OperatorWaitOptions) {
    this.#options = options;
    this.#poked = options.poke.next;
    this.begin();
  }

  /** Something else is needed than before: the time allowed begins, and what is needed is told again. */
  begin(): void {
    const { poke, maxWaitMs, gapMsMax } = this.#options;
    this.#poked = poke.next;
    this.#deadline = performance.now() + maxWaitMs;
    this.#gapMs = Math.min(GAP_MS_FIRST, gapMsMax ?? GAP_MS_MAX);
    this.#lastText = "";
    this.#repeatMs = REPEAT_MS_FIRST;
  }

  /** The answer to something that is asked, in what is left of the time allowed; JOB_NO_VOLUME with `late` when that is over. */
  async atMost<T>(ask: (signal: AbortSignal) => Promise<T>, late: string): Promise<T> {
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new OperatorError("JOB_NO_VOLUME", this.#lastText === "" ? late : notHelped(this.#lastText))),
      Math.max(0, this.#deadline - performance.now()),
    );
    try {
      return await ask(AbortSignal.any([this.#options.signal, timeout.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Tells the operator what is needed and waits until something was done or it is time to look again. JOB_NO_VOLUME when the time for
   * waiting is over; rejects with the signal's reason.
   */
  async until(state: "m" | "M", text: string): Promise<void> {
    const { voice, poke, signal } = this.#options;
    const now = performance.now();
    if (now >= this.#deadline) throw new OperatorError("JOB_NO_VOLUME", notHelped(text));
    voice.enter(state);
    if (text !== this.#lastText || now >= this.#repeatAt) {
      if (text === this.#lastText) this.#repeatMs *= 2;
      this.#lastText = text;
      this.#repeatAt = now + this.#repeatMs;
      voice.say("mount", text);
    }
    const gap = Math.min(this.#gapMs, this.#deadline - now);
    this.#gapMs = Math.min(this.#gapMs * 2, this.#options.gapMsMax ?? GAP_MS_MAX);
    await thenOrLater(this.#poked, gap, signal);
    this.#poked = poke.next;
    voice.enter("R");
  }
}

function notHelped(text: string): string {
  return `no operator helped within the time allowed: ${text}`;
}

/** Waits for the promise, at most so long. */
async function thenOrLater(promise: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), ms);
  try {
    await abortable(promise, AbortSignal.any([signal, timeout.signal]));
  } catch (error) {
    if (signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
}
