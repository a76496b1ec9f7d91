import type { EventEmitter } from "node:events";
import type { ServerHttp2Session } from "node:http2";
import type { Readable } from "node:stream";
import {
  ChannelCredentials,
  type CallCredentials,
  type Server,
  type ServerInterceptingCallInterface,
  credentials as grpcCredentials,
} from "@grpc/grpc-js";
import { CompressionFilter } from "@grpc/grpc-js/build/src/compression-filter.js";
import { StreamDecoder } from "@grpc/grpc-js/build/src/stream-decoder.js";
import { BaseServerInterceptingCall } from "@grpc/grpc-js/build/src/server-interceptors.js";
import { invariant } from "#lib/base/assert.ts";
import { bufferFor } from "./received-buffers.ts";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/*
 * What we need of grpc-js beyond its public interface stands here and nowhere else. The version of grpc-js is pinned in
 * package.json; grpc-internals.test.ts fails if any of this is gone after an upgrade.
 */

/** Settings of HTTP/2 that grpc-js has no server option for. */
export interface SessionTuning {
  readonly initialWindowSize: number;
  readonly maxConcurrentStreams: number;
  readonly connectionWindowBytes: number;
}

/** Gives every HTTP/2 session of the server larger windows; without this an upload moves 64 KiB a round trip. */
export function tuneServer(server: Server, tuning: SessionTuning): void {
  const inside = server as unknown as {
    commonServerOptions: { settings?: Record<string, number> };
    createHttp2Server: (credentials: unknown) => EventEmitter;
  };
  invariant(
    typeof inside.commonServerOptions === "object" && typeof inside.createHttp2Server === "function",
    "grpc-js has a server as we know it",
  );
  inside.commonServerOptions.settings = {
    initialWindowSize: tuning.initialWindowSize,
    maxConcurrentStreams: tuning.maxConcurrentStreams,
  };
  const create = inside.createHttp2Server.bind(server);
  inside.createHttp2Server = (credentials) => {
    const http2Server = create(credentials);
    http2Server.on("session", (session: ServerHttp2Session) => session.setLocalWindowSize(tuning.connectionWindowBytes));
    return http2Server;
  };
}

/** Bounds the messages that a call may receive, before memory is taken for them. The call is the one given to the first interceptor. */
export function limitReceivedMessages(call: ServerInterceptingCallInterface, bytesMax: number): void {
  const decoder = (call as unknown as { decoder?: { maxReadMessageLength?: number } }).decoder;
  invariant(typeof decoder?.maxReadMessageLength === "number", "grpc-js has a stream decoder as we know it");
  decoder.maxReadMessageLength = bytesMax;
}

/** Sets how many messages a stream of grpc-js reads ahead (16 by its own choice, which may be 16 times 17 MiB). */
export function limitReadAhead(stream: Readable, messages: number): void {
  const state = (stream as unknown as { _readableState?: { highWaterMark?: number } })._readableState;
  invariant(typeof state?.highWaterMark === "number", "a stream has a read state as we know it");
  state.highWaterMark = messages;
}

/** Bytes of the frame of gRPC before a message: a flag (0: not compressed) and the length. */
const FRAME_BYTES = 5;

const frameable = new WeakSet<Buffer>();

/**
 * Declares that the FRAME_BYTES bytes before this message in its buffer are free, so that its frame is written there. Without this
 * grpc-js copies every message into a new buffer: for file data one copy more and, worse, garbage at the rate of the network.
 */
export function declareFrameRoom(message: Buffer): Buffer {
  invariant(message.byteOffset >= FRAME_BYTES, "a frame fits before the message");
  frameable.add(message);
  return message;
}

/** The message with its frame, in place. Writing the same frame again, after a cut, changes nothing. */
function frameInPlace(message: Buffer): Buffer {
  const framed = Buffer.from(message.buffer, message.byteOffset - FRAME_BYTES, FRAME_BYTES + message.byteLength);
  framed[0] = 0;
  framed.writeUInt32BE(message.byteLength, 1);
  return framed;
}

interface SentMessage {
  readonly message: Buffer;
  readonly flags?: number;
}

interface ServerCallInside {
  serializeMessage(value: unknown): Buffer;
  readonly handler: { serialize(value: unknown): Buffer };
}

/** Teaches both ends of grpc-js to frame declared messages in place; all other messages go their way as before. Done once, on import. */
function frameDeclaredMessagesInPlace(): void {
  const client = CompressionFilter.prototype as unknown as { sendMessage(message: Promise<SentMessage>): Promise<SentMessage> };
  const server = BaseServerInterceptingCall.prototype as unknown as ServerCallInside;
  invariant(
    typeof client.sendMessage === "function" && typeof server.serializeMessage === "function",
    "grpc-js frames messages where we know it",
  );
  const { sendMessage } = client;
  client.sendMessage = async function (this: unknown, message) {
    const sent = await message;
    return frameable.has(sent.message) ? { ...sent, message: frameInPlace(sent.message) } : sendMessage.call(this, message);
  };
  const { serializeMessage } = server;
  server.serializeMessage = function (this: ServerCallInside, value) {
    const message = this.handler.serialize(value);
    if (frameable.has(message)) return frameInPlace(message);
    return serializeMessage.call({ handler: { serialize: () => message } }, value);
  };
}

frameDeclaredMessagesInPlace();

/** Room taken when a message is announced; for a longer one it grows with what has really come. */
const FIRST_ROOM_BYTES = 2 * 1024 * 1024;

/** Cuts what an HTTP/2 stream delivers into messages, each received straight into its buffer. Stands in for grpc-js's own, which collects pieces and then copies them. */
interface DecoderInside {
  readonly maxReadMessageLength: number;
  own?: {
    readonly head: Buffer;
    headBytes: number;
    /** The message at hand, its frame included: room, bytes that are here, bytes that it will have. */
    message: Buffer | undefined;
    hereBytes: number;
    wholeBytes: number;
  };
}

function decodeInPlace(this: DecoderInside, data: Buffer): Buffer[] {
  this.own ??= { head: Buffer.alloc(FRAME_BYTES), headBytes: 0, message: undefined, hereBytes: 0, wholeBytes: 0 };
  const state = this.own;
  const messages: Buffer[] = [];
  for (let at = 0; at < data.byteLength;) {
    if (state.message === undefined) {
      const taken = Math.min(FRAME_BYTES - state.headBytes, data.byteLength - at);
      data.copy(state.head, state.headBytes, at, at + taken);
      state.headBytes += taken;
      at += taken;
      if (state.headBytes < FRAME_BYTES) break;
      const bytes = state.head.readUInt32BE(1);
      if (this.maxReadMessageLength !== -1 && bytes > this.maxReadMessageLength) {
        throw new Error(`Received message larger than max (${bytes} vs ${this.maxReadMessageLength})`);
      }
      state.wholeBytes = FRAME_BYTES + bytes;
      state.message = bufferFor(Math.min(state.wholeBytes, FIRST_ROOM_BYTES));
      state.head.copy(state.message);
      state.hereBytes = FRAME_BYTES;
    }
    if (state.hereBytes === state.message.byteLength && state.hereBytes < state.wholeBytes) {
      const larger = Buffer.allocUnsafeSlow(Math.min(state.wholeBytes, state.hereBytes * 2));
      state.message.copy(larger);
      state.message = larger;
    }
    const taken = Math.min(state.message.byteLength - state.hereBytes, data.byteLength - at);
    data.copy(state.message, state.hereBytes, at, at + taken);
    state.hereBytes += taken;
    at += taken;
    if (state.hereBytes < state.wholeBytes) continue;
    messages.push(state.message);
    state.message = undefined;
    state.headBytes = 0;
  }
  return messages;
}

function receiveMessagesInPlace(): void {
  const decoder = StreamDecoder.prototype as unknown as { write: typeof decodeInPlace };
  invariant(typeof decoder.write === "function", "grpc-js has a stream decoder as we know it");
  decoder.write = decodeInPlace;
}

receiveMessagesInPlace();

/** How the one connection of a channel is made. */
export interface SecureConnect {
  /** Whether a connection may still be made. grpc-js tries again by itself, even after its channel was closed. */
  mayConnect(): boolean;
  /** Makes a TLS connection of a TCP socket and checks the far side; rejects if it is not acceptable. */
  connect(socket: Socket): Promise<TLSSocket>;
}

/**
 * Channel credentials whose TLS connection is made and judged by our own function. grpc-js asks for a "secure connector"; its own
 * one cannot accept self-signed peers and still show us their certificate.
 */
export class OwnTlsCredentials extends ChannelCredentials {
  readonly #connect: SecureConnect;

  constructor(connect: SecureConnect) {
    super();
    this.#connect = connect;
  }

  override compose(): ChannelCredentials {
    throw new Error("call credentials are not used here");
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(_target: unknown, _options: unknown, callCredentials?: CallCredentials): SecureConnector {
    const means = this.#connect;
    return {
      connect: async (socket) => ({ socket: await means.connect(socket), secure: true }),
      waitForReady: async () => {
        if (!means.mayConnect()) throw new Error("this channel is finished"); // before a TCP connection is made
      },
      getCallCredentials: () => callCredentials ?? grpcCredentials.createEmpty(),
      destroy: () => {},
    };
  }
}

interface SecureConnector {
  connect(socket: Socket): Promise<{ socket: Socket; secure: boolean }>;
  waitForReady(): Promise<void>;
  getCallCredentials(): CallCredentials;
  destroy(): void;
}
