import { statSync } from "node:fs";
import pino, { type DestinationStream, type Logger } from "pino";
import { LOG_BYTES_MAX, rotateIfFull } from "#lib/messages/rotate-file.ts";
import type { RpcLog } from "#lib/rpc/server.ts";
import { describeError } from "#lib/errors/operator-error.ts";

/** Where a daemon's own log goes. */
export type LogTarget =
  | { readonly kind: "stdout" }
  /** JSON lines, appended. */
  | { readonly kind: "file"; readonly path: string };

/** The daemon's root logger. Jobs take a child: `log.child({ jobId })`. Lines are written at once, so a crash loses none. */
export function makeLogger(name: string, target: LogTarget, debugLevel: number): Logger {
  const destination: DestinationStream = target.kind === "stdout" ? readableLines(name) : linesInFile(target.path);
  const options = {
    name,
    level: levelOf(debugLevel),
    base: { pid: process.pid },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(options, destination);
}

/** pino's level for a debug level as `-d` and `setdebug` give it: 0 info, up to 99 debug, above trace. */
export function levelOf(debugLevel: number): "info" | "debug" | "trace" {
  if (debugLevel === 0) return "info";
  return debugLevel < 100 ? "debug" : "trace";
}

/** Bytes of lines that are kept while the log cannot be written. */
const UNWRITTEN_BYTES_MAX = 256 * 1024;

/**
 * A log that cannot be written (a full disk) must not end the daemon: lines wait for the next that can, later ones are dropped. When it is full it is
 * put aside and begun anew; one that cannot be put aside grows on.
 */
function linesInFile(path: string): DestinationStream {
  const file = pino.destination({
    dest: path,
    append: true,
    mkdir: false,
    sync: true,
    mode: 0o600,
    maxLength: UNWRITTEN_BYTES_MAX,
  });
  file.on("error", () => {});
  let bytes = sizeOf(path);
  return {
    write(line) {
      file.write(line);
      bytes += line.length;
      if (bytes < LOG_BYTES_MAX) return;
      try {
        if (rotateIfFull(path)) file.reopen();
        bytes = sizeOf(path);
      } catch {
        bytes = 0; // tried again after as many bytes
      }
    },
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Lines for a person at a terminal or a journal: `05-Jan 12:00:00 client1-fd: text key=value`. */
function readableLines(name: string): DestinationStream {
  // A journal that was restarted, or a pipe that nobody reads any more, must not end the daemon.
  process.stdout.on("error", () => {});
  return {
    write(json) {
      const { level, time, name: _name, pid: _pid, msg, err, ...facts } = JSON.parse(json) as Record<string, unknown>;
      const words = Object.entries(facts).map(
        ([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
      );
      const mark = level === "info" ? "" : ` ${String(level)}:`;
      const stack = typeof err === "object" && err !== null && "stack" in err ? `\n${String(err.stack)}` : "";
      process.stdout.write(
        `${shortTime(new Date(String(time)))} ${name}:${mark} ${typeof msg === "string" ? msg : ""}${words.join("")}${stack}\n`,
      );
    },
  };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function shortTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(time.getDate())}-${MONTHS[time.getMonth()]} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** What connections say, in the daemon's log. */
export function rpcLog(log: Logger): RpcLog {
  return {
    info: (text) => log.info(text),
    security: (text) => log.warn({ security: true }, text),
    error: (text, error) => log.error({ err: error }, `${text}: ${describeError(error)}`),
  };
}
