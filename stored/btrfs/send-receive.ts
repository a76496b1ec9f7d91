import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { abortable } from "#lib/base/abort.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { BTRFS, BTRFS_ENV, Collected, failed, notStarted } from "./run-btrfs.ts";

/** Bytes of one piece of a stream: what one message carries. */
const PIECE_BYTES_MAX = 512 * 1024;

/**
 * The stream of `btrfs send` of a read-only snapshot, building on another one that the receiver has (`parent`), piece by piece as they are
 * pulled. Throws BTRFS_FAILED at its end if the program failed. Leaving the loop ends the program.
 */
export async function* sendStream(
  snapshot: string,
  parent: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const args = ["send", "-q", ...(parent === undefined ? [] : ["-p", parent]), snapshot];
  signal.throwIfAborted();
  const child = spawn(BTRFS, args, { stdio: ["ignore", "pipe", "pipe"], env: BTRFS_ENV });
  const said = new Collected();
  child.stderr.on("data", (bytes: Buffer) => said.add(bytes));
  const ended = endOf(child, args);
  ended.catch(() => {}); // it is awaited after the stream
  const onAbort = () => child.kill("SIGKILL");
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const bytes of child.stdout as AsyncIterable<Buffer>) {
      for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES_MAX) yield bytes.subarray(at, at + PIECE_BYTES_MAX);
    }
    signal.throwIfAborted();
    const status = await abortable(ended, signal);
    if (status !== 0) throw failed(args, status, said.text);
  } finally {
    signal.removeEventListener("abort", onAbort);
    child.kill("SIGKILL");
  }
}

/** A `btrfs receive` into a directory, fed piece by piece. Dispose of it whatever happens. */
export class ReceiveStream implements Disposable {
  readonly #args: readonly string[];
  readonly #input: Writable;
  readonly #ended: Promise<number | string>;
  readonly #said = new Collected();
  readonly #kill: () => void;
  #hasEnded = false;

  constructor(directory: string) {
    this.#args = ["receive", "-q", directory];
    const child = spawn(BTRFS, this.#args, { stdio: ["pipe", "ignore", "pipe"], env: BTRFS_ENV });
    child.stderr.on("data", (bytes: Buffer) => this.#said.add(bytes));
    child.stdin.on("error", () => {}); // the program ended early; its status tells why
    this.#input = child.stdin;
    this.#kill = () => child.kill("SIGKILL");
    this.#ended = endOf(child, this.#args).finally(() => {
      this.#hasEnded = true;
    });
    this.#ended.catch(() => {}); // it shows at the next write or at the end
  }

  /** Gives the next bytes; resolves when more may come. BTRFS_FAILED if the program has given up. */
  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (this.#hasEnded || this.#input.destroyed) return await this.#throwFailure(signal);
    if (this.#input.write(bytes)) return;
    const { promise: drained, resolve } = Promise.withResolvers<void>();
    this.#input.once("drain", resolve).once("close", resolve); // a pipe that broke is closed; the program's status tells why
    try {
      await abortable(drained, signal); // no race with the program's end: each would leave its mark there, once for every write
    } finally {
      this.#input.off("drain", resolve).off("close", resolve);
    }
    if (this.#hasEnded || this.#input.destroyed) await this.#throwFailure(signal);
  }

  /** All bytes were given: waits until the subvolume is whole. */
  async finish(signal: AbortSignal): Promise<void> {
    this.#input.end();
    const status = await abortable(this.#ended, signal);
    if (status !== 0) throw failed(this.#args, status, this.#said.text);
  }

  [Symbol.dispose](): void {
    if (!this.#hasEnded) this.#kill();
  }

  /** Waits until a program that was ended has really gone, so that what it made can be removed. */
  async gone(): Promise<void> {
    await this.#ended.catch(() => {});
  }

  async #throwFailure(signal: AbortSignal): Promise<never> {
    const status = await abortable(this.#ended, signal);
    if (status !== 0) throw failed(this.#args, status, this.#said.text);
    throw new OperatorError("BTRFS_FAILED", "`btrfs receive` ended before its stream did");
  }
}

function endOf(child: ReturnType<typeof spawn>, args: readonly string[]): Promise<number | string> {
  const { promise, resolve, reject } = Promise.withResolvers<number | string>();
  child.once("error", (error) => reject(notStarted(args, error)));
  child.once("close", (status, signal) => resolve(status ?? signal ?? "gone"));
  return promise;
}
