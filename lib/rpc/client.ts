import type { ReplyOf, RequestOf } from "./method.ts";
import type { RpcLog } from "./server.ts";
import type { Login } from "#lib/auth/account.ts";
import { dialIdentity, type TlsIdentity } from "#lib/auth/identity.ts";
import { roleNumber, type RoleName } from "#lib/auth/role.ts";
import type { TlsSettings } from "#lib/auth/tls-settings.ts";
import { abortable } from "#lib/base/abort.ts";
import { must } from "#lib/base/assert.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { AuthService, type HelloReply } from "#proto/auth.ts";
import { bidiCall, clientStreamCall, serverStreamCall, unaryCall, type CallPlace } from "./client-call.ts";
import { addressesOf, Channel, trustOf, type DialPlan } from "./dial.ts";
import { CONNECT_MS_MAX } from "./limits.ts";
import { login } from "./login.ts";
import { checkProtocol, PROTOCOL, RELEASE } from "./versions.ts";

/** What a client is made of. */
export interface RpcClientOptions {
  /** `identity` is shown unless `tls` names a certificate of its own. */
  readonly self: { readonly role: RoleName; readonly name: string; readonly identity: TlsIdentity };
  /** Whom we expect to reach; name "" if it is not known. */
  readonly server: { readonly role: RoleName; readonly name: string };
  /** Host name or address. */
  readonly address: string;
  readonly port: number;
  readonly login: Login;
  readonly tls: TlsSettings;
  readonly log?: RpcLog;
}

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Time for the call itself; none: no limit. Connecting and logging in have bounds of their own. */
  readonly timeoutMs?: number | undefined;
}

/** A two-way call: write and end on one side, iterate on the other. */
export interface BidiCall<Request, Reply> extends AsyncIterable<Reply> {
  /** Resolves when the transport wants more; rejects with the call's error when it is over. */
  write(message: Request): Promise<void>;
  /** No more messages will be written. */
  end(): void;
  /** Ends the call at once; both sides see CANCELED. */
  cancel(): void;
}

/** A connection that has logged in. */
interface Live {
  readonly channel: Channel;
  readonly hello: HelloReply;
  readonly place: CallPlace;
  readonly certificateSha256: Buffer;
}

/** One remote daemon: connects, logs in and reconnects by itself when a call needs it. */
export class RpcClient implements AsyncDisposable {
  readonly #options: RpcClientOptions;
  readonly #who: string;
  #live: Live | undefined;
  #connecting: Promise<Live> | undefined;
  #isClosed = false;

  constructor(options: RpcClientOptions) {
    this.#options = options;
    const { role, name } = options.server;
    this.#who = `${roleTitle[role]}${name === "" ? "" : ` "${name}"`} at ${options.address}:${options.port}`;
  }

  /** The far side for messages, e.g. `Client daemon "client1-fd" at client1:9102`. */
  get who(): string {
    return this.#who;
  }

  /** What the daemon said of itself; undefined while there is no connection. */
  get peer(): HelloReply | undefined {
    return this.#live?.hello;
  }

  /** SHA-256 of the daemon's certificate; undefined while there is no connection. */
  get certificateSha256(): Buffer | undefined {
    return this.#live?.certificateSha256;
  }

  /** Connects and logs in unless that is done. Throws RPC_UNREACHABLE, RPC_TLS_FAILED, RPC_REFUSED, RPC_CERTIFICATE_REFUSED, RPC_VERSION. */
  async ready(options: CallOptions = {}): Promise<HelloReply> {
    return (await this.#connected(options)).hello;
  }

  /** One request, one reply. A call that the far side did not know us for (it was restarted) is made again after a new login. */
  async unary<M extends { readonly requestStream: false; readonly responseStream: false } & Coded>(
    method: M,
    request: RequestOf<M>,
    options: CallOptions = {},
  ): Promise<ReplyOf<M>> {
    const live = await this.#connected(options);
    try {
      return await unaryCall(live.place, method, request, options);
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code !== "RPC_SESSION_UNKNOWN") throw error;
      this.#drop(live);
      return unaryCall((await this.#connected(options)).place, method, request, options);
    }
  }

  /** One request, many replies. Leaving the loop cancels the call. */
  async *serverStream<M extends { readonly requestStream: false; readonly responseStream: true } & Coded>(
    method: M,
    request: RequestOf<M>,
    options: CallOptions = {},
  ): AsyncGenerator<ReplyOf<M>, void, undefined> {
    yield* serverStreamCall((await this.#connected(options)).place, method, request, options);
  }

  /** Many requests, one reply. */
  async clientStream<M extends { readonly requestStream: true; readonly responseStream: false } & Coded>(
    method: M,
    requests: AsyncIterable<RequestOf<M>>,
    options: CallOptions = {},
  ): Promise<ReplyOf<M>> {
    return clientStreamCall((await this.#connected(options)).place, method, requests, options);
  }

  /** Many requests, many replies. */
  async bidi<M extends { readonly requestStream: true; readonly responseStream: true } & Coded>(
    method: M,
    options: CallOptions = {},
  ): Promise<BidiCall<RequestOf<M>, ReplyOf<M>>> {
    return bidiCall((await this.#connected(options)).place, method, options);
  }

  /** Ends the connection and every call on it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#live !== undefined) this.#drop(this.#live);
    await this.#connecting?.then((live) => this.#drop(live)).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #connected(options: CallOptions): Promise<Live> {
    if (this.#isClosed) return Promise.reject(new OperatorError("CANCELED", `the connection to ${this.#who} has been closed`));
    if (this.#live?.channel.isLost === true) this.#live = undefined; // calls that still run on it may end there
    if (this.#live !== undefined) return Promise.resolve(this.#live);
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
    return abortable(this.#connecting, options.signal);
  }

  async #connect(): Promise<Live> {
    const { self, server, address: host, port, login: means, tls } = this.#options;
    const plan: DialPlan = {
      identity: await dialIdentity(tls, self.identity),
      who: this.#who,
      host,
      port,
      role: server.role,
      name: server.name,
      tls,
      pinnedSha256: means.kind === "pinned" ? means.certificateSha256 : undefined,
    };
    const trust = await trustOf(plan);
    let failure: unknown;
    for (const address of await addressesOf(plan)) {
      const channel = new Channel(plan, trust, address, () => this.#lost(channel));
      try {
        return this.#adopt(await this.#logIn(channel, plan.identity));
      } catch (error) {
        channel.close();
        failure = channel.failure ?? error;
        if (!(failure instanceof OperatorError) || failure.code !== "RPC_UNREACHABLE") throw failure;
      }
    }
    throw failure;
  }

  async #logIn(channel: Channel, identity: TlsIdentity): Promise<Live> {
    const { self, server, login: means } = this.#options;
    const who = this.#who;
    const place: CallPlace = { grpc: channel.grpc, who, session: undefined };
    const hello = await unaryCall(
      place,
      AuthService.hello,
      { protocol: PROTOCOL, release: RELEASE, role: roleNumber(self.role), name: self.name },
      { timeoutMs: CONNECT_MS_MAX },
    ).catch((error: unknown) => {
      throw channel.failure ?? unreachable(error, who);
    });
    checkProtocol(hello.protocol, hello.release, who);
    const { sha256 } = must(channel.peer, "the certificate of a connection that is made");
    if (means.kind === "pinned") return { channel, hello, place, certificateSha256: sha256 };
    const session = await login(bidiCall(place, AuthService.prove, { timeoutMs: CONNECT_MS_MAX }), {
      self: { role: self.role, name: self.name, certificateSha256: identity.sha256 },
      server: { ...server, certificateSha256: sha256 },
      password: means.password,
      where: means.where,
      who,
    });
    return { channel, hello, place: { ...place, session }, certificateSha256: sha256 };
  }

  #adopt(live: Live): Live {
    if (this.#isClosed) {
      live.channel.close();
      throw new OperatorError("CANCELED", `the connection to ${this.#who} has been closed`);
    }
    if (live.channel.isLost)
      throw new OperatorError("RPC_CONNECTION_LOST", `the connection to ${this.#who} was lost right after the login`);
    this.#live = live;
    return live;
  }

  #lost(channel: Channel): void {
    if (this.#live?.channel === channel) this.#live = undefined;
    setImmediate(() => channel.close()); // its calls learn first that the connection is lost
  }

  #drop(live: Live): void {
    if (this.#live === live) this.#live = undefined;
    live.channel.close();
  }
}

/** What every generated method has besides its shape. */
interface Coded {
  readonly path: string;
  readonly requestSerialize: (value: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

const roleTitle = {
  director: "Director",
  fileDaemon: "Client daemon",
  storageDaemon: "Storage daemon",
  console: "console",
} as const satisfies Record<RoleName, string>;

/** The first call fails with "connection lost" when there never was one. */
function unreachable(error: unknown, who: string): unknown {
  if (!(error instanceof OperatorError)) return error;
  if (error.code === "TIMED_OUT")
    return new OperatorError("RPC_UNREACHABLE", `${who} cannot be reached: no answer within ${CONNECT_MS_MAX / 1000} s`);
  if (error.code !== "RPC_CONNECTION_LOST") return error;
  const reason = /Last error: (?:Error: )?(.*?)(?:\. Resolution note:.*)?$/.exec(error.message)?.[1] ?? error.message;
  return new OperatorError("RPC_UNREACHABLE", `${who} cannot be reached: ${reason}`, {
    hint: "check that it runs and that its address and port are right",
  });
}
