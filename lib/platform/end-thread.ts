import type { Worker } from "node:worker_threads";

/** How long a thread may take to leave by itself before it is ended. */
const LEAVE_MS = 10_000;

/** The message that asks a thread to leave: it closes its port. */
export const LEAVE = null;

/**
 * Ends a thread that uses libc(). It is asked (`LEAVE`) rather than terminated: a thread that is terminated while it loads the library
 * takes the whole process with it. A thread without a message listener must end by itself. After ten seconds it is terminated after all.
 */
export async function endThread(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return; // gone already
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  worker.once("exit", () => resolve());
  worker.once("error", () => {}); // whoever started it has heard of it
  const timer = setTimeout(() => void worker.terminate(), LEAVE_MS);
  worker.postMessage(LEAVE);
  await gone;
  clearTimeout(timer);
}
