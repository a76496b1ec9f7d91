import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "./clock.ts";
import { backoffMs, ordinaryBackoff, retry } from "./retry.ts";

/** A clock on which no time passes while it sleeps. */
const noWait: Clock = {
  nowMs: () => 0,
  monotonicMs: () => 0,
  sleep: async (_ms, signal) => {
    await new Promise(setImmediate);
    signal?.throwIfAborted();
  },
};

test("waits double up to the bound", () => {
  const waits = [1, 2, 3, 10, 1000].map((attempt) => backoffMs(ordinaryBackoff, attempt, 0));
  assert.deepEqual(waits, [500, 1000, 2000, 30_000, 30_000]);
});

test("a failure that may pass is tried again, another is not", async () => {
  const clock = noWait;
  let attempts = 0;
  const result = retry(
    async () => {
      attempts += 1;
      if (attempts < 3) throw new Error("busy");
      return attempts;
    },
    { clock, signal: AbortSignal.timeout(60_000), isRetryable: (error) => (error as Error).message === "busy" },
  );
  assert.equal(await result, 3);
  await assert.rejects(
    retry(async () => Promise.reject(new Error("wrong")), {
      clock,
      signal: AbortSignal.timeout(1000),
      isRetryable: () => false,
    }),
    /wrong/,
  );
});

test("an abort ends the wait between attempts with the signal's reason", async () => {
  const controller = new AbortController();
  const clock = noWait;
  const result = retry(async () => Promise.reject(new Error("busy")), {
    clock,
    signal: controller.signal,
    isRetryable: () => true,
  });
  setImmediate(() => controller.abort(new Error("job canceled")));
  await assert.rejects(result, /job canceled/);
});
