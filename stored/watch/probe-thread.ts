/*
 * Tries out one Archive Device, when it is asked to: all that may hang with its file system happens on this thread. It holds nothing
 * and nobody waits for its end.
 */
import { closeSync, constants, fsyncSync, openSync, readdirSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { must } from "#lib/base/assert.ts";
import { PROBE_NAME, type ProbeFacts, type ProbeResult } from "./probe-protocol.ts";

/** Linux's flag for a file without a name, which Node does not list; and what file systems say that have no such files. */
const O_TMPFILE = 0o20000000;
const NAMELESS_UNKNOWN = new Set(["EOPNOTSUPP", "ENOTSUP", "EISDIR", "EINVAL"]);

const port = must(parentPort, "a parent: this file runs as a worker thread");
const { directory, mayWrite } = workerData as ProbeFacts;

port.on("message", (number: number) => {
  port.postMessage({ number, failure: probe() } satisfies ProbeResult);
});

/** Why the directory cannot be used; "" if it can. That it is full is no fault here: whoever writes learns of it himself. */
function probe(): string {
  try {
    if (mayWrite) write();
    else readdirSync(directory);
    return "";
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOSPC" || code === "UNKNOWN" ? "" : message;
  }
}

/** Writes a few bytes durably: in a file without a name, so that nobody meets it; where the file system knows none, in a hidden one. */
function write(): void {
  try {
    writeTo(openSync(directory, constants.O_WRONLY | constants.O_DIRECTORY | O_TMPFILE, 0o600));
  } catch (error) {
    if (!NAMELESS_UNKNOWN.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    const path = join(directory, PROBE_NAME);
    // Never through a link that somebody put there, and never for ever into a FIFO of that name.
    writeTo(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600));
    unlinkSync(path);
  }
}

function writeTo(fd: number): void {
  try {
    writeSync(fd, "probe\n");
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
