/* A thread that verifies new chunks: expands each and compares it with its identity, before the store takes it. */
import { parentPort } from "node:worker_threads";
import { toTransfer } from "#lib/base/shared-buffer.ts";
import { must } from "#lib/base/assert.ts";
import { carried } from "#lib/errors/carried-error.ts";
import { FrameVerifier } from "./verify-frames.ts";
import type { CarriedError } from "#lib/errors/carried-error.ts";
import type { FromVerifier, ToVerifier } from "./store-protocol.ts";

const port = must(parentPort, "a parent: this file runs as a worker thread");
const verifier = new FrameVerifier();

port.on("message", ({ id, frames, plainBytesMax }: ToVerifier) => {
  const error = errorOf(frames, plainBytesMax);
  const reply: FromVerifier = { id, frames, error };
  port.postMessage(reply, toTransfer([frames.buffer]));
});

function errorOf(frames: Uint8Array, plainBytesMax: number): CarriedError | undefined {
  try {
    verifier.verify(frames, plainBytesMax);
    return undefined;
  } catch (error) {
    return carried(error);
  }
}
