/*
 * Tries out one Archive Device, when it is asked to: all that may hang with its file system happens on this thread. It holds nothing
 * and nobody waits for its end.
 */
import { closeSync, constants, fsyncSync, openSync, readdirSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { must } from "#lib/base/assert.ts";
import { PROBE_NAME, type ProbeFacts, type ProbeResult } from "./probe-protocol.ts";

const port = must(parentPort, "a parent: this file runs as a worker thread");
const { directory, mayWrite } = workerData as ProbeFacts;

port.on("message", (number: number) => {
  port.postMessage({ number, failure: probe() } satisfies ProbeResult);
});

/** Why the directory cannot be used; "" if it can. That it is full is no fault here: whoever writes learns of it himself. */
function probe(): string {
  try {
    if (mayWrite) touch(join(directory, PROBE_NAME));
    else readdirSync(directory);
    return "";
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOSPC" || code === "UNKNOWN" ? "" : message;
  }
}

/** Never follows a link that somebody put there, and never opens a FIFO of that name for ever. */
function touch(path: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  try {
    writeSync(fd, "probe\n");
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  unlinkSync(path);
}
