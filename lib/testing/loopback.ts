import type { Account } from "#lib/auth/account.ts";
import { loadIdentity, type TlsIdentity } from "#lib/auth/identity.ts";
import type { TlsSettings } from "#lib/auth/tls-settings.ts";
import { Secret } from "#lib/config/secret.ts";
import { RpcClient, type RpcClientOptions } from "#lib/rpc/client.ts";
import { RpcServer, type RpcLog, type RpcServerOptions } from "#lib/rpc/server.ts";
import { RELEASE } from "#lib/rpc/versions.ts";
import { TempDir } from "./temp-dir.ts";

/** A log whose lines a test can look at. */
export class LinesLog implements RpcLog {
  readonly lines: string[] = [];

  info(text: string): void {
    this.lines.push(`info: ${text}`);
  }

  security(text: string): void {
    this.lines.push(`security: ${text}`);
  }

  error(text: string, error: unknown): void {
    this.lines.push(`error: ${text}: ${error instanceof Error ? error.stack : String(error)}`);
  }

  /** Lines that begin with a word. */
  of(kind: "info" | "security" | "error"): string[] {
    return this.lines.filter((line) => line.startsWith(`${kind}: `));
  }
}

/** The password that both sides of a loopback world share unless a test says otherwise. */
export const LOOPBACK_PASSWORD = "loopback password";

/** A file daemon "test-fd" and a Director "test-dir" on the loopback, with keys of their own in a temp dir. */
export class Loopback implements AsyncDisposable {
  readonly dir: TempDir;
  readonly serverIdentity: TlsIdentity;
  readonly clientIdentity: TlsIdentity;
  readonly serverLog = new LinesLog();
  readonly clientLog = new LinesLog();
  readonly #stack: AsyncDisposableStack;

  constructor(dir: TempDir, serverIdentity: TlsIdentity, clientIdentity: TlsIdentity, stack: AsyncDisposableStack) {
    this.dir = dir;
    this.serverIdentity = serverIdentity;
    this.clientIdentity = clientIdentity;
    this.#stack = stack;
  }

  /** Makes the temp dir and both keys; no server yet. */
  static async make(): Promise<Loopback> {
    await using stack = new AsyncDisposableStack();
    const dir = stack.use(await TempDir.make());
    const serverIdentity = await loadIdentity({ settings: [], base: dir.file("test-fd"), name: "test-fd" });
    const clientIdentity = await loadIdentity({ settings: [], base: dir.file("test-dir"), name: "test-dir" });
    return new Loopback(dir, serverIdentity, clientIdentity, stack.move());
  }

  /** A server that is not listening yet; it knows the Director "test-dir". */
  server(options: Partial<RpcServerOptions> = {}): RpcServer {
    const account: Account = { password: new Secret(LOOPBACK_PASSWORD), tls: {}, where: 'Director "test-dir" in test.conf:1' };
    const server = new RpcServer({
      role: "fileDaemon",
      name: "test-fd",
      release: RELEASE,
      identity: this.serverIdentity,
      accounts: (role, name) => (role === "director" && name === "test-dir" ? account : undefined),
      trust: [],
      log: this.serverLog,
      ...options,
    });
    this.#stack.use(server);
    return server;
  }

  /** A client for the server on this port. */
  client(port: number, options: Partial<RpcClientOptions> = {}): RpcClient {
    const tls: TlsSettings = {};
    const client = new RpcClient({
      self: { role: "director", name: "test-dir", identity: this.clientIdentity },
      server: { role: "fileDaemon", name: "test-fd" },
      address: "127.0.0.1",
      port,
      login: { kind: "password", password: new Secret(LOOPBACK_PASSWORD), where: 'Client "test-fd" in test.conf:2' },
      tls,
      log: this.clientLog,
      ...options,
    });
    this.#stack.use(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}
