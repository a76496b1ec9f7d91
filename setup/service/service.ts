import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { BIN, type LocalDaemon } from "./daemons.ts";

/** How long a daemon may take until it accepts connections. */
const START_MS = 30_000;
/** How long a daemon may take to end after SIGTERM. */
const STOP_MS = 60_000;
const POLL_MS = 25;

/** Whether a daemon runs and answers. `pid` is that of its pid file. */
export type DaemonStatus = { readonly kind: "answers"; readonly pid: number | undefined } | { readonly kind: "starting"; readonly pid: number } | { readonly kind: "down" };

/** What a daemon's pid file and port say. */
export async function statusOf(daemon: LocalDaemon): Promise<DaemonStatus> {
  const pid = runningPid(daemon);
  if (await accepts(daemon)) return { kind: "answers", pid };
  return pid === undefined ? { kind: "down" } : { kind: "starting", pid };
}

/** Starts a daemon in the background and waits until it accepts connections. False if it ran already. Throws SETUP_NOT_STARTED. */
export async function startDaemon(daemon: LocalDaemon): Promise<boolean> {
  if ((await statusOf(daemon)).kind === "answers") return false;
  const logFile = join(daemon.workingDirectory, `${daemon.program}.out`);
  mkdirSync(daemon.workingDirectory, { recursive: true, mode: 0o700 });
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(join(BIN, daemon.program), ["-f", "-c", daemon.configFile], { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  await untilAnswers(daemon, child, logFile);
  child.unref();
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
      throw new OperatorError("SETUP_NOT_STOPPED", `${daemon.program} (process ${pid}) has not ended after ${STOP_MS / 1000} seconds`, {
        hint: `nocturne stop --kill ends it at once; running jobs end as errors`,
      });
    }
    await sleep(POLL_MS);
  }
  return true;
}

async function untilAnswers(daemon: LocalDaemon, child: ChildProcess, logFile: string): Promise<void> {
  let failure: string | undefined;
  child.once("error", (error) => (failure = error.message));
  child.once("exit", (code, signal) => (failure = `it ended with ${signal ?? `status ${code}`}`));
  const deadline = Date.now() + START_MS;
  while (!(await accepts(daemon))) {
    if (Date.now() > deadline) failure = `it does not answer on ${daemon.host}:${daemon.port} after ${START_MS / 1000} seconds`;
    if (failure !== undefined) {
      throw new OperatorError("SETUP_NOT_STARTED", `${daemon.program} was not started: ${failure}\n${lastLines(logFile)}`, { hint: `all of it is in ${logFile}` });
    }
    await sleep(POLL_MS);
  }
}

function lastLines(file: string): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-12).join("\n");
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
