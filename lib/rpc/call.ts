import type { ReplyOf, RequestOf } from "./method.ts";
import type { RoleName } from "#lib/auth/role.ts";

/** Who calls, as far as the connection and the login proved it. */
export interface CallPeer {
  /** Proven by the login; `undefined` on a "jobKey" or "open" service where nobody has logged in. */
  readonly role: RoleName | undefined;
  /** Resource name that was proven; "" where nobody has logged in. */
  readonly name: string;
  /** SHA-256 of the certificate (DER) with which the TLS connection was made; 32 bytes. */
  readonly certificateSha256: Buffer;
  /** Address and port of the caller, for messages. */
  readonly address: string;
}

/** What a handler knows about the call besides its messages. */
export interface CallContext {
  /** Aborted when the caller cancels or vanishes, when the deadline passes, and when the server stops. */
  readonly signal: AbortSignal;
  readonly peer: CallPeer;
}

/** The function that serves a method: async functions for one reply, async generators for many. */
export type Handler<M> = M extends { readonly requestStream: true; readonly responseStream: true }
  ? (requests: AsyncIterable<RequestOf<M>>, call: CallContext) => AsyncIterable<ReplyOf<M>>
  : M extends { readonly requestStream: true }
    ? (requests: AsyncIterable<RequestOf<M>>, call: CallContext) => Promise<ReplyOf<M>>
    : M extends { readonly responseStream: true }
      ? (request: RequestOf<M>, call: CallContext) => AsyncIterable<ReplyOf<M>>
      : (request: RequestOf<M>, call: CallContext) => Promise<ReplyOf<M>>;

/** A handler for each method of a generated service. */
export type Handlers<S> = { readonly [K in keyof S]: Handler<S[K]> };
