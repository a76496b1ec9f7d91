import type { ReplyOf, RequestOf } from "./method.ts";
import type { RoleName } from "./role.ts";
import type { RpcLog } from "./server.ts";
import type { TlsIdentity } from "#lib/auth/identity.ts";
import type { Login } from "#lib/auth/account.ts";
import type { TlsSettings } from "#lib/auth/tls-settings.ts";
import type { HelloReply } from "#proto/auth.ts";

/** What a client is made of. */
export interface RpcClientOptions {
  readonly self: { readonly role: RoleName; readonly name: string; readonly identity: TlsIdentity };
  /** Whom we expect to reach; name "" if it is not known. */
  readonly server: { readonly role: RoleName; readonly name: string };
  /** Host name or address. */
  readonly address: string;
  readonly port: number;
  readonly login: Login;
  readonly tls: TlsSettings;
  readonly release?: string;
  readonly log?: RpcLog;
}

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whole time for the call; none: no limit (connecting is always bounded). */
  readonly timeoutMs?: number | undefined;
}

/** A two-way call: write and end on one side, iterate on the other. */
export interface BidiCall<Request, Reply> extends AsyncIterable<Reply> {
  /** Resolves when the transport wants more; rejects with the call's error when it is over. */
  write(message: Request): Promise<void>;
  end(): void;
  cancel(): void;
}

/** One remote daemon: connects, logs in and reconnects by itself when a call needs it. */
export class RpcClient implements AsyncDisposable {
  readonly #options: RpcClientOptions;
  #peer: HelloReply | undefined;

  constructor(options: RpcClientOptions) {
    this.#options = options;
  }

  /** What the daemon said of itself; undefined before `ready`. */
  get peer(): HelloReply | undefined {
    return this.#peer;
  }

  /** Connects and logs in unless that is done. */
  async ready(options: CallOptions = {}): Promise<HelloReply> {
    throw new Error(`not built yet: ${this.#options.address} ${String(options.timeoutMs)}`);
  }

  async unary<M extends { readonly requestStream: false; readonly responseStream: false }>(method: M, request: RequestOf<M>, options: CallOptions = {}): Promise<ReplyOf<M>> {
    throw new Error(`not built yet: ${String([method, request, options])}`);
  }

  serverStream<M extends { readonly requestStream: false; readonly responseStream: true }>(method: M, request: RequestOf<M>, options: CallOptions = {}): AsyncIterable<ReplyOf<M>> {
    throw new Error(`not built yet: ${String([method, request, options])}`);
  }

  async clientStream<M extends { readonly requestStream: true; readonly responseStream: false }>(
    method: M,
    requests: AsyncIterable<RequestOf<M>>,
    options: CallOptions = {},
  ): Promise<ReplyOf<M>> {
    throw new Error(`not built yet: ${String([method, requests, options])}`);
  }

  bidi<M extends { readonly requestStream: true; readonly responseStream: true }>(method: M, options: CallOptions = {}): BidiCall<RequestOf<M>, ReplyOf<M>> {
    throw new Error(`not built yet: ${String([method, options])}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
