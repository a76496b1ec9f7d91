import type { Clock } from "#lib/base/clock.ts";
import { backoffMs } from "#lib/base/retry.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { isRetryable } from "#lib/rpc/status.ts";

/** How a lost connection to the storage daemon is taken up again. */
export interface ReconnectOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Longest time without a connection; then STORAGE_UNREACHABLE. */
  readonly lostMsMax: number;
  /** Name of the storage daemon, for messages. */
  readonly who: string;
  /** Told once when the connection is lost and once when it is back. */
  readonly onState: (state: "lost" | "back", text: string) => void;
}

const BACKOFF = { firstMs: 250, maxMs: 10_000, factor: 2, jitter: 0.2 };

/**
 * Repeats `session` until it answers true (all done). A session that fails in a way that dialling again may mend is begun anew;
 * `progressed` must be called in it whenever the far side shows that it is there, which starts the time anew.
 */
export async function keepConnected(
  session: (progressed: () => void) => Promise<boolean>,
  options: ReconnectOptions,
): Promise<void> {
  const { clock, signal } = options;
  let lastContactMs = clock.monotonicMs();
  let attempt = 0;
  let isLost = false;
  const progressed = (): void => {
    lastContactMs = clock.monotonicMs();
    attempt = 0;
    if (!isLost) return;
    isLost = false;
    options.onState("back", `The connection to ${options.who} is back.`);
  };
  for (;;) {
    signal.throwIfAborted();
    try {
      if (await session(progressed)) return;
    } catch (error) {
      signal.throwIfAborted();
      if (!isRetryable(error)) throw error;
      const lostMs = clock.monotonicMs() - lastContactMs;
      if (lostMs > options.lostMsMax) {
        throw new OperatorError(
          "STORAGE_UNREACHABLE",
          `${options.who} could not be reached for ${Math.round(lostMs / 1000)} seconds`,
          { cause: error },
        );
      }
      if (!isLost) options.onState("lost", `The connection to ${options.who} is lost: ${describeError(error)}. Trying again.`);
      isLost = true;
      await clock.sleep(backoffMs(BACKOFF, ++attempt, Math.random()), signal);
    }
  }
}
