import type { Worker } from "node:worker_threads";

/** How long a thread may take to end: one that is busy in the kernel ends when the kernel lets it. */
const END_MS_MAX = 5000;

/** Ends a thread; one that hangs in its file system is left to itself, so that the daemon can stop all the rest. */
export async function endSoon(worker: Worker): Promise<void> {
  await soon(worker.terminate());
}

/** Waits for work that ends a thread's task, but not for ever. */
export async function soon(work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, END_MS_MAX);
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
