import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Longest waits, in milliseconds: the slowest machine stays below them, what hangs does not. */
const COMMAND_MS = 300_000;
const START_MS = 120_000;
const STOP_MS = 60_000;

/** A command that ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Standard output and standard error as they came. */
  readonly output: string;
  readonly stdout: string;
}

export interface CommandOptions {
  readonly input?: string;
  /** Asked with what it has said so far until it answers: what comes after `input`. Its input ends with that. */
  readonly more?: (stdout: string) => string | undefined;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which it is killed; COMMAND_MS if not given. */
  readonly timeoutMs?: number;
}

/** Runs a command to its end and collects what it says. */
export async function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  let stdout = "";
  let more = options.more;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    stdout += text;
    const answer = more?.(stdout);
    if (answer === undefined) return;
    more = undefined;
    child.stdin.end(answer);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stdin.on("error", () => {}); // it may end without reading all
  child.stdin.write(options.input ?? "");
  if (more === undefined) child.stdin.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? COMMAND_MS);
  try {
    return await new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status, signal) => resolve({ status, signal, output, stdout }));
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Like runCommand, but a status other than 0 is an error that shows the output. */
export async function mustRun(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const ended = await runCommand(program, args, options);
  if (ended.status !== 0) {
    throw new Error(`${program} ${args.join(" ")}: status ${ended.status ?? ended.signal}\n${ended.output.slice(-4000)}`);
  }
  return ended;
}

/** A daemon in the foreground, its output in a log file. */
export class Daemon {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #ended = false;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    this.#gone = new Promise((resolve) =>
      child.once("close", () => {
        this.#ended = true;
        resolve();
      }),
    );
  }

  /** Starts it and waits until it accepts connections on `port`; an early end is an error. */
  static async start(
    name: string,
    command: readonly string[],
    { logFile, port, host = "127.0.0.1", env }: { logFile: string; port: number; host?: string; env?: NodeJS.ProcessEnv },
  ): Promise<Daemon> {
    const log = openSync(logFile, "a");
    const [program = "", ...args] = command;
    const child = spawn(program, args, { stdio: ["ignore", log, log], ...(env === undefined ? {} : { env }) });
    closeSync(log);
    child.once("error", () => {}); // reported as an early end below
    const daemon = new Daemon(name, child);
    const deadline = Date.now() + START_MS;
    while (!(await accepts(host, port))) {
      if (daemon.#ended || child.pid === undefined) throw new Error(`${name} ended while starting; see ${logFile}`);
      if (Date.now() > deadline) {
        await daemon.kill();
        throw new Error(`${name} does not listen on port ${port} after ${START_MS} ms; see ${logFile}`);
      }
      await sleep(20);
    }
    return daemon;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return !this.#ended;
  }

  /** Asks it to end; true if it did so by itself within STOP_MS. */
  async stop(): Promise<boolean> {
    if (this.#ended) return true;
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await this.#gone;
    clearTimeout(timer);
    return this.#child.signalCode !== "SIGKILL";
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone;
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}
