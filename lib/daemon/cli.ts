import { parseArgs } from "node:util";

/** What the command line of a daemon says. */
export interface DaemonFlags {
  readonly configFile: string | undefined;
  /** Stay in the foreground. */
  readonly foreground: boolean;
  /** Read the configuration and stop. */
  readonly test: boolean;
  readonly verbose: boolean;
  /** 0: off. */
  readonly debugLevel: number;
  /** Areas of the debug output, comma-separated; "": all. */
  readonly debugTags: string;
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** Take no notice of SIGINT and SIGHUP (for debuggers). */
  readonly noSignals: boolean;
  readonly noPidFile: boolean;
  readonly traceTimes: boolean;
  readonly coreOnError: boolean;
}

/** What to do: run, or say something and end. */
export type CommandLine =
  | { readonly kind: "run"; readonly flags: DaemonFlags }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "wrong"; readonly message: string };

const options = {
  c: { type: "string", short: "c" },
  f: { type: "boolean", short: "f" },
  t: { type: "boolean", short: "t" },
  v: { type: "boolean", short: "v", multiple: true },
  d: { type: "string", short: "d" },
  T: { type: "boolean", short: "T" },
  u: { type: "string", short: "u" },
  g: { type: "string", short: "g" },
  s: { type: "boolean", short: "s" },
  m: { type: "boolean", short: "m" },
  P: { type: "boolean", short: "P" },
  help: { type: "boolean", short: "?" },
  version: { type: "boolean" },
} as const;

/** Reads the arguments of a daemon; Bacula's flags. One argument without flag is the configuration file, as there. */
export function readCommandLine(args: readonly string[]): CommandLine {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    return { kind: "wrong", message: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { kind: "help" };
  if (values.version === true) return { kind: "version" };
  if (positionals.length > 1 || (positionals.length === 1 && values.c !== undefined))
    return { kind: "wrong", message: `unexpected argument "${positionals.at(-1)}"` };
  const debug = /^([0-9]{1,4})(?:,(.*))?$/.exec(values.d ?? "0");
  if (debug === null)
    return { kind: "wrong", message: `-d wants a number and perhaps tags, such as 50 or 50,network; not "${values.d}"` };
  return {
    kind: "run",
    flags: {
      configFile: values.c ?? positionals[0],
      foreground: values.f === true,
      test: values.t === true,
      verbose: values.v !== undefined,
      debugLevel: Number(debug[1]),
      debugTags: debug[2] ?? "",
      user: values.u,
      group: values.g,
      noSignals: values.s === true,
      noPidFile: values.P === true,
      traceTimes: values.T === true,
      coreOnError: values.m === true,
    },
  };
}

/** The text of `-?`. */
export function usage(program: string, configFile: string): string {
  return `Usage: ${program} [-c FILE] [-f] [-t] [-v] [-d N[,TAGS]] [-u USER] [-g GROUP] [-s] [-P] [-T] [-m]
  -c FILE       configuration file (default ${configFile} in /etc/nocturne or /etc/bacula)
  -f            stay in the foreground, log to standard output
  -t            read the configuration, say what is wrong with it, and end
  -v            with -t: also say which directives are accepted but not acted upon
  -d N[,TAGS]   debug output of level N
  -u USER       run as this user, -g GROUP as this group
  -s            leave signals to the debugger
  -P            write no pid file
  -T            times in the debug output
  -m            print a report of the process when it dies of an error of its own
  -?            this text; --version the version
`;
}
