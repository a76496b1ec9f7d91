import type { ScriptedConsole } from "./console.ts";

const INTERVAL_MS = 1000;
const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** How far a job has come. */
export interface JobProgress {
  readonly files: number;
  readonly bytes: number;
}

/** Reads a running job's line in the output of `status director`; undefined if it is not there. */
export function progressIn(status: string, jobId: number): JobProgress | undefined {
  const line = new RegExp(String.raw`^\s*${jobId}\s+\w+\s+\w*\s+([\d,]+)\s+([\d.,]+)\s*([KMGT]?)`, "m").exec(status);
  if (line === null) return undefined;
  const [, files = "0", bytes = "0", unit = ""] = line;
  return { files: Number(files.replaceAll(",", "")), bytes: Number(bytes.replaceAll(",", "")) * (UNITS[unit] ?? 1) };
}

/**
 * Shows one line that changes, while a job runs: files, bytes, rate. On something that is no terminal a line appears only now
 * and then. Ends by `stop`.
 */
export class ProgressLine {
  readonly #isTerminal = process.stdout.isTTY;
  readonly #startedMs = Date.now();
  #lastShownMs = 0;
  #stopped = false;

  /** Asks and shows until the job's line is gone or `stop` is called. */
  async follow(console: ScriptedConsole, jobId: number, label: string): Promise<void> {
    while (!this.#stopped) {
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
      if (this.#stopped) break;
      const progress = progressIn(await console.type("status director"), jobId);
      if (progress !== undefined) this.#show(label, progress);
    }
    if (this.#isTerminal) process.stdout.write("\r\u001b[K");
  }

  stop(): void {
    this.#stopped = true;
  }

  #show(label: string, { files, bytes }: JobProgress): void {
    const seconds = (Date.now() - this.#startedMs) / 1000;
    const text = `${label}: ${files.toLocaleString("en-US")} files, ${megabytes(bytes)} MB, ${megabytes(bytes / seconds)} MB/s, ${seconds.toFixed(0)} s`;
    if (this.#isTerminal) process.stdout.write(`\r\u001b[K${text}`);
    else if (Date.now() - this.#lastShownMs >= 5 * INTERVAL_MS) {
      this.#lastShownMs = Date.now();
      process.stdout.write(`${text}\n`);
    }
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toLocaleString("en-US", { maximumFractionDigits: 1 });
}
