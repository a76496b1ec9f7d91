import type { PeerCertificate } from "#lib/auth/tls.ts";
import type { RoleName } from "#lib/auth/role.ts";
import type { CallContext } from "./call.ts";

/** Who logged in on a connection. */
export interface LoginSession {
  readonly role: RoleName;
  readonly name: string;
  readonly token: Buffer;
}

/** One accepted TLS connection. It dies with its socket, and the login with it. */
export interface Connection {
  /** Address and port of the caller, for messages. */
  readonly address: string;
  /** Address of the caller without port, for counting failed logins. */
  readonly host: string;
  readonly peer: PeerCertificate;
  /** Calls in all, and those open now. */
  callsBegun: number;
  callsOpen: number;
  session: LoginSession | undefined;
}

const connections = new WeakMap<CallContext, Connection>();

/** Remembers on which connection a call came. */
export function bindConnection(call: CallContext, connection: Connection): void {
  connections.set(call, connection);
}

/** The connection on which a call came; undefined for calls that this server did not accept. */
export function connectionOf(call: CallContext): Connection | undefined {
  return connections.get(call);
}
