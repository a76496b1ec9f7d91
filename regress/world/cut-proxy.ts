import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP link between 127.0.0.2 and 127.0.0.1 on one port, which can be cut and mended: the network between two machines. */
export class CutProxy implements AsyncDisposable {
  /** The address on this side. */
  static readonly ADDRESS = "127.0.0.2";
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Lets connections through (again). */
  async mend(): Promise<void> {
    const server = createServer((near) => {
      const far = connect({ host: "127.0.0.1", port: this.#port });
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on("error", () => to.destroy());
        from.on("close", () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(this.#port, CutProxy.ADDRESS, resolve));
    this.#server = server;
  }

  /** Resets every connection and refuses new ones. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
  }
}
