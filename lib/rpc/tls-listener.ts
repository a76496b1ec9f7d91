import { createServer, type Server as TlsServer, type TLSSocket } from "node:tls";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { peerCertificate, serverTlsOptions } from "#lib/auth/tls.ts";
import type { TlsIdentity } from "#lib/auth/identity.ts";
import type { Connection } from "./connection.ts";
import { CONNECTIONS_MAX, HANDSHAKE_MS_MAX, IDLE_UNPROVEN_CONNECTIONS_MAX, UNPROVEN_IDLE_MS_MAX } from "./limits.ts";
import type { ListenAddress, RpcLog } from "./server.ts";

/** What a listener is made of. */
export interface TlsListenerOptions {
  readonly identity: TlsIdentity;
  readonly caPems: readonly string[];
  readonly log: RpcLog;
  /** Takes over a connection whose TLS is made. */
  readonly accept: (socket: TLSSocket) => void;
}

/** Lines about callers that never log in, in a span of time. */
const TELL_LINES_MAX = 30;
const TELL_WINDOW_MS = 60_000;

/** Accepts TLS 1.3 connections on any number of addresses, bounds them, and knows the peer of each. */
export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #servers: TlsServer[] = [];
  #told = { sinceMs: Number.NEGATIVE_INFINITY, lines: 0 };
  /** Settled when every server has let go of its port and its connections. */
  #closed: Promise<unknown> | undefined;
  readonly #connections = new Map<string, { readonly connection: Connection; readonly socket: TLSSocket }>();

  constructor(options: TlsListenerOptions) {
    this.#options = options;
  }

  /** Listens on one more address; answers the port. Throws LISTEN_FAILED. */
  async listen(address: ListenAddress): Promise<number> {
    const server = createServer({
      ...serverTlsOptions(this.#options.identity, this.#options.caPems),
      handshakeTimeout: HANDSHAKE_MS_MAX,
      noDelay: true,
      keepAlive: true,
    });
    server.maxConnections = CONNECTIONS_MAX;
    server.on("secureConnection", (socket) => this.#accept(socket));
    server.on("tlsClientError", (error, socket) => {
      this.#tell("info", `${socket.remoteAddress ?? "a caller"} failed to make a TLS connection: ${reasonOf(error)}`);
      socket.destroy();
    });
    try {
      server.listen({
        port: address.port,
        ...(address.host === undefined ? {} : { host: address.host, ipv6Only: address.host.includes(":") }),
      });
      await once(server, "listening");
    } catch (error) {
      throw new OperatorError("LISTEN_FAILED", `cannot listen on ${address.host ?? "every address"} port ${address.port}`, {
        cause: error,
      });
    }
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  /** The connection between two address pairs; undefined if it is gone. */
  find(ends: SocketEnds): Connection | undefined {
    return this.#connections.get(keyOf(ends))?.connection;
  }

  /** Takes no more connections. */
  stop(): void {
    this.#closed ??= Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Resolves when no connection is left. */
  async drained(): Promise<void> {
    await Promise.all([...this.#connections.values()].map(({ socket }) => once(socket, "close")));
  }

  /** Ends every connection, whatever goes on there. */
  async destroy(): Promise<void> {
    this.stop();
    for (const { socket } of this.#connections.values()) socket.destroy();
    await this.#closed;
  }

  #accept(socket: TLSSocket): void {
    socket.on("error", () => {}); // whoever uses the connection sees it end; without a listener the process would stop
    const address = `${socket.remoteAddress}:${socket.remotePort}`;
    const peer = socket.alpnProtocol === "h2" ? peerCertificate(socket) : undefined;
    if (peer === undefined) {
      this.#tell(
        "security",
        `${address} is refused: it ${socket.alpnProtocol === "h2" ? "shows no certificate" : "does not speak HTTP/2"}`,
      );
      socket.destroy();
      return;
    }
    const connection: Connection = {
      address,
      host: socket.remoteAddress ?? "",
      peer,
      callsBegun: 0,
      callsOpen: 0,
      session: undefined,
    };
    this.#makeRoom();
    const key = keyOf(socket);
    this.#connections.set(key, { connection, socket });
    const idle = setInterval(() => {
      if (connection.session === undefined && connection.callsOpen === 0) socket.destroy();
    }, UNPROVEN_IDLE_MS_MAX);
    socket.once("close", () => {
      clearInterval(idle);
      this.#connections.delete(key);
      if (connection.callsBegun === 0)
        this.#tell("info", `${address} went away before it logged in; it may not accept our certificate`);
    });
    this.#options.accept(socket);
  }

  /** A line about a stranger. Whoever knocks without end must not fill the log. */
  #tell(kind: "info" | "security", text: string): void {
    const now = performance.now();
    if (now - this.#told.sinceMs > TELL_WINDOW_MS) this.#told = { sinceMs: now, lines: 0 };
    this.#told.lines += 1;
    if (this.#told.lines <= TELL_LINES_MAX) this.#options.log[kind](text);
    else if (this.#told.lines === TELL_LINES_MAX + 1)
      this.#options.log.security("more callers fail to log in; they are not listed for the next minute");
  }

  /** Ends the oldest connection on which nobody has logged in and nothing is open, when there are too many such. */
  #makeRoom(): void {
    const unproven = [...this.#connections.values()].filter(
      ({ connection }) => connection.session === undefined && connection.callsOpen === 0,
    );
    if (unproven.length >= IDLE_UNPROVEN_CONNECTIONS_MAX) unproven[0]?.socket.destroy();
  }
}

/** Both ends of a connection, as sockets and grpc-js tell them. */
export interface SocketEnds {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

function keyOf(ends: SocketEnds): string {
  return `${ends.remoteAddress} ${ends.remotePort} ${ends.localAddress} ${ends.localPort}`;
}

function reasonOf(error: Error & { code?: string; reason?: string }): string {
  return error.reason ?? error.code ?? error.message;
}
