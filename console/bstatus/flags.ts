import { parseArgs } from "node:util";
import { parseDuration } from "#lib/base/duration.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { limitKinds, parseLimits, type Limits } from "./limits.ts";

/** How the answer is shown. */
export type Format = "text" | "json" | "nagios";

/** What the command line of bstatus asks for. */
export interface StatusFlags {
  readonly configFile: string | undefined;
  readonly director: string | undefined;
  readonly console: string | undefined;
  readonly format: Format;
  /** Names of clients with wildcards; none: all, and the media of the site. */
  readonly clients: readonly string[];
  readonly graceS: number;
  readonly timeoutS: number;
  readonly limits: Limits;
  readonly help: boolean;
  readonly version: boolean;
}

export const USAGE = `Usage: bstatus [options]
  How all clients of a site are backed up. Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
  -c FILE              configuration file of the console
  -D NAME              Director to ask
  -C NAME              Console resource to be
  --json               one JSON document
  --nagios             one line with perfdata, for Nagios and its kin
  --client=NAME        only this client, wildcards allowed (may be given often); media are left out
  --timeout=TIME       longest time to wait for the Director (30 s)
  --grace=TIME         a run counts as overdue so long after it was due (1 hour)
  --warn-age=TIME      --crit-age=TIME       age of the last good backup (no limit)
  --warn-missed=N      --crit-missed=N       overdue runs of the Schedule (1, 2)
  --warn-failures=N    --crit-failures=N     failed runs since the last good one (1, 3)
  --warn-running=TIME                        a job that runs longer hangs (1 day)
  --warn-days-left=N   --crit-days-left=N    days until a storage is full (14, 3)
  --warn-free=PERCENT  --crit-free=PERCENT   free room of a storage (0, 1)
                       Each limit may be given often, with a name before a colon for what it is meant:
                       --warn-age=26h '--warn-age=laptop*:8 days' --warn-age=web1/Logs:2h. The last that fits counts; 0: no limit.
  --version            show the version
  -?, --help           show this text
`;

/** The Director must have answered within this, at most. */
const TIMEOUT_S = 30;
const TIMEOUT_S_MAX = 3600;
const GRACE_S = 3600;

/** Reads the command line. Throws VALUE_REFUSED for what it does not know. */
export function parseStatusFlags(argv: readonly string[]): StatusFlags {
  const values = readWords(argv.map((word) => (word === "-?" ? "--help" : word)));
  const texts = (name: string): readonly string[] => (values[name] as string[] | undefined) ?? [];
  const last = (name: string): string | undefined => texts(name).at(-1);
  if (values["json"] === true && values["nagios"] === true)
    throw new OperatorError("VALUE_REFUSED", "--json and --nagios exclude each other");
  const timeoutS = span("timeout", last("timeout"), TIMEOUT_S);
  if (timeoutS < 1 || timeoutS > TIMEOUT_S_MAX)
    throw new OperatorError("VALUE_REFUSED", "--timeout: between 1 second and 1 hour is needed");
  return {
    configFile: last("config"),
    director: last("director"),
    console: last("console"),
    format: values["json"] === true ? "json" : values["nagios"] === true ? "nagios" : "text",
    clients: texts("client"),
    graceS: span("grace", last("grace"), GRACE_S),
    timeoutS,
    limits: parseLimits(texts),
    help: values["help"] === true,
    version: values["version"] === true,
  };
}

function readWords(args: readonly string[]): Readonly<Record<string, unknown>> {
  const text = { type: "string", multiple: true } as const;
  const flag = { type: "boolean" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        config: { ...text, short: "c" },
        director: { ...text, short: "D" },
        console: { ...text, short: "C" },
        json: flag,
        nagios: flag,
        client: text,
        timeout: text,
        grace: text,
        ...Object.fromEntries(limitKinds.map((kind) => [kind, text])),
        help: { ...flag, short: "h" },
        version: flag,
      },
    });
    return values;
  } catch (error) {
    throw new OperatorError("VALUE_REFUSED", error instanceof Error ? error.message : String(error), {
      hint: "bstatus --help lists the options",
    });
  }
}

function span(name: string, text: string | undefined, preset: number): number {
  if (text === undefined) return preset;
  try {
    return parseDuration(text);
  } catch (error) {
    throw new OperatorError("VALUE_REFUSED", `--${name}=${text}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
