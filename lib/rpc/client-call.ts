import type { Duplex } from "node:stream";
import { Metadata, type CallOptions as GrpcCallOptions, type Client } from "@grpc/grpc-js";
import { onAbort } from "#lib/base/abort.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { BidiCall, CallOptions } from "./client.ts";
import { limitReadAhead } from "./grpc-internals.ts";
import { READ_AHEAD_MESSAGES } from "./limits.ts";
import type { ReplyOf, RequestOf } from "./method.ts";
import { SESSION_KEY } from "./session-key.ts";
import { fromStatus } from "./status.ts";
import { pull, StreamWriter } from "./streams.ts";

/** What a call needs of its channel. */
export interface CallPlace {
  readonly grpc: Client;
  /** Name of the far side for messages. */
  readonly who: string;
  /** Token of the login; undefined before it and on pinned connections. */
  readonly session: Buffer | undefined;
}

interface AnyMethod {
  readonly path: string;
  readonly requestSerialize: (value: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

/** The methods of grpc-js that make calls, untyped: messages are typed by our own signatures. */
interface RawClient {
  makeUnaryRequest(
    path: string,
    s: unknown,
    d: unknown,
    request: unknown,
    m: Metadata,
    o: GrpcCallOptions,
    done: (error: unknown, reply: unknown) => void,
  ): { cancel(): void };
  makeBidiStreamRequest(path: string, s: unknown, d: unknown, m: Metadata, o: GrpcCallOptions): Duplex & { cancel(): void };
  makeServerStreamRequest(
    path: string,
    s: unknown,
    d: unknown,
    request: unknown,
    m: Metadata,
    o: GrpcCallOptions,
  ): Duplex & { cancel(): void };
  makeClientStreamRequest(
    path: string,
    s: unknown,
    d: unknown,
    m: Metadata,
    o: GrpcCallOptions,
    done: (error: unknown, reply: unknown) => void,
  ): Duplex & { cancel(): void };
}

/** One request, one reply. */
export function unaryCall<M extends AnyMethod>(
  place: CallPlace,
  method: M,
  request: RequestOf<M>,
  options: CallOptions,
): Promise<ReplyOf<M>> {
  options.signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const call = raw(place).makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadataOf(place),
      grpcOptions(options),
      (error, reply) => {
        cancel?.[Symbol.dispose]();
        if (error === null || error === undefined) resolve(reply as ReplyOf<M>);
        else reject(errorOf(error, place, options));
      },
    );
    const cancel = options.signal && onAbort(options.signal, () => call.cancel());
  });
}

/** Many requests, one reply. Requests are pulled as fast as the transport takes them. */
export async function clientStreamCall<M extends AnyMethod>(
  place: CallPlace,
  method: M,
  requests: AsyncIterable<RequestOf<M>>,
  options: CallOptions,
): Promise<ReplyOf<M>> {
  options.signal?.throwIfAborted();
  const over = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<ReplyOf<M>>();
  promise.catch(() => {}); // it is awaited below; it may fail while requests are still being sent
  const stream = raw(place).makeClientStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    metadataOf(place),
    grpcOptions(options),
    (error, reply) => {
      const failure = error === null || error === undefined ? undefined : errorOf(error, place, options);
      over.abort(failure);
      if (failure === undefined) resolve(reply as ReplyOf<M>);
      else reject(failure);
    },
  );
  stream.on("error", () => {}); // told by the callback
  using _cancel = options.signal === undefined ? undefined : onAbort(options.signal, () => stream.cancel());
  const writer = new StreamWriter<RequestOf<M>>(stream, over.signal);
  try {
    for await (const request of requests) await writer.write(request);
    stream.end();
  } catch (error) {
    stream.cancel();
    if (!over.signal.aborted) throw error;
  }
  return promise;
}

/** One request, many replies. Leaving the loop cancels the call. */
export async function* serverStreamCall<M extends AnyMethod>(
  place: CallPlace,
  method: M,
  request: RequestOf<M>,
  options: CallOptions,
): AsyncGenerator<ReplyOf<M>, void, undefined> {
  options.signal?.throwIfAborted();
  const stream = raw(place).makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    metadataOf(place),
    grpcOptions(options),
  );
  yield* new StreamCall<never, ReplyOf<M>>(stream, place, options);
}

/** Many requests and many replies. */
export function bidiCall<M extends AnyMethod>(
  place: CallPlace,
  method: M,
  options: CallOptions,
): BidiCall<RequestOf<M>, ReplyOf<M>> {
  options.signal?.throwIfAborted();
  const stream = raw(place).makeBidiStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    metadataOf(place),
    grpcOptions(options),
  );
  return new StreamCall<RequestOf<M>, ReplyOf<M>>(stream, place, options);
}

class StreamCall<Request, Reply> implements BidiCall<Request, Reply> {
  readonly #stream: Duplex & { cancel(): void };
  /** Aborts with the call's error; what came before the error can still be read. */
  readonly #failed = new AbortController();
  /** Aborts when the call is over, well or not: nothing more can be written. */
  readonly #over = new AbortController();
  readonly #writer: StreamWriter<Request>;

  constructor(stream: Duplex & { cancel(): void }, place: CallPlace, options: CallOptions) {
    this.#stream = stream;
    this.#writer = new StreamWriter(stream, this.#over.signal);
    limitReadAhead(stream, READ_AHEAD_MESSAGES);
    const cancel = options.signal && onAbort(options.signal, () => stream.cancel());
    stream.on("error", (failure) => {
      const error = errorOf(failure, place, options);
      this.#failed.abort(error);
      this.#over.abort(error);
    });
    stream.once("status", () => {
      cancel?.[Symbol.dispose]();
      // A failure comes as an "error" event in the same turn; what is left then is a good end.
      setImmediate(() => this.#over.abort(new OperatorError("RPC_CONNECTION_LOST", `${place.who} has ended the call`)));
    });
  }

  write(message: Request): Promise<void> {
    return this.#writer.write(message);
  }

  end(): void {
    if (!this.#over.signal.aborted) this.#stream.end();
  }

  cancel(): void {
    if (!this.#over.signal.aborted) this.#stream.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Reply, void, undefined> {
    let finished = false;
    try {
      yield* pull<Reply>(this.#stream, this.#failed.signal);
      finished = true;
    } finally {
      if (!finished) this.cancel();
    }
  }
}

function raw(place: CallPlace): RawClient {
  return place.grpc as unknown as RawClient;
}

function metadataOf(place: CallPlace): Metadata {
  const metadata = new Metadata();
  if (place.session !== undefined) metadata.set(SESSION_KEY, place.session);
  return metadata;
}

function grpcOptions(options: CallOptions): GrpcCallOptions {
  return options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
}

/** When our own signal ended the call, its reason is the error; else what the status says. */
function errorOf(failure: unknown, place: CallPlace, options: CallOptions): Error {
  if (options.signal?.aborted === true && options.signal.reason instanceof Error) return options.signal.reason;
  return fromStatus(failure, place.who);
}
