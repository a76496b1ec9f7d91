import { join } from "node:path";
import { existsSync } from "node:fs";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { Catalog, type CatalogOptions } from "#catalog/catalog.ts";
import { aloneOnCatalog } from "#catalog/database/alone-on-catalog.ts";
import { BscanCatalog } from "./bscan-catalog.ts";
import type { BscanCounts, BscanScope } from "./bscan-volumes.ts";
import { BscanSink } from "./bscan-sink.ts";
import { VolumeMounts, volumeWish } from "./open-volumes.ts";
import { EXIT_FAILED } from "./run-tool.ts";
import { scanVolumes } from "./scan-volumes.ts";
import type { ToolLine, ToolSpec } from "./tool-line.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** The command line of bscan: Bacula's, and -C and -N for a catalog that a Director's configuration names. */
export const bscanSpec: ToolSpec = {
  program: "bscan",
  letters: "b:c:C:N:D:n:u:P:h:t:mprsSvV:w:",
  operands: [1, 1],
  operandsWrong: "Wrong number of arguments: give the name of a device.",
  usage: `Usage: bscan [ options ] <bacula-archive>
       -b bootstrap      specify a bootstrap file
       -c <file>         specify configuration file
       -C <file>         take the catalog from this configuration of a Director
       -N <name>         name of the Catalog there (default the first)
       -d <nn>           set debug level to <nn>
       -dt               print timestamp in debug output
       -m                update media info in database
       -D <driver name>  specify the driver database name: sqlite3 or mysql
       -n <name>         specify the database name (default bacula)
       -u <user>         specify database user name (default bacula)
       -P <password>     specify database password (default none)
       -h <host>         specify database host (default NULL)
       -t <port>         specify database port (default 0)
       -p                proceed inspite of I/O errors
       -r                list records
       -s                synchronize or store in database
       -S                show scan progress periodically
       -v                verbose
       -V <Volumes>      specify Volume names (separated by |)
       -w <dir>          specify working directory (default from conf file)
       -?                print this message
`,
};

/** Finds the catalog of a Director's configuration: its file (undefined: the usual one) and the name of a Catalog resource. */
export type DirectorsCatalog = (
  configFile: string | undefined,
  name: string | undefined,
) => Promise<CatalogOptions | undefined>;

/** Puts what lies on Volumes into a catalog; answers the exit code. */
export async function bscan(
  line: ToolLine,
  voice: ToolVoice,
  signal: AbortSignal,
  directorsCatalog: DirectorsCatalog,
): Promise<number> {
  const mounts = await VolumeMounts.open(volumeWish(line), voice, signal);
  const options = await catalogOf(line, mounts.device.config?.storage.workingDirectory, directorsCatalog);
  await using catalog = await Catalog.open(options);
  voice.message(`Using Database: ${catalog.description}`);
  const rows = new BscanCatalog(catalog, { scope: scopeOf(line), voice, isVerbose: line.has("v") });
  const show = { voice, listsRecords: line.has("r"), showsProgress: line.has("S") };
  const sink = new BscanSink(rows, show, mounts.device.driver.volType);
  const scan = async (): Promise<void> => {
    await scanVolumes(mounts, sink, { voice, signal, mustProceed: line.has("p") });
    await sink.finish();
  };
  await (scopeOf(line) === "nothing" ? scan() : aloneOnCatalog(catalog, scan));
  report(rows.counts, scopeOf(line), voice);
  return voice.errors > 0 ? EXIT_FAILED : 0;
}

function scopeOf(line: ToolLine): BscanScope {
  if (line.has("s")) return "all";
  return line.has("m") ? "media" : "nothing";
}

function report(counts: BscanCounts, scope: BscanScope, voice: ToolVoice): void {
  voice.plain(
    scope === "nothing"
      ? "Records would have been added or updated in the catalog:"
      : "Records added or updated in the catalog:",
  );
  const lines: readonly [number, string][] = [
    [counts.media, "Media"],
    [counts.pools, "Pool"],
    [counts.jobs, "Job"],
    [counts.files, "File"],
  ];
  for (const [count, what] of lines) voice.plain(`${String(count).padStart(7)} ${what}`);
}

async function catalogOf(
  line: ToolLine,
  configuredDirectory: string | undefined,
  directorsCatalog: DirectorsCatalog,
): Promise<CatalogOptions> {
  const isNamed = ["D", "n", "u", "h", "w"].some((letter) => line.has(letter));
  if (line.has("C") || !isNamed) {
    const found = await directorsCatalog(line.value("C"), line.value("N"));
    if (found !== undefined) return found;
  }
  return byFlags(line, configuredDirectory);
}

/** SQLite where there is such a file in the working directory, or nothing speaks of a server. TOOL_CATALOG_UNKNOWN. */
function byFlags(line: ToolLine, configuredDirectory: string | undefined): CatalogOptions {
  const name = line.value("n") ?? "bacula";
  const driver = line.value("D")?.toLowerCase();
  const directory = line.value("w") ?? configuredDirectory;
  const file = directory === undefined ? undefined : join(directory, `${name}.db`);
  const host = line.value("h");
  const saysServer = host !== undefined || line.has("t") || line.has("u");
  if (driver !== undefined && driver !== "mysql" && driver !== "sqlite3")
    throw new OperatorError("TOOL_CATALOG_UNKNOWN", `There is no driver "${driver.slice(0, 40)}".`, {
      hint: "-D is sqlite3 or mysql",
    });
  const port = line.number("t") ?? 0;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new OperatorError("TOOL_CATALOG_UNKNOWN", `-t wants a port, not "${line.value("t")}".`);
  if (driver !== "mysql" && file !== undefined && (driver === "sqlite3" || existsSync(file) || !saysServer))
    return { driver: "sqlite", file };
  if (driver === "sqlite3" || (!saysServer && driver === undefined)) {
    throw new OperatorError("TOOL_CATALOG_UNKNOWN", `No catalog "${name}" is named by these options.`, {
      hint: "give -C and the Director's configuration; or -w and the directory of an SQLite catalog; or -D mysql -h -n -u -P",
    });
  }
  return {
    driver: "mysql",
    name,
    user: line.value("u") ?? "bacula",
    password: line.value("P") ?? "",
    ...(host === undefined ? {} : host.startsWith("/") ? { socket: host } : { addresses: [host] }),
    ...(port === 0 ? {} : { port }),
  };
}
