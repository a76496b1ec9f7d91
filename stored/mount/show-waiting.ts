import type { AppendClient } from "./append-client.ts";

/** A Volume that comes within this time is not worth a change of state. */
export const SHOW_WAITING_MS = 2000;

/** Until disposed: when the next Volume is long in coming, all jobs on the device say that they wait for it. */
export function showWaiting(clients: ReadonlyMap<number, AppendClient>): Disposable {
  let isShown = false;
  const timer = setTimeout(() => {
    isShown = true;
    for (const client of clients.values()) client.voice.enter("m");
  }, SHOW_WAITING_MS);
  return {
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      if (isShown) for (const client of clients.values()) client.voice.enter("R");
    },
  };
}
