/** The program `nocturne`: set-up of a site, and start and stop of its daemons on this machine. */
import { isAbsolute, join, resolve } from "node:path";
import { consoleLanguage } from "#console/config/load.ts";
import { directorLanguage } from "#director/config/load.ts";
import { fileDaemonLanguage } from "#filed/config/load.ts";
import { coverageTable } from "#lib/config/coverage.ts";
import { configPath } from "#lib/config/default-path.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { RELEASE } from "#lib/rpc/versions.ts";
import { storageLanguage } from "#stored/config/load.ts";
import { portNumber, readArguments } from "./arguments.ts";
import { runCatalogVerb } from "./catalog.ts";
import { runBackupVerb } from "./catalog-backup/verbs.ts";
import { initSite } from "./init/init.ts";
import { planSite } from "./init/site-plan.ts";
import { quickstart } from "./quickstart/quickstart.ts";
import { localDaemons } from "./service/daemons.ts";
import { startDaemon, statusOf, stopDaemon } from "./service/service.ts";
import { USAGE } from "./usage.ts";

const DEFAULT_DIR = "/etc/nocturne";
const PORT_MAX = 65_533; // the two after it are taken too

type Verb = (args: readonly string[]) => Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = {
  init,
  catalog,
  start,
  stop,
  restart,
  status,
  quickstart: runQuickstart,
  "config-coverage": async () => {
    process.stdout.write(coverageTable([directorLanguage, fileDaemonLanguage, storageLanguage, consoleLanguage]));
    return 0;
  },
  version: async () => say(`nocturne ${RELEASE}`),
  help: async () => say(USAGE.trimEnd()),
};

// Who reads what we say may stop reading ("nocturne start | head -1"); the work goes on.
process.stdout.on("error", () => {});
process.exitCode = await main(process.argv.slice(2));

async function main([word = "help", ...rest]: string[]): Promise<number> {
  const verb = VERBS[word.replace(/^--?(help|version|h)$/, (_, name: string) => (name === "h" ? "help" : name))];
  try {
    if (verb === undefined)
      throw new OperatorError("SETUP_USAGE", `"${word}" is not something that nocturne does`, { hint: "nocturne help" });
    return await verb(rest);
  } catch (error) {
    process.stderr.write(
      `nocturne: ${error instanceof OperatorError ? describeError(error) : `internal error: ${error instanceof Error ? error.stack : String(error)}`}\n`,
    );
    return 1;
  }
}

function say(line: string): number {
  process.stdout.write(`${line}\n`);
  return 0;
}

async function init(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    {
      name: { type: "string" },
      address: { type: "string" },
      port: { type: "string" },
      data: { type: "string" },
      path: { type: "string", multiple: true },
    },
    1,
  );
  const configDir = userPath(positionals[0] ?? DEFAULT_DIR);
  const base = values.port === undefined ? undefined : portNumber(values.port, PORT_MAX);
  const plan = planSite({
    configDir,
    name: values.name,
    address: values.address,
    dataDir: values.data === undefined ? undefined : userPath(values.data),
    paths: values.path?.map(userPath),
    ports: base === undefined ? undefined : { director: base, fileDaemon: base + 1, storage: base + 2 },
  });
  if ((await initSite(plan)) === "already there") return say(`${configDir} is set up already; nothing was changed`);
  const dashC = configDir === DEFAULT_DIR ? "" : ` -c ${configDir}`;
  return say(`The configuration of ${plan.site} is in ${configDir}, its data will be in ${plan.dataDir}.
Look it over, then:
  nocturne catalog create${dashC}
  nocturne start${dashC}
  bconsole${dashC === "" ? "" : `${dashC}/bconsole.conf`}`);
}

async function catalog(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    {
      config: { type: "string", short: "c" },
      catalog: { type: "string" },
      to: { type: "string" },
      job: { type: "string" },
      bootstrap: { type: "string" },
      copy: { type: "string" },
    },
    2,
  );
  const given = values.config === undefined ? undefined : values.config.includes("/") ? userPath(values.config) : values.config;
  const configFile = await configPath(directorLanguage.fileName, given);
  const [verb = "", file] = positionals;
  const lines =
    verb === "dump" || verb === "load" || verb === "summary"
      ? await runBackupVerb(verb, {
          configFile,
          catalog: values.catalog,
          to: values.to === undefined ? undefined : userPath(values.to),
          job: values.job,
          bootstrap: values.bootstrap === undefined ? undefined : userPath(values.bootstrap),
          copy: values.copy,
          file: file === undefined ? undefined : userPath(file),
        })
      : await runCatalogVerb(verb, configFile);
  for (const line of lines) say(line);
  return 0;
}

async function start(args: readonly string[]): Promise<number> {
  for (const daemon of await localDaemons(configDirOf(args))) {
    const started = await startDaemon(daemon);
    say(`${daemon.program}: ${started ? "started" : "runs already"}, answers on ${daemon.host}:${daemon.port}`);
  }
  return 0;
}

async function stop(args: readonly string[]): Promise<number> {
  const { values } = readArguments(args, { config: { type: "string", short: "c" }, kill: { type: "boolean" } }, 0);
  for (const daemon of (await localDaemons(userPath(values.config ?? DEFAULT_DIR))).toReversed()) {
    const stopped = await stopDaemon(daemon, { kill: values.kill === true });
    say(`${daemon.program}: ${stopped ? "stopped" : "did not run"}`);
  }
  return 0;
}

async function restart(args: readonly string[]): Promise<number> {
  const daemons = await localDaemons(configDirOf(args));
  for (const daemon of daemons.toReversed()) await stopDaemon(daemon, { kill: false });
  for (const daemon of daemons) {
    await startDaemon(daemon);
    say(`${daemon.program}: restarted, answers on ${daemon.host}:${daemon.port}`);
  }
  return 0;
}

async function status(args: readonly string[]): Promise<number> {
  let code = 0;
  for (const daemon of await localDaemons(configDirOf(args))) {
    const found = await statusOf(daemon);
    const pid = found.kind === "down" || found.pid === undefined ? "" : ` (process ${found.pid})`;
    const words = {
      answers: `answers on ${daemon.host}:${daemon.port}`,
      starting: "runs, but does not answer",
      down: "is not running",
    }[found.kind];
    say(`${daemon.program}: ${words}${pid}`);
    if (found.kind !== "answers") code = 1;
  }
  return code;
}

async function runQuickstart(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    { keep: { type: "boolean" }, dedup: { type: "boolean" }, dir: { type: "string" } },
    1,
  );
  const root = join(import.meta.dirname, "..");
  const ok = await quickstart({
    source: positionals[0] === undefined ? root : userPath(positionals[0]),
    dir: values.dir === undefined ? undefined : userPath(values.dir),
    keep: values.keep === true,
    dedup: values.dedup === true,
    say: (line) => void say(line),
  });
  return ok ? 0 : 1;
}

function configDirOf(args: readonly string[]): string {
  const { values } = readArguments(args, { config: { type: "string", short: "c" } }, 0);
  return userPath(values.config ?? DEFAULT_DIR);
}

/** A path that the user typed; npm runs us elsewhere than where it was typed. */
function userPath(path: string): string {
  return isAbsolute(path) ? resolve(path) : resolve(process.env.INIT_CWD ?? process.cwd(), path);
}
