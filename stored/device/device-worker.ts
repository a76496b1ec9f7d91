/* The thread of one device: everything that waits for the medium, computes checksums or copies file data happens here. */
import { parentPort, workerData } from "node:worker_threads";
import { isShared, toTransfer } from "#lib/base/shared-buffer.ts";
import { impossible, must } from "#lib/base/assert.ts";
import { carried } from "#lib/errors/carried-error.ts";
import { DeviceServer } from "./device-server.ts";
import type { DeviceThreadOptions, FromDevice, ToDevice } from "./device-protocol.ts";

const port = must(parentPort, "a parent: this file runs as a worker thread");
const options = workerData as DeviceThreadOptions;
const server = new DeviceServer(options, (report) => {
  post(
    { kind: "report", report },
    report.attributes.map(({ batch }) => batch.buffer),
  );
});

/** A sender that waits for its acknowledgement must not wait for ever: after this silence also blocks that are not full are written. */
const IDLE_MS = 250;
/** Where chunks come between records, records wait no longer than this: later chunks are not acknowledged before them. */
const LATE_MS = 40;
let idle: NodeJS.Timeout | undefined;
let isDrainPlanned = false;

port.on("message", (message: ToDevice) => {
  switch (message.kind) {
    case "append":
      return append(message);
    case "call":
      return void answer(message);
    default:
      return impossible(message, "device worker");
  }
});

function append(message: Extract<ToDevice, { kind: "append" }>): void {
  try {
    server.engine.append(message.sessionId, message.number, message.batch);
    if (isShared(message.batch.buffer)) post({ kind: "spent", buffer: message.batch.buffer as ArrayBuffer });
  } catch (error) {
    post({ kind: "sessionFailed", sessionId: message.sessionId, error: carried(error) });
  }
  if (!isDrainPlanned) {
    // After the messages that are here already, so that several batches go out in one write.
    isDrainPlanned = true;
    setImmediate(() => {
      isDrainPlanned = false;
      server.engine.drain();
    });
  }
  if (idle === undefined) idle = setTimeout(flush, options.hasStore ? LATE_MS : IDLE_MS);
  else if (!options.hasStore) idle.refresh();
}

function flush(): void {
  idle = undefined;
  server.engine.flush();
}

async function answer({ id, name, argument }: Extract<ToDevice, { kind: "call" }>): Promise<void> {
  try {
    const value = await server.call(name, argument as never);
    post({ kind: "result", id, value }, buffersOf(value));
  } catch (error) {
    post({ kind: "failure", id, error: carried(error) });
  }
}

/** Batches of a read result go over without a copy. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (typeof value !== "object" || value === null || !("items" in value)) return [];
  return (value.items as { readonly batch?: Uint8Array<ArrayBuffer> }[]).flatMap((item) =>
    item.batch === undefined ? [] : [item.batch.buffer],
  );
}

function post(message: FromDevice, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, toTransfer(transfer));
}
