import { parentPort, workerData } from "node:worker_threads";
import { must } from "#lib/base/assert.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { FileRestorer } from "./file-restorer.ts";
import { LEAVE } from "#lib/platform/end-thread.ts";
import { relocation } from "./relocate.ts";
import { BatchCursor } from "#lib/wire/record.ts";
import type { FromWriter, ToWriter, WriterStart } from "./writer-messages.ts";

/* A thread of a restore: records of whole files in, files on disk out. */

const port = must(parentPort, "the writer runs as a thread");
const start = workerData as WriterStart;
const restorer = new FileRestorer({
  relocation: relocation(start.where, start.regexWhere),
  replace: start.replace,
  numericIds: start.numericIds,
  prefixLinks: start.prefixLinks,
  ignoresDigests: start.ignoresDigests,
  keys: start.keys,
  note: (note, text) => post({ kind: "note", note, text }),
});

function post(message: FromWriter): void {
  port.postMessage(message);
}

port.on("message", (message: ToWriter | typeof LEAVE) => {
  if (message === LEAVE) return port.close();
  try {
    take(message);
  } catch (error) {
    post({ kind: "failed", text: describeError(error) });
  }
});

function take(message: ToWriter): void {
  restorer.session(message.session, message.jobId);
  switch (message.kind) {
    case "records": {
      const { number, buffer, offset, bytes } = message;
      const cursor = new BatchCursor(new Uint8Array(buffer, offset, bytes));
      while (cursor.next()) restorer.record(cursor.fileIndex, cursor.stream, cursor.data);
      restorer.letGo();
      post({ kind: "written", number, counts: { ...restorer.counts } });
      break;
    }
    case "step":
      restorer[message.step]();
      if (message.step === "setDirectories") restorer[Symbol.dispose]();
      post({ kind: "stepDone", step: message.step, counts: { ...restorer.counts } });
      break;
  }
}
