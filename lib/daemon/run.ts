import { enableCompileCache } from "node:module";
import type { Logger } from "pino";
import { configPath } from "#lib/config/default-path.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { RELEASE, uname } from "#lib/rpc/versions.ts";
import { isBackground, reportToStarter, startInBackground } from "./background.ts";
import { readCommandLine, usage, type DaemonFlags } from "./cli.ts";
import { levelOf, makeLogger } from "./logger.ts";
import { claimPidFile, pidFilePath } from "./pid-file.ts";
import { dropPrivileges } from "./privileges.ts";

/** What `runDaemon` must know of a configuration. */
export interface DaemonFacts {
  /** Resource name of the daemon. */
  readonly name: string;
  /** Port of its first address, for the pid file's name. */
  readonly port: number;
  readonly workingDirectory: string;
  /** Default: the working directory. */
  readonly pidDirectory: string | undefined;
  /** Lines that `-t -v` prints. */
  readonly warnings: readonly string[];
}

/** What a daemon gets to run with. */
export interface DaemonContext {
  readonly log: Logger;
  readonly flags: DaemonFlags;
  /** Path of the configuration file, for reload. */
  readonly configFile: string;
  /** Aborts when the daemon is to stop. */
  readonly signal: AbortSignal;
}

/** A daemon that accepts connections. Disposing lets running work end (bounded) and lets go of everything. */
export interface RunningDaemon extends AsyncDisposable {
  /** SIGHUP: read the configuration again. A configuration with errors is refused and the old one stays. */
  reload?(): Promise<void>;
}

/** One of our programs. */
export interface DaemonProgram<Config> {
  readonly program: "nocturne-dir" | "nocturne-fd" | "nocturne-sd";
  /** Default name of the configuration file. */
  readonly configFile: string;
  /** Lines of the usage about options that this program alone has. */
  readonly moreUsage?: string;
  readonly load: (path: string) => Promise<Config>;
  readonly facts: (config: Config) => DaemonFacts;
  /** Resolves when the daemon accepts connections. */
  readonly start: (config: Config, context: DaemonContext) => Promise<RunningDaemon>;
}

/** Time from the signal to stop until the process ends itself, whatever is left. */
const STOP_MS_MAX = 60_000;

/** Runs a daemon from its command line to its end; answers the exit code. Never throws what an operator could cause. */
export async function runDaemon<Config>(program: DaemonProgram<Config>, args: readonly string[]): Promise<number> {
  enableCompileCache(); // what load and start import comes compiled from the second start on
  const command = readCommandLine(args);
  switch (command.kind) {
    case "help":
      return print(usage(program.program, program.configFile) + (program.moreUsage ?? ""));
    case "version":
      return print(`${program.program} ${RELEASE} ${uname()}\n`);
    case "wrong":
      process.stderr.write(`${program.program}: ${command.message}\n${usage(program.program, program.configFile)}`);
      return 1;
    case "run":
      break;
  }
  try {
    return await run(program, command.flags);
  } catch (error) {
    const text = describeError(error);
    process.stderr.write(`${program.program}: ${text}\n`);
    if (!(error instanceof OperatorError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    await reportToStarter({ kind: "failed", text });
    return 1;
  }
}

async function run<Config>(program: DaemonProgram<Config>, flags: DaemonFlags): Promise<number> {
  const configFile = await configPath(program.configFile, flags.configFile);
  const config = await program.load(configFile);
  const facts = program.facts(config);
  if (flags.test) return print(flags.verbose ? facts.warnings.map((line) => `${line}\n`).join("") : "");
  if (!flags.foreground && !isBackground()) {
    const failure = await startInBackground();
    if (failure === "") return 0;
    process.stderr.write(`${program.program}: ${failure}\n`);
    return 1;
  }
  await using stack = new AsyncDisposableStack();
  const pidFile = pidFilePath(facts.pidDirectory ?? facts.workingDirectory, program.program, facts.port);
  if (!flags.noPidFile) stack.use(await claimPidFile(pidFile));
  const logFile = `${facts.workingDirectory}/${facts.name}.log`;
  const log = openLog(facts, flags, logFile);
  await dropPrivileges(flags, [logFile, pidFile]);
  return await serve(program, config, { log, flags, configFile });
}

function openLog(facts: DaemonFacts, flags: DaemonFlags, path: string): Logger {
  if (flags.foreground) return makeLogger(facts.name, { kind: "stdout" }, flags.debugLevel);
  try {
    return makeLogger(facts.name, { kind: "file", path }, flags.debugLevel);
  } catch (error) {
    throw new OperatorError("DAEMON_START_FAILED", `cannot write the log ${path}`, {
      cause: error,
      hint: "the Working Directory must exist and be writable",
    });
  }
}

async function serve<Config>(
  program: DaemonProgram<Config>,
  config: Config,
  context: Omit<DaemonContext, "signal">,
): Promise<number> {
  const { log, flags } = context;
  const stopping = new AbortController();
  const died = (error: Error) => log.fatal({ err: error }, `an error of the program itself; it stops: ${describeError(error)}`);
  process.on("uncaughtExceptionMonitor", died); // Node then ends the process with an exit code that is not 0
  const running = await program.start(config, { ...context, signal: stopping.signal });
  using _signals = onSignals(flags, {
    stop: (signal) => {
      log.info(`${signal} received, stopping`);
      stopping.abort(new OperatorError("RPC_STOPPING", `${program.program} is being stopped`));
    },
    reload: () => void reload(running, log),
  });
  log.info(`${program.program} ${RELEASE} is ready, process ${process.pid}, configuration ${context.configFile}`);
  await reportToStarter({ kind: "ready" });
  if (!stopping.signal.aborted)
    await new Promise((resolve) => stopping.signal.addEventListener("abort", resolve, { once: true }));
  const last = setTimeout(() => {
    log.error(`not everything could be stopped within ${STOP_MS_MAX / 1000} s; the process ends itself`);
    process.kill(process.pid, "SIGKILL");
  }, STOP_MS_MAX);
  await running[Symbol.asyncDispose]();
  last.unref(); // what does not let go of the event loop is still ended by it
  log.info("stopped");
  return 0;
}

async function reload(running: RunningDaemon, log: Logger): Promise<void> {
  if (running.reload === undefined) {
    log.info("SIGHUP received; this daemon reads its configuration at start only");
    return;
  }
  try {
    await running.reload();
    log.info("the configuration was read again");
  } catch (error) {
    log.error(`the configuration was not taken over: ${describeError(error)}`);
  }
}

/** Listens to the signals of an operator. A second signal to stop ends the process at once, as without a listener. */
function onSignals(flags: DaemonFlags, actions: { stop: (signal: string) => void; reload: () => void }): Disposable {
  const stop = (signal: string) => {
    process.off("SIGTERM", stop).off("SIGINT", stop);
    actions.stop(signal);
  };
  process.on("SIGTERM", stop);
  if (!flags.noSignals) process.on("SIGINT", stop).on("SIGHUP", actions.reload);
  return { [Symbol.dispose]: () => void process.off("SIGTERM", stop).off("SIGINT", stop).off("SIGHUP", actions.reload) };
}

/** What `setdebug` does to a daemon's own log. */
export function setDebugLevel(log: Logger, level: number): void {
  log.level = levelOf(level);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
