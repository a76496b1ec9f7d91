import { spawn, spawnSync } from "node:child_process";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** The program. It is looked for on PATH, where daemons may lack the directories of root's programs. */
export const BTRFS = "btrfs";
export const BTRFS_ENV = {
  LC_ALL: "C",
  PATH: `${process.env.PATH ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin`,
};

/** Longest time for one command that changes little, unless the caller says otherwise. */
const TIME_MS_MAX = 60_000;

/** Most bytes of output that are kept. */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export interface BtrfsOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `btrfs` with these arguments (no shell) and gives its standard output. BTRFS_MISSING, BTRFS_FAILED with what it said, BTRFS_LATE:
 * the caller is answered in time even when the program hangs in the kernel and cannot be killed.
 */
export async function btrfs(args: readonly string[], options: BtrfsOptions = {}): Promise<string> {
  options.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(BTRFS, args, { stdio: ["ignore", "pipe", "pipe"], env: BTRFS_ENV });
  const [out, err] = [new Collected(), new Collected()];
  child.stdout.on("data", (bytes: Buffer) => out.add(bytes));
  child.stderr.on("data", (bytes: Buffer) => err.add(bytes));
  const timeoutMs = options.timeoutMs ?? TIME_MS_MAX;
  const giveUp = (error: Error) => {
    child.kill("SIGKILL");
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
    reject(error);
  };
  const timer = setTimeout(() => giveUp(late(args, timeoutMs)), timeoutMs);
  const onAbort = () => giveUp(options.signal?.reason as Error);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  child.once("error", (error) => reject(notStarted(args, error)));
  child.once("close", (status, signal) => {
    if (status === 0) resolve(out.text);
    else reject(failed(args, signal ?? status, err.text));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** The same for threads that block, such as those of devices and stores. */
export function btrfsSync(args: readonly string[], timeoutMs: number = TIME_MS_MAX): string {
  const ended = spawnSync(BTRFS, args, {
    env: BTRFS_ENV,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    maxBuffer: OUTPUT_BYTES_MAX,
    encoding: "utf8",
  });
  if (ended.error !== undefined) {
    const isLate = (ended.error as NodeJS.ErrnoException).code === "ETIMEDOUT";
    throw isLate ? late(args, timeoutMs) : notStarted(args, ended.error);
  }
  if (ended.status !== 0) throw failed(args, ended.signal ?? ended.status, ended.stderr);
  return ended.stdout;
}

/** The error of a `btrfs` that ended badly: its command, then what it said last. */
export function failed(args: readonly string[], status: number | string | null, said: string): OperatorError {
  const last = said.trim().split("\n").slice(-3).join("; ").slice(0, 1000);
  return new OperatorError("BTRFS_FAILED", `"${commandText(args)}" failed: ${last === "" ? `status ${status}` : last}`);
}

/** The error of a `btrfs` that could not be started. */
export function notStarted(args: readonly string[], cause: Error): OperatorError {
  return new OperatorError("BTRFS_MISSING", `"${commandText(args)}" cannot be run`, { cause });
}

function late(args: readonly string[], timeoutMs: number): OperatorError {
  return new OperatorError("BTRFS_LATE", `"${commandText(args)}" did not end within ${Math.round(timeoutMs / 1000)} seconds`);
}

function commandText(args: readonly string[]): string {
  return [BTRFS, ...args].join(" ");
}

/** Output of a child, bounded: what is too much is dropped at the front, for what was said last explains most. */
export class Collected {
  readonly #parts: Buffer[] = [];
  #bytes = 0;

  add(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.byteLength;
    while (this.#bytes > OUTPUT_BYTES_MAX) this.#bytes -= this.#parts.shift()?.byteLength ?? 0;
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString("utf8");
  }
}
