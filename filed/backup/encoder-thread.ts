import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { toTransfer } from "#lib/base/shared-buffer.ts";
import { must } from "#lib/base/assert.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { LEAVE } from "#lib/platform/end-thread.ts";
import { noChunks } from "./chunk-counts.ts";
import type { ChunkCounts } from "./chunk-counts.ts";
import { ChunkRunWriter } from "./chunk-run-writer.ts";
import { ChunkStage } from "./chunk-stage.ts";
import { EncoderOutput } from "./encoder-output.ts";
import { ListSaver } from "./list-saver.ts";
import type { BatchPlace } from "./record-writer.ts";
import { ThreadControl } from "./thread-control.ts";
import { ENCODER_BYTES_MAX } from "./thread-messages.ts";
import type { EncoderStart, EncoderStore, FromEncoder, ToEncoder } from "./thread-messages.ts";

/*
 * A thread that reads files and encodes them as records: lists of walked entries in, batches out, in order. Into a store of chunks it
 * asks, and sends the chunks that the store lacks before the batches that name them. It never waits in the event loop while it has work.
 */

/** Bytes of batches that may be held back for their chunks. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;

const port = must(parentPort, "the encoder runs as a thread");
const start = workerData as EncoderStart;
const control = new ThreadControl(start.control);
const bytesMax = start.store === undefined ? ENCODER_BYTES_MAX.plain : ENCODER_BYTES_MAX.chunked;
const chunkCounts: ChunkCounts = noChunks();

function post(message: FromEncoder, transfer: ArrayBuffer[], bytes: number): void {
  // Counted when it is said, not when the list was done: until then its chunks were not all dealt with.
  if (message.kind === "done" && chunks !== undefined) {
    port.postMessage({ kind: "counts", chunks: chunkCounts } satisfies FromEncoder);
    Object.assign(chunkCounts, noChunks());
  }
  port.postMessage(message, toTransfer(transfer));
  if (bytes > 0) control.produce(start.producer, bytes, bytesMax);
}

/** Read without the event loop, which this thread hardly ever reaches. */
function reuse(): ArrayBuffer | undefined {
  return (receiveMessageOnPort(start.buffers) as { message: ArrayBuffer } | undefined)?.message;
}

const chunkPlace: BatchPlace = {
  full(run) {
    // Before posting: the transfer takes the buffer away.
    const bytes = run.byteLength;
    post({ kind: "chunks", run }, [run.buffer], bytes);
  },
  reuse,
};

function openStage(store: EncoderStore): { readonly stage: ChunkStage; readonly runs: ChunkRunWriter } {
  const runs = new ChunkRunWriter({ place: chunkPlace, level: store.level, counts: chunkCounts });
  let seen = -1;
  const poll = (): Uint8Array | undefined => {
    const mail = control.mail(start.producer);
    if (mail === seen) return undefined;
    const received = receiveMessageOnPort(store.answers) as { message: Uint8Array } | undefined;
    if (received === undefined) seen = mail;
    return received?.message;
  };
  const wait = (): Uint8Array | undefined => {
    for (;;) {
      const mail = control.mail(start.producer);
      const known = poll();
      if (known !== undefined || control.isCanceled) return known;
      control.awaitMail(start.producer, mail);
    }
  };
  const ask = (ids: Uint8Array<ArrayBuffer>): void => post({ kind: "ask", ids }, [ids.buffer], 0);
  const stage = new ChunkStage({ bounds: store.bounds, runs, oracle: { ask, poll, wait }, settled: () => output.release() });
  return { stage, runs };
}

const chunks = start.store === undefined ? undefined : openStage(start.store);
const output = new EncoderOutput({
  post,
  flushChunks: () => chunks?.runs.flush(),
  progress: () => chunks?.stage ?? { mark: 0, settled: 0 },
});
const saver = new ListSaver({
  options: start.options,
  say: (message, transfer, bytes) => output.say(message, transfer, bytes),
  note: (note, text) => post({ kind: "note", note, text }, [], 0),
  control,
  reuse,
  chunks: chunks === undefined ? undefined : { stage: chunks.stage, counts: chunkCounts },
  isRemembering: start.store?.isRemembering === true,
  savedEntry() {
    if (chunks === undefined) return;
    chunks.stage.poll();
    while (output.heldBytes > HELD_BYTES_MAX && !control.isCanceled) settle(chunks.stage);
  },
});

port.on("message", (message: ToEncoder | typeof LEAVE) => {
  try {
    work(message);
  } catch (error) {
    port.postMessage({ kind: "failed", text: describeError(error) } satisfies FromEncoder);
  }
});

/** Goes on as long as there are lists, or chunks that wait for answers. */
function work(first: ToEncoder | typeof LEAVE): void {
  for (let message: ToEncoder | typeof LEAVE | undefined = first; message !== undefined; message = nextMessage()) {
    if (message === LEAVE) return port.close();
    saver.save(message);
  }
}

function nextMessage(): ToEncoder | typeof LEAVE | undefined {
  for (;;) {
    const mail = control.mail(start.producer);
    const received = receiveMessageOnPort(port) as { message: ToEncoder | typeof LEAVE } | undefined;
    if (received !== undefined) return received.message;
    if (chunks === undefined || chunks.stage.isIdle || control.isCanceled) return undefined;
    chunks.stage.ask();
    chunks.stage.poll();
    if (!chunks.stage.isIdle) control.awaitMail(start.producer, mail);
  }
}

/** Waits until chunks are settled, so that what is held back for them can go. */
function settle(stage: ChunkStage): void {
  stage.ask();
  stage.settle();
}
