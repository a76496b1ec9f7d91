import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type Metadata,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerMethodDefinition,
} from "@grpc/grpc-js";
import type { Account } from "#lib/auth/account.ts";
import type { TlsIdentity } from "#lib/auth/identity.ts";
import type { RoleName } from "#lib/auth/role.ts";
import { sameSecret } from "#lib/auth/secret-compare.ts";
import type { TlsSettings } from "#lib/auth/tls-settings.ts";
import { loadTrust } from "#lib/auth/tls.ts";
import { abortable } from "#lib/base/abort.ts";
import { invariant, must } from "#lib/base/assert.ts";
import { systemClock } from "#lib/base/clock.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { AuthService } from "#proto/auth.ts";
import { FileDaemonService } from "#proto/filed.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import { authHandlers } from "./auth-service.ts";
import type { Handlers } from "./call.ts";
import type { Connection } from "./connection.ts";
import { limitReceivedMessages, tuneServer } from "./grpc-internals.ts";
import { addIntrospection } from "./introspection.ts";
import * as limits from "./limits.ts";
import { LoginLimiter } from "./login-limiter.ts";
import { shapeOf, type Service } from "./method.ts";
import { serveCall, type CallHost, type RunningCall } from "./serve-call.ts";
import { SESSION_KEY } from "./session-key.ts";
import { toStatus } from "./status.ts";
import { TlsListener } from "./tls-listener.ts";

/** Who may call a service: a proven Director, a proven console, anyone proven, whoever shows a job's key, or anyone. */
export type ServicePolicy = "director" | "console" | "proven" | "jobKey" | "open";

/** Where connections tell what happened. */
export interface RpcLog {
  info(text: string): void;
  /** Refused logins and certificates: one line each, never a secret. */
  security(text: string): void;
  /** A fault of ours: a handler threw what no operator can understand. */
  error(text: string, error: unknown): void;
}

/** What a server is made of. */
export interface RpcServerOptions {
  readonly role: RoleName;
  readonly name: string;
  readonly release: string;
  readonly identity: TlsIdentity;
  /** Who may log in; asked at every login. */
  readonly accounts: (role: RoleName, name: string) => Account | undefined;
  /** Every TlsSettings whose CA may vouch for a caller. */
  readonly trust: readonly TlsSettings[];
  readonly log: RpcLog;
}

/** One address to listen on; without host every address of the machine. Port 0: any free one. */
export interface ListenAddress {
  readonly host?: string | undefined;
  readonly port: number;
}

/** Time that aborted calls have to let go before their connections are cut. */
const LET_GO_MS = 12_000;

/** Time for the ends of the calls to reach the callers before their connections are cut. */
const FAREWELL_MS = 1_000;

/** Methods whose requests may be longer than the others of the control plane. */
const LONG_REQUESTS: ReadonlySet<string> = new Set(
  [StorageDaemonService.startJob, FileDaemonService.startJob, FileDaemonService.estimate].map((method) => method.path),
);

/** A gRPC server over TLS 1.3 whose services answer only to those who have proven who they are. */
export class RpcServer implements AsyncDisposable {
  readonly #options: RpcServerOptions;
  readonly #grpc: Server;
  readonly #policies = new Map<string, { readonly policy: ServicePolicy; readonly bytesMax: number }>();
  readonly #connectionOfCall = new WeakMap<Metadata, Connection>();
  readonly #running = new Set<RunningCall>();
  readonly #host: CallHost;
  #listener: TlsListener | undefined;
  #isStopping = false;
  #closing: Promise<void> | undefined;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    this.#grpc = new Server({
      "grpc.keepalive_time_ms": limits.KEEPALIVE_MS,
      "grpc.keepalive_timeout_ms": limits.KEEPALIVE_MS,
      "grpc.max_send_message_length": limits.DATA_MESSAGE_BYTES_MAX,
      "grpc.max_receive_message_length": limits.CONTROL_MESSAGE_BYTES_MAX,
      "grpc-node.max_session_memory": limits.SESSION_MEMORY_MIB,
      "grpc.enable_channelz": 0,
      interceptors: [this.#gate()],
    });
    tuneServer(this.#grpc, {
      initialWindowSize: limits.FLOW_WINDOW_BYTES,
      maxConcurrentStreams: limits.CALLS_PER_CONNECTION_MAX,
      connectionWindowBytes: limits.FLOW_WINDOW_BYTES,
    });
    this.#host = {
      connectionOf: (metadata) => must(this.#connectionOfCall.get(metadata), "a call that passed the gate"),
      begun: (call) => this.#running.add(call),
      ended: (call) => this.#running.delete(call),
      failed: (path, error) => options.log.error(`${path} failed`, error),
    };
  }

  /** Offers a service. How long its messages may be depends on the policy and on the method; see `messageBytesMax`. */
  add<S extends Service>(service: S, policy: ServicePolicy, handlers: Handlers<S>): void {
    invariant(this.#listener === undefined, "services are added before listening");
    for (const [name, method] of Object.entries(service)) {
      const handler = (handlers as Record<string, unknown>)[name];
      invariant(typeof handler === "function", `${method.path} has a handler`);
      const shape = shapeOf(method);
      this.#policies.set(method.path, { policy, bytesMax: messageBytesMax(policy, method.path) });
      const serve = serveCall(this.#host, method.path, shape, handler.bind(handlers) as Parameters<typeof serveCall>[3]);
      const isNew = this.#grpc.register(
        method.path,
        serve as never,
        method.responseSerialize as never,
        method.requestDeserialize as never,
        shape,
      );
      invariant(isNew, `${method.path} is offered once`);
    }
  }

  /** Listens on every address given, all or none. Answers the first one's port. Throws LISTEN_FAILED, RPC_TLS_CONFIG. */
  async listen(addresses: readonly ListenAddress[]): Promise<{ readonly port: number }> {
    invariant(addresses.length > 0, "a server listens on an address");
    const { options, trustOf } = { options: this.#options, trustOf: (account: Account) => loadTrust(account.tls) };
    const trusts = await Promise.all(options.trust.map((settings) => loadTrust(settings)));
    const limiter = new LoginLimiter(systemClock);
    addIntrospection(this.#grpc); // reflection is for those who have logged in, health (which says nothing else) for anyone: see #judge
    this.add(AuthService, "open", authHandlers({ ...options, certificateSha256: options.identity.sha256, trustOf, limiter }));
    const injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure()); // TLS is made before, by the listener
    const listener = new TlsListener({
      identity: options.identity,
      caPems: [...new Set(trusts.flatMap((trust) => trust.caPems))],
      log: options.log,
      accept: (socket) => injector.injectConnection(socket),
    });
    this.#listener = listener;
    try {
      const ports: number[] = [];
      for (const address of addresses) ports.push(await listener.listen(address));
      return { port: must(ports[0], "the first port") };
    } catch (error) {
      await listener.destroy();
      throw error;
    }
  }

  /** Stops: no new calls; running ones have `graceMs`, then their signals abort and they are awaited. Safe to call twice. */
  close(graceMs = 5000): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  async #close(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#listener?.stop();
    if (graceMs > 0) await this.#settled(graceMs);
    const reason = new OperatorError("RPC_STOPPING", `${this.#options.role} "${this.#options.name}" is being stopped`);
    for (const call of this.#running) call.abort(reason);
    await this.#settled(LET_GO_MS);
    this.#grpc.tryShutdown(() => {}); // every session says farewell and closes when its last call has ended
    if (this.#listener !== undefined) await atMost(FAREWELL_MS, this.#listener.drained());
    this.#grpc.forceShutdown();
    await this.#listener?.destroy();
  }

  /** Waits until no call runs, at most so long. */
  async #settled(msMax: number): Promise<void> {
    await atMost(msMax, Promise.all([...this.#running].map((call) => call.done)));
  }

  /** Judges every call before its handler, and before a message of it is read. */
  #gate(): ServerInterceptor {
    return (method, call) => {
      const bytesMax = this.#policies.get(method.path)?.bytesMax ?? limits.CONTROL_MESSAGE_BYTES_MAX;
      return new ServerInterceptingCall(call, {
        start: (next) => {
          next({
            onReceiveMetadata: (metadata, pass) => {
              const refusal = this.#judge(method, call, metadata);
              if (refusal !== undefined) return call.sendStatus(toStatus(refusal));
              limitReceivedMessages(call, bytesMax); // nothing was read yet: the stream is paused until here
              pass(metadata);
            },
          });
        },
      });
    };
  }

  #judge(
    method: ServerMethodDefinition<unknown, unknown>,
    call: ServerInterceptingCallInterface,
    metadata: Metadata,
  ): OperatorError | undefined {
    const connection = this.#listener?.find(call.getConnectionInfo());
    if (connection === undefined) return new OperatorError("RPC_CONNECTION_LOST", "the connection is gone");
    if (this.#isStopping)
      return new OperatorError("RPC_STOPPING", `${this.#options.role} "${this.#options.name}" is being stopped`);
    this.#connectionOfCall.set(metadata, connection);
    connection.callsBegun += 1;
    const policy =
      this.#policies.get(method.path)?.policy ?? (method.path.startsWith("/grpc.health.v1.Health/") ? "open" : "proven");
    if (policy === "open" || policy === "jobKey") return undefined;
    const token = metadata.get(SESSION_KEY)[0];
    metadata.remove(SESSION_KEY);
    const session = connection.session;
    if (session === undefined || !Buffer.isBuffer(token) || !sameSecret(token, session.token)) {
      return new OperatorError("RPC_SESSION_UNKNOWN", `${method.path} needs a login on this connection`);
    }
    if (policy !== "proven" && session.role !== policy) {
      this.#options.log.security(
        `${session.role} "${session.name}" at ${connection.address} has no right to call ${method.path}`,
      );
      return new OperatorError("RPC_NOT_ALLOWED", `a ${session.role} may not call ${method.path}`);
    }
    return undefined;
  }
}

/** Longest message that a caller who has passed the gate may send, in bytes. */
function messageBytesMax(policy: ServicePolicy, path: string): number {
  if (policy === "jobKey") return limits.DATA_MESSAGE_BYTES_MAX;
  return policy === "director" && LONG_REQUESTS.has(path) ? limits.JOB_REQUEST_BYTES_MAX : limits.CONTROL_MESSAGE_BYTES_MAX;
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), ms);
  await abortable(work, timeout.signal).catch(() => {});
  clearTimeout(timer);
}
