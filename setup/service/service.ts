import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import { BIN, type LocalDaemon } from "./daemons.ts";

/** How long a daemon may take until it accepts connections. */
const START_MS = 30_000;
/** How long a daemon may take to end after SIGTERM. */
const STOP_MS = 60_000;
const POLL_MS = 25;
/** Of what a daemon says while it fails to start, this much is kept. */
const SAID_MAX = 8192;

/** Whether a daemon runs and answers. `pid` is that of its pid file. */
export type DaemonStatus =
  | { readonly kind: "answers"; readonly pid: number | undefined }
  | { readonly kind: "starting"; readonly pid: number }
  | { readonly kind: "down" };

/** What a daemon's pid file and port say. */
export async function statusOf(daemon: LocalDaemon): Promise<DaemonStatus> {
  const pid = runningPid(daemon);
  if (await accepts(daemon)) return { kind: "answers", pid };
  return pid === undefined ? { kind: "down" } : { kind: "starting", pid };
}

/**
 * Starts a daemon, which goes to the background when it accepts connections. False if it ran already. Throws SETUP_NOT_STARTED with
 * the daemon's own words.
 */
export async function startDaemon(daemon: LocalDaemon): Promise<boolean> {
  if ((await statusOf(daemon)).kind === "answers") return false;
  makeDirectory(daemon.workingDirectory, 0o700);
  const failure = await failureOfStart(daemon);
  if (failure !== undefined) {
    throw new OperatorError("SETUP_NOT_STARTED", `${daemon.program} was not started: ${failure}`, {
      hint: `its configuration is ${daemon.configFile}`,
    });
  }
  return true;
}

/** Asks a daemon to end, or ends it at once with `kill`; waits until it is gone. False if it did not run. Throws SETUP_NOT_STOPPED. */
export async function stopDaemon(daemon: LocalDaemon, { kill }: { kill: boolean }): Promise<boolean> {
  const pid = runningPid(daemon);
  if (pid === undefined) return false;
  process.kill(pid, kill ? "SIGKILL" : "SIGTERM");
  const deadline = Date.now() + STOP_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadline) {
      throw new OperatorError(
        "SETUP_NOT_STOPPED",
        `${daemon.program} (process ${pid}) has not ended after ${STOP_MS / 1000} seconds`,
        {
          hint: `nocturne stop --kill ends it at once; running jobs end as errors`,
        },
      );
    }
    await sleep(POLL_MS);
  }
  return true;
}

/** Runs the launcher until it returns; why the daemon does not work, if so. */
async function failureOfStart(daemon: LocalDaemon): Promise<string | undefined> {
  const child = spawn(join(BIN, daemon.program), ["-c", daemon.configFile], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-SAID_MAX)));
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  const ending = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) =>
      resolve(
        signal === "SIGKILL"
          ? `it does not answer after ${START_MS / 1000} seconds`
          : code === 0
            ? ""
            : (signal ?? `status ${code}`),
      ),
    );
  });
  clearTimeout(timer);
  child.stderr.destroy();
  if (ending === "") return undefined;
  return said.trim() === "" ? ending : said.trim();
}

/** The process of the daemon's pid file, if it lives and is no other program. */
function runningPid(daemon: LocalDaemon): number | undefined {
  let text: string;
  try {
    text = readFileSync(daemon.pidFile, "latin1");
  } catch {
    return undefined;
  }
  const pid = Number.parseInt(text, 10);
  return Number.isSafeInteger(pid) && pid > 1 && isAlive(pid) && isOurs(pid) ? pid : undefined;
}

/** A pid file that was left behind may name a process of something else by now. */
function isOurs(pid: number): boolean {
  try {
    return /node|nocturne/.test(readFileSync(`/proc/${pid}/cmdline`, "latin1"));
  } catch {
    return process.platform !== "linux";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !isZombie(pid);
}

/** A child of ours that has ended but was not waited for yet. */
function isZombie(pid: number): boolean {
  try {
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

function accepts({ host, port }: LocalDaemon): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2000, () => done(false));
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}
