import type { Duplex, Readable, Writable } from "node:stream";
import type { EventEmitter } from "node:events";
import type { handleUnaryCall, Metadata, UntypedHandleCall } from "@grpc/grpc-js";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { abortable } from "#lib/base/abort.ts";
import type { CallContext } from "./call.ts";
import { bindConnection, type Connection } from "./connection.ts";
import { limitReadAhead } from "./grpc-internals.ts";
import { READ_AHEAD_MESSAGES } from "./limits.ts";
import type { MethodShape } from "./method.ts";
import { toStatus } from "./status.ts";
import { pull, StreamWriter } from "./streams.ts";

/** A call that is being served. */
export interface RunningCall {
  readonly path: string;
  /** Ends the call with this error: its signal aborts. */
  abort(reason: OperatorError): void;
  /** Settled when the handler has let go. Never rejects. */
  readonly done: Promise<void>;
}

/** What serving a call needs of the server. */
export interface CallHost {
  /** The connection of the call that carries this metadata. */
  connectionOf(metadata: Metadata): Connection;
  begun(call: RunningCall): void;
  ended(call: RunningCall): void;
  /** An error that is not for operators: it is a fault of ours. */
  failed(path: string, error: unknown): void;
}

type AnyHandler = (requests: unknown, call: CallContext) => unknown;
type SurfaceCall = EventEmitter & { readonly metadata: Metadata; readonly request?: unknown };

/** Adapts one of our handlers to what grpc-js registers. */
export function serveCall(host: CallHost, path: string, shape: MethodShape, handler: AnyHandler): UntypedHandleCall {
  switch (shape) {
    case "unary":
    case "clientStream":
      return ((surface: SurfaceCall, callback: Parameters<handleUnaryCall<unknown, unknown>>[1]) => {
        void run(host, path, surface, async (call) => {
          const requests = shape === "unary" ? surface.request : pulled(surface, call.signal);
          callback(null, await answer(handler(requests, call) as Promise<unknown>, call.signal));
        }).then((error) => {
          if (error !== undefined) callback(error);
        });
      }) as unknown as UntypedHandleCall;
    case "serverStream":
    case "bidi":
      return ((surface: SurfaceCall & Duplex) => {
        void run(host, path, surface, async (call) => {
          const requests = shape === "serverStream" ? surface.request : pulled(surface, call.signal);
          await pump(handler(requests, call) as AsyncIterable<unknown>, surface, call.signal);
          surface.end();
        }).then((error) => {
          if (error !== undefined) surface.emit("error", Object.assign(new Error(error.details), error));
        });
      }) as unknown as UntypedHandleCall;
  }
}

function pulled(surface: SurfaceCall, signal: AbortSignal): AsyncIterable<unknown> {
  limitReadAhead(surface as unknown as Readable, READ_AHEAD_MESSAGES);
  return pull(surface as unknown as Readable, signal);
}

/** Sends what a handler yields; it is resumed only when the transport has room. */
async function pump(replies: AsyncIterable<unknown>, stream: Writable, signal: AbortSignal): Promise<void> {
  const writer = new StreamWriter<unknown>(stream, signal);
  const iterator = replies[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const next = await abortable(iterator.next(), signal);
      if (next.done === true) break;
      await writer.write(next.value);
    }
    finished = true;
  } finally {
    if (!finished) await letGo(iterator.return?.());
  }
}

/** How long a handler may take to let go after its call was aborted, before the call is closed without it. */
const LET_GO_MS_MAX = 10_000;

async function letGo(work: Promise<unknown> | undefined): Promise<void> {
  await abortable(Promise.resolve(work), AbortSignal.timeout(LET_GO_MS_MAX)).catch(() => {});
}

/** The handler's one reply. When the call is aborted first, the handler has a while to let go. */
async function answer(reply: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  try {
    return await abortable(reply, signal);
  } finally {
    if (signal.aborted) await letGo(reply);
  }
}

/** Runs a call to its end; answers the status to send, or undefined when it went well. */
async function run(host: CallHost, path: string, surface: SurfaceCall, body: (call: CallContext) => Promise<void>) {
  const connection = host.connectionOf(surface.metadata);
  const controller = new AbortController();
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const running: RunningCall = { path, abort: (reason) => controller.abort(reason), done };
  const call: CallContext = {
    signal: controller.signal,
    peer: {
      role: connection.session?.role,
      name: connection.session?.name ?? "",
      certificateSha256: connection.peer.sha256,
      address: connection.address,
    },
  };
  bindConnection(call, connection);
  surface.once("cancelled", () => controller.abort(new OperatorError("CANCELED", `${connection.address} has left the call`)));
  surface.on("error", () => {}); // grpc-js itself turns it into the status
  host.begun(running);
  connection.callsOpen += 1;
  try {
    await body(call);
    return undefined;
  } catch (error) {
    if (!(error instanceof OperatorError)) host.failed(path, error);
    return toStatus(error);
  } finally {
    connection.callsOpen -= 1;
    host.ended(running);
    resolve();
  }
}
