import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { splitCommand } from "#lib/base/split-command.ts";
import { systemErrorText } from "#lib/platform/system-error.ts";
import type { ClientScript } from "#proto/filed.ts";

/** How a job stands when its scripts are chosen. */
export type ScriptOutcome = "running" | "ok" | "failed";

export interface RunScriptOptions {
  /** Values of %-codes by letter. */
  readonly codes: Readonly<Record<string, string>>;
  /** Told each line of output. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Longest line of output that is passed on, in characters. */
const LINE_CHARS_MAX = 8192;

/** True if the script is to run with this outcome so far. Scripts before the job have no outcome to look at. */
export function isWanted(script: ClientScript, outcome: ScriptOutcome): boolean {
  if (outcome === "running") return script.onSuccess || script.onFailure;
  return outcome === "ok" ? script.onSuccess : script.onFailure;
}

/** Replaces %-codes; unknown ones stay as they are, "%%" is a percent sign. */
export function expandCodes(text: string, codes: Readonly<Record<string, string>>): string {
  return text.replace(/%(.)/gs, (whole, letter: string) => (letter === "%" ? "%" : (codes[letter] ?? whole)));
}

/** Runs a command without a shell, as Bacula does, its output line by line to `onLine`. Throws OperatorError SCRIPT_FAILED unless it ends with 0. */
export async function runScript(command: string, options: RunScriptOptions): Promise<void> {
  options.signal.throwIfAborted();
  const [program, ...args] = splitCommand(expandCodes(command, options.codes));
  if (program === undefined) throw new OperatorError("SCRIPT_FAILED", "the command is empty");
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], cwd: "/", detached: true });
  const ended = new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(`it cannot be run: ${systemErrorText(error)}`));
    child.on("close", (code, signal) =>
      resolve(
        code === 0
          ? undefined
          : signal === null
            ? `returned non-zero status=${code}. ERR=Child exited with code ${code}`
            : `was ended by ${signal}`,
      ),
    );
  });
  // The whole group: a shell's children would otherwise live on and keep the pipe open.
  const stop = (): void => {
    if (child.pid !== undefined && child.exitCode === null) killGroup(child.pid);
  };
  options.signal.addEventListener("abort", stop, { once: true });
  try {
    readLines(child.stdout, options.onLine);
    readLines(child.stderr, options.onLine);
    const failure = await ended;
    options.signal.throwIfAborted();
    if (failure !== undefined) throw new OperatorError("SCRIPT_FAILED", failure);
  } finally {
    options.signal.removeEventListener("abort", stop);
    stop();
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) =>
    onLine(line.slice(0, LINE_CHARS_MAX)),
  );
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGTERM");
  } catch {
    // It has just ended.
  }
}
