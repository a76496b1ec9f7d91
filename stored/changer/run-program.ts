import { spawn } from "node:child_process";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Readable } from "node:stream";

/** Most output of a program that is kept: a list of 10,000 slots has room in it. */
const OUTPUT_BYTES_MAX = 2 * 1024 * 1024;

/** What of the output is told in an error. */
const TOLD_CHARS_MAX = 500;

/** A program that was asked to end has this long before it is killed. */
const TERM_GRACE_MS = 1000;

/** What was written last by a program that has ended is there by then; its children may hold its output open for ever. */
const OUTPUT_GRACE_MS = 1000;

/** What else is needed to run a program of the configuration. */
export interface ProgramOptions {
  /** Who runs it and what for, in errors: `changer "Library": load slot 3 into drive 0`. */
  readonly doing: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program without a shell, in a process group of its own, and gives what it wrote to standard output and error. CHANGER_FAILED with
 * its words when it ends badly, CHANGER_LATE when it takes too long: then all processes that it has started are killed. What it leaves
 * running when it ends in time is not waited for.
 */
export async function runProgram(words: readonly string[], options: ProgramOptions): Promise<string> {
  const [program = "", ...args] = words;
  const { doing, timeoutMs, signal } = options;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const output = new BoundedText(child.stdout, child.stderr);
  let reason: unknown;
  const end = (why: unknown) => {
    if (reason !== undefined) return;
    reason = why;
    killGroup(child.pid, "SIGTERM");
    setTimeout(() => {
      killGroup(child.pid, "SIGKILL");
      // A process that the kernel does not let die keeps the pipes: nobody waits for it.
      destroyPipes();
      reject(why as Error);
    }, TERM_GRACE_MS);
  };
  const destroyPipes = () => {
    for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
  };
  const line = words.join(" ");
  const timer = setTimeout(
    () =>
      end(
        new OperatorError(
          "CHANGER_LATE",
          `${doing}: "${line}" did not end within ${Math.round(timeoutMs / 1000)} seconds and was killed`,
        ),
      ),
    timeoutMs,
  );
  const onAbort = () => end(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  child.once("error", (cause) =>
    reject(new OperatorError("CHANGER_FAILED", `${doing}: "${program}" cannot be run`, { cause })),
  );
  let outputTimer: NodeJS.Timeout | undefined;
  child.once("exit", () => (outputTimer = setTimeout(destroyPipes, OUTPUT_GRACE_MS)));
  child.once("close", (status, by) => {
    if (reason !== undefined) return; // the group gets its time to end, then it is told
    if (status === 0) resolve(output.text);
    else
      reject(new OperatorError("CHANGER_FAILED", `${doing}: "${line}" ended with ${by ?? `status ${status}`}: ${output.told}`));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    clearTimeout(outputTimer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function killGroup(pid: number | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // All of the group have ended.
  }
}

/** What streams bring, as far as it is kept. */
class BoundedText {
  readonly #parts: Buffer[] = [];
  #bytes = 0;

  constructor(...streams: readonly Readable[]) {
    for (const stream of streams) {
      stream.on("data", (part: Buffer) => this.#add(part));
      stream.on("error", () => {}); // the program's end says what went wrong
    }
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString("utf8");
  }

  /** In one line, for an error. */
  get told(): string {
    const text = this.text.trim().replaceAll(/\s*\n\s*/g, "; ");
    return text === "" ? "it said nothing" : text.slice(0, TOLD_CHARS_MAX);
  }

  #add(part: Buffer): void {
    const room = OUTPUT_BYTES_MAX - this.#bytes;
    if (room <= 0) return;
    this.#parts.push(part.subarray(0, room));
    this.#bytes += Math.min(room, part.byteLength);
  }
}
