import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { must } from "#lib/base/assert.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { LEAVE } from "#lib/platform/end-thread.ts";
import { EntryCursor } from "#filed/walk/entry.ts";
import { RecordWriter } from "./record-writer.ts";
import { FileSaver } from "./save-file.ts";
import type { SaveCounts } from "./save-file.ts";
import { ThreadControl } from "./thread-control.ts";
import { ENCODER_BYTES_MAX } from "./thread-messages.ts";
import type { EncoderStart, FromEncoder, Retry, ToEncoder } from "./thread-messages.ts";

/* A thread that reads files and encodes them as records: lists of walked entries in, batches out, in order. */

const port = must(parentPort, "the encoder runs as a thread");
const start = workerData as EncoderStart;
const control = new ThreadControl(start.control);
let ordinal = 0;

const writer = new RecordWriter({
  full(batch) {
    // Before posting: the transfer takes the buffer away.
    const bytes = batch.byteLength;
    port.postMessage({ kind: "batch", ordinal, batch } satisfies FromEncoder, [batch.buffer]);
    control.produce(start.producer, bytes, ENCODER_BYTES_MAX);
  },
  // Read without the event loop, which this thread hardly ever reaches.
  reuse: () => (receiveMessageOnPort(start.buffers) as { message: ArrayBuffer } | undefined)?.message,
});
const saver = new FileSaver({
  writer,
  options: start.options,
  note: (note, text) => port.postMessage({ kind: "note", note, text } satisfies FromEncoder),
  isCanceled: () => control.isCanceled,
  links: control,
});

port.on("message", (message: ToEncoder | typeof LEAVE) => {
  if (message === LEAVE) return port.close();
  try {
    port.postMessage(saveList(message));
  } catch (error) {
    port.postMessage({ kind: "failed", text: describeError(error) } satisfies FromEncoder);
  }
});

function saveList(message: ToEncoder): FromEncoder {
  ordinal = message.ordinal;
  const before: SaveCounts = { ...saver.counts };
  const cursor = new EntryCursor(message.list);
  const retries: Retry[] = [];
  let lastPath = "";
  while (!control.isCanceled && cursor.next()) {
    if (saver.save(cursor, message.isLastTry) === "retry")
      retries.push({ path: cursor.path, type: cursor.type, options: cursor.options });
    else lastPath = cursor.path;
  }
  writer.flush();
  return { kind: "done", ordinal, counts: difference(saver.counts, before), retries, lastPath };
}

function difference(after: SaveCounts, before: SaveCounts): SaveCounts {
  return {
    files: after.files - before.files,
    bytes: after.bytes - before.bytes,
    readBytes: after.readBytes - before.readBytes,
    errors: after.errors - before.errors,
    missing: after.missing - before.missing,
  };
}
