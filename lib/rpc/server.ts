import type { CallContext, Handlers } from "./call.ts";
import type { Service } from "./method.ts";
import type { RoleName } from "./role.ts";
import type { Account } from "#lib/auth/account.ts";
import type { TlsIdentity } from "#lib/auth/identity.ts";
import type { TlsSettings } from "#lib/auth/tls-settings.ts";

/** Who may call a service: a proven Director, a proven console, anyone proven, whoever shows a job's key, or anyone. */
export type ServicePolicy = "director" | "console" | "proven" | "jobKey" | "open";

/** Where the server says what happened on its connections. */
export interface RpcLog {
  info(text: string): void;
  /** Refused logins and certificates: one line each, never a secret. */
  security(text: string): void;
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

/** A gRPC server over TLS 1.3 whose services answer only to those who have proven who they are. */
export class RpcServer implements AsyncDisposable {
  readonly #options: RpcServerOptions;

  constructor(options: RpcServerOptions) {
    this.#options = options;
  }

  /** Offers a service. Before `listen`. */
  add<S extends Service>(service: S, policy: ServicePolicy, handlers: Handlers<S>): void {
    void [service, policy, handlers, this.#options];
  }

  /** Listens on every address given; all or none. Answers the port (the first address's). */
  async listen(addresses: readonly ListenAddress[]): Promise<{ readonly port: number }> {
    return { port: addresses[0]?.port ?? 0 };
  }

  /** Stops: no new calls; running ones have `graceMs`, then are aborted and awaited. */
  async close(graceMs = 5000): Promise<void> {
    void graceMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

export type { CallContext };
