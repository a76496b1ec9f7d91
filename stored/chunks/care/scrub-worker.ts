/* A thread that reads containers for a scrub, so that the store's own thread has its time for jobs. */
import { parentPort } from "node:worker_threads";
import { must } from "#lib/base/assert.ts";
import { LEAVE } from "#lib/platform/end-thread.ts";
import { scrubContainer } from "./scrub-container.ts";

const port = must(parentPort, "a parent: this file runs as a worker thread");

port.on("message", (path: string | typeof LEAVE) => {
  if (path === LEAVE) port.close();
  else void scrubContainer(path).then((found) => port.postMessage(found));
});
