import { parseArgs } from "node:util";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** What the command line of bconsole asks for. */
export interface ConsoleFlags {
  readonly configFile: string | undefined;
  readonly director: string | undefined;
  readonly console: string | undefined;
  readonly debug: string | undefined;
  readonly listDirectors: boolean;
  readonly listConsoles: boolean;
  readonly noConio: boolean;
  readonly noSignals: boolean;
  readonly testConfig: boolean;
  /** Seconds; 0: no limit. */
  readonly commandTimeout: number;
  /** Commands to run instead of standard input. */
  readonly commands: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
}

export const USAGE = `Usage: bconsole [options]
  -c FILE     configuration file
  -D NAME     Director to connect to
  -C NAME     Console resource to be
  -l          list the Directors of the configuration
  -L          list the Consoles of the configuration
  -n          no line editing
  -s          no signals: Ctrl-C does nothing
  -t          check the configuration and end
  -u SECONDS  longest time for one command
  -x COMMAND  run this command and end with its exit status (may be given often)
  -d LEVEL    debug level: 50 and more shows how the connection is made
  --version   show the version
  -?, --help  show this text
`;

/** Reads the command line. Throws VALUE_REFUSED for what it does not know. */
export function parseFlags(argv: readonly string[]): ConsoleFlags {
  // "-?" and "-dt" are Bacula's; the parser of Node knows only letters.
  const words = argv.flatMap((word) => (word === "-?" ? ["--help"] : word === "-dt" ? [] : [word]));
  let values;
  try {
    ({ values } = parseArgs({
      args: words,
      strict: true,
      allowPositionals: false,
      options: {
        config: { type: "string", short: "c" },
        director: { type: "string", short: "D" },
        console: { type: "string", short: "C" },
        debug: { type: "string", short: "d" },
        "list-directors": { type: "boolean", short: "l" },
        "list-consoles": { type: "boolean", short: "L" },
        "no-conio": { type: "boolean", short: "n" },
        "no-signals": { type: "boolean", short: "s" },
        test: { type: "boolean", short: "t" },
        timeout: { type: "string", short: "u" },
        command: { type: "string", short: "x", multiple: true },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
    }));
  } catch (error) {
    throw new OperatorError("VALUE_REFUSED", error instanceof Error ? error.message : String(error), {
      hint: "bconsole -? lists the options",
    });
  }
  const timeout = values.timeout ?? "0";
  if (!/^\d{1,9}$/.test(timeout)) throw new OperatorError("VALUE_REFUSED", `-u ${timeout} is no number of seconds`);
  return {
    configFile: values.config,
    director: values.director,
    console: values.console,
    debug: values.debug,
    listDirectors: values["list-directors"] ?? false,
    listConsoles: values["list-consoles"] ?? false,
    noConio: values["no-conio"] ?? false,
    noSignals: values["no-signals"] ?? false,
    testConfig: values.test ?? false,
    commandTimeout: Number(timeout),
    commands: values.command ?? [],
    help: values.help ?? false,
    version: values.version ?? false,
  };
}
