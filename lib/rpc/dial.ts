import { once } from "node:events";
import { lookup } from "node:dns/promises";
import { isIP, type Socket } from "node:net";
import { connect as tlsConnect, type TLSSocket } from "node:tls";
import { Client, connectivityState } from "@grpc/grpc-js";
import type { TlsIdentity } from "#lib/auth/identity.ts";
import type { RoleName } from "#lib/auth/role.ts";
import { sameSecret } from "#lib/auth/secret-compare.ts";
import type { TlsSettings } from "#lib/auth/tls-settings.ts";
import { clientTlsOptions, loadTrust, peerCertificate, refusalOf, type PeerCertificate, type Trust } from "#lib/auth/tls.ts";
import { abortable } from "#lib/base/abort.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { OwnTlsCredentials } from "./grpc-internals.ts";
import * as limits from "./limits.ts";

/** Whom to dial and how to judge who answers. */
export interface DialPlan {
  readonly identity: TlsIdentity;
  /** Name for messages, e.g. `fileDaemon "client1-fd" at client1:9102`. */
  readonly who: string;
  readonly host: string;
  readonly port: number;
  readonly role: RoleName;
  readonly name: string;
  readonly tls: TlsSettings;
  /** The only certificate to accept; undefined: judged by `tls`. */
  readonly pinnedSha256: Uint8Array | undefined;
}

/** A gRPC client on exactly one TLS connection: when that breaks the channel is finished, and a new one is to be dialled. */
export class Channel {
  readonly grpc: Client;
  readonly #plan: DialPlan;
  readonly #trust: Trust;
  readonly #onLost: () => void;
  #peer: PeerCertificate | undefined;
  #failure: OperatorError | undefined;
  #socket: TLSSocket | undefined;
  #isLost = false;
  /** One attempt only: what comes after a failure is a new channel's business. */
  #isUsed = false;

  constructor(plan: DialPlan, trust: Trust, address: string, onLost: () => void) {
    this.#plan = plan;
    this.#trust = trust;
    this.#onLost = onLost;
    const target = isIP(address) === 6 ? `ipv6:[${address}]:${plan.port}` : `ipv4:${address}:${plan.port}`;
    this.grpc = new Client(
      target,
      new OwnTlsCredentials({ mayConnect: () => !this.#isUsed, connect: (socket) => this.#secure(socket) }),
      {
        "grpc.use_local_subchannel_pool": 1,
        "grpc.enable_http_proxy": 0,
        "grpc.enable_retries": 0,
        "grpc.enable_channelz": 0,
        "grpc.service_config_disable_resolution": 1,
        "grpc.keepalive_time_ms": limits.KEEPALIVE_MS,
        "grpc.keepalive_timeout_ms": limits.KEEPALIVE_MS,
        "grpc.keepalive_permit_without_calls": 1,
        "grpc.client_idle_timeout_ms": 2_147_483_647,
        "grpc.max_send_message_length": limits.JOB_REQUEST_BYTES_MAX,
        "grpc.max_receive_message_length": limits.DATA_MESSAGE_BYTES_MAX,
        "grpc-node.flow_control_window": limits.FLOW_WINDOW_BYTES,
        "grpc-node.max_session_memory": limits.SESSION_MEMORY_MIB,
      },
    );
  }

  /** The far side's certificate, once the connection is made. */
  get peer(): PeerCertificate | undefined {
    return this.#peer;
  }

  /** Why the far side was not accepted, if that is what happened. */
  get failure(): OperatorError | undefined {
    return this.#failure;
  }

  /** True once its connection is gone, or the far side has said farewell on it. */
  get isLost(): boolean {
    return this.#isLost || this.grpc.getChannel().getConnectivityState(false) !== connectivityState.READY;
  }

  /** Ends the channel and its connection. */
  close(): void {
    this.#isUsed = true;
    this.grpc.close();
    this.#socket?.destroy();
  }

  async #secure(tcp: Socket): Promise<TLSSocket> {
    this.#isUsed = true;
    tcp.setNoDelay(true);
    const socket = await this.#handshake(tcp);
    const refusal = this.#refusal(socket);
    if (refusal !== undefined) {
      this.#failure = refusal;
      await farewell(socket);
      throw refusal;
    }
    this.#socket = socket;
    socket.once("close", () => {
      this.#isLost = true;
      this.#onLost();
    });
    return socket;
  }

  #handshake(tcp: Socket): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = tlsConnect({ ...clientTlsOptions(this.#plan.identity, this.#trust), socket: tcp });
      const timer = setTimeout(() => fail(new Error("no answer to the TLS handshake")), limits.CONNECT_MS_MAX);
      const fail = (cause: Error) => {
        clearTimeout(timer);
        this.#failure ??= handshakeFailure(this.#plan.who, cause);
        socket.destroy();
        reject(this.#failure);
      };
      socket.once("error", fail);
      socket.once("close", () => fail(new Error("the far side closed the connection")));
      socket.once("secureConnect", () => {
        clearTimeout(timer);
        socket.removeAllListeners("close").removeListener("error", fail);
        socket.on("error", () => {}); // grpc-js sees the end of the connection
        resolve(socket);
      });
    });
  }

  #refusal(socket: TLSSocket): OperatorError | undefined {
    const { who, pinnedSha256, tls, role, name, host } = this.#plan;
    const peer = peerCertificate(socket);
    if (peer === undefined) return new OperatorError("RPC_TLS_FAILED", `${who} shows no certificate`);
    this.#peer = peer;
    if (pinnedSha256 !== undefined) {
      if (sameSecret(peer.sha256, pinnedSha256)) return undefined;
      return new OperatorError("RPC_TLS_FAILED", `${who} shows another certificate than the Director told us`, {
        hint: "check that the address leads to the right daemon",
      });
    }
    const reason = refusalOf(peer, tls, this.#trust, { role, name, host });
    return reason === undefined ? undefined : new OperatorError("RPC_TLS_FAILED", `${who} is not accepted: ${reason}`);
  }
}

/** A handshake that the two sides could not agree upon is for the administrator; one that was cut off may go well next time. */
function handshakeFailure(who: string, cause: Error & { code?: string }): OperatorError {
  return /^(ERR_SSL|ERR_TLS|EPROTO)/.test(cause.code ?? "")
    ? new OperatorError("RPC_TLS_FAILED", `${who}: the TLS connection failed`, { cause })
    : new OperatorError("RPC_UNREACHABLE", `${who} cannot be reached: the connection broke off while TLS was being made`, {
        cause,
      });
}

/** Ends a connection so that the far side sees a whole handshake and then its end, not a break in between. */
async function farewell(socket: TLSSocket): Promise<void> {
  socket.end();
  await abortable(once(socket.resume(), "close"), AbortSignal.timeout(1000)).catch(() => {});
  socket.destroy();
}

/** The addresses of a host, in the system's order. Throws RPC_UNREACHABLE. */
export async function addressesOf(plan: DialPlan): Promise<readonly string[]> {
  if (isIP(plan.host) !== 0) return [plan.host];
  try {
    return (await lookup(plan.host, { all: true })).map((entry) => entry.address);
  } catch (error) {
    throw new OperatorError("RPC_UNREACHABLE", `${plan.who}: the address "${plan.host}" cannot be resolved`, { cause: error });
  }
}

/** Reads what the plan's TLS directives trust. */
export function trustOf(plan: DialPlan): Promise<Trust> {
  return loadTrust(plan.tls);
}
