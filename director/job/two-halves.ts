import { abortable } from "#lib/base/abort.ts";
import type { Clock } from "#lib/base/clock.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import type { JobEnd } from "#proto/job.ts";

/** How one daemon's half came to its end as the Director saw it. */
export type HalfEnd = { readonly kind: "ended"; readonly end: JobEnd } | { readonly kind: "lost"; readonly reason: string };

/** Whether the Director hears of the half at the moment. */
export type LinkState = "connected" | "lost";

/** One daemon's half of a running job. */
export interface Half {
  /** Follows the event log to its end; rejects when the signal aborts or the daemon does not know the job. */
  follow(signal: AbortSignal, onLink: (state: LinkState, reason: string) => void): Promise<JobEnd>;
  /** Tells the daemon to stop its half; bounded in time. May reject: the daemon cannot be reached. */
  cancel(): Promise<void>;
  /** A half that cannot be reached is given up after this time, once nothing is to be hoped from the other one. */
  readonly lostMs: number;
}

export interface SupervisionOptions {
  readonly clock: Clock;
  /** The job's own signal: aborted when it is canceled. */
  readonly signal: AbortSignal;
  /** Aborts when the Director stops: nobody is told to stop then, following just ends. */
  readonly leaving: AbortSignal;
  /** When one half has ended badly the other one is told to stop after this time, unless it ends by itself. */
  readonly graceMs: number;
  /** A half that was told to stop and does not end is given up after this time. */
  readonly cancelMs: number;
}

/**
 * Follows both halves of a job to their ends. Neither can hold the job up for ever: a half that failed takes the other one with
 * it, a canceled or unreachable daemon is given up in time. Rejects with the reason of `leaving`, both daemons going on.
 */
export async function superviseHalves(
  halves: { readonly fd: Half | HalfEnd; readonly sd: Half | HalfEnd },
  options: SupervisionOptions,
): Promise<{ readonly fd: HalfEnd; readonly sd: HalfEnd }> {
  const fd = new HalfFollower(halves.fd, options);
  const sd = new HalfFollower(halves.sd, options);
  fd.meet(sd);
  sd.meet(fd);
  const cancel = () => {
    fd.stop(0);
    sd.stop(0);
  };
  if (options.signal.aborted) cancel();
  options.signal.addEventListener("abort", cancel, { once: true });
  try {
    const [fdEnd, sdEnd] = await abortable(Promise.all([fd.run(), sd.run()]), options.leaving);
    return { fd: fdEnd, sd: sdEnd };
  } finally {
    fd.leave();
    sd.leave();
    options.signal.removeEventListener("abort", cancel);
  }
}

/** True for a half after which the other one still has something to do: it did what it was asked to, or as much as it could. */
export function endedWell(half: HalfEnd): boolean {
  return half.kind === "ended" && ["T", "W", "I"].includes(half.end.status);
}

class HalfFollower {
  readonly #half: Half | null;
  readonly #options: SupervisionOptions;
  readonly #giveUp = new AbortController();
  readonly #stopTimers = new AbortController();
  #other: HalfFollower | null = null;
  #end: HalfEnd | null = null;
  #link: LinkState = "connected";
  #lostReason = "";
  #isStopping = false;
  #lostTimer: AbortController | null = null;

  constructor(half: Half | HalfEnd, options: SupervisionOptions) {
    this.#half = "kind" in half ? null : half;
    this.#end = "kind" in half ? half : null;
    this.#options = options;
  }

  meet(other: HalfFollower): void {
    this.#other = other;
  }

  async run(): Promise<HalfEnd> {
    this.#end ??= await this.#follow();
    this.#stopTimers.abort();
    this.#lostTimer?.abort();
    this.#other?.otherEnded(endedWell(this.#end));
    return this.#end;
  }

  /** The other half has ended: after a bad end this one has nothing left to do; after a good one it is awaited while it can be heard. */
  otherEnded(well: boolean): void {
    if (this.#end !== null) return;
    if (well) this.#watchLink();
    else this.stop(this.#options.graceMs);
  }

  /** Tells the daemon to stop after `afterMs`, and gives it up if it does not end then. */
  stop(afterMs: number): void {
    if (this.#isStopping || this.#end !== null || this.#half === null) return;
    this.#isStopping = true;
    void this.#stopAfter(afterMs, this.#half);
  }

  /** Nobody waits for this half any more: it is neither followed nor stopped. */
  leave(): void {
    if (this.#end !== null) return;
    this.#isStopping = true;
    this.#stopTimers.abort();
    this.#lostTimer?.abort();
    this.#giveUp.abort(new Error("the Director stops"));
  }

  get isLostOrEnded(): boolean {
    return this.#end !== null || this.#link === "lost";
  }

  async #follow(): Promise<HalfEnd> {
    try {
      const end = await this.#half!.follow(this.#giveUp.signal, (state, reason) => {
        this.#link = state;
        this.#lostReason = reason;
        this.#watchLink();
        this.#other?.linkOfOtherChanged();
      });
      return { kind: "ended", end };
    } catch (error) {
      return {
        kind: "lost",
        reason: this.#giveUp.signal.aborted ? String((this.#giveUp.signal.reason as Error).message) : describeError(error),
      };
    }
  }

  linkOfOtherChanged(): void {
    if (this.#end === null) this.#watchLink();
  }

  /** While the half cannot be heard and the other one does not speak for it either, its time runs. */
  #watchLink(): void {
    const isHopeless = this.#link === "lost" && (this.#other?.isLostOrEnded ?? true);
    if (!isHopeless) {
      this.#lostTimer?.abort();
      this.#lostTimer = null;
    } else if (this.#lostTimer === null && this.#half !== null) {
      this.#lostTimer = new AbortController();
      void this.#giveUpAfter(this.#half.lostMs, this.#lostTimer.signal, `given up: ${this.#lostReason}`);
    }
  }

  async #stopAfter(afterMs: number, half: Half): Promise<void> {
    try {
      if (afterMs > 0) await this.#options.clock.sleep(afterMs, this.#stopTimers.signal);
    } catch {
      return; // ended by itself meanwhile
    }
    const told = half.cancel().then(
      () => "it was told to stop and did not end",
      (error: unknown) => `it could not be told to stop: ${describeError(error)}`,
    );
    await this.#giveUpAfter(this.#options.cancelMs, this.#stopTimers.signal, await told);
  }

  async #giveUpAfter(ms: number, signal: AbortSignal, reason: string): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, signal);
    } catch {
      return; // ended, or heard of again
    }
    this.#giveUp.abort(new Error(reason));
  }
}
