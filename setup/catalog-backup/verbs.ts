import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { join, dirname } from "node:path";
import type { CatalogOptions } from "#catalog/database/backend.ts";
import { catalogOptions } from "#director/config/catalog-options.ts";
import { loadDirectorConfig, type DirectorConfig } from "#director/config/load.ts";
import { splitCommand } from "#lib/base/split-command.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { dumpCatalog, dumpName } from "./dump.ts";
import { loadCatalog } from "./load.ts";
import { summaryText, writeSummary } from "./summary.ts";

/** What the command line of these verbs may say. */
export interface BackupWords {
  readonly configFile: string;
  /** Name of a Catalog resource; undefined: the first. */
  readonly catalog: string | undefined;
  /** `dump`: folder; `summary`: file. */
  readonly to: string | undefined;
  readonly job: string | undefined;
  readonly bootstrap: string | undefined;
  /** Command that takes the summary to another machine: %f is its file, which also is the command's input. */
  readonly copy: string | undefined;
  /** `load`: the dump. */
  readonly file: string | undefined;
}

/** Dumps a catalog, loads one, or writes the summary of a catalog backup. Gives the lines to print. SETUP_USAGE. */
export async function runBackupVerb(verb: "dump" | "load" | "summary", words: BackupWords): Promise<string[]> {
  const config = await loadDirectorConfig(words.configFile);
  const { name, options } = catalogOf(config, words.catalog);
  switch (verb) {
    case "dump": {
      const path = await dumpCatalog(name, options, required(words.to, "--to FOLDER"));
      return [`Catalog "${name}": its dump is ${path}`];
    }
    case "load": {
      const ended = await loadCatalog(options, required(words.file, "the file of a dump"));
      return [
        `Catalog "${name}": loaded${ended === 0 ? "" : `; ${ended} jobs that ran when the dump was made stand as incomplete`}`,
      ];
    }
    case "summary": {
      const path = required(words.to, "--to FILE");
      const jobId = Number(required(words.job, "--job JOBID"));
      const text = await summaryText({
        director: config.director.name,
        configFile: words.configFile,
        catalogName: name,
        options,
        dump: join(dirname(path), dumpName(name, options)),
        jobId,
        bootstrap: required(words.bootstrap, "--bootstrap FILE"),
      });
      await writeSummary(text, path);
      if (words.copy !== undefined) await copyAway(words.copy, path);
      return [`The summary of job ${jobId} is ${path}`];
    }
  }
}

function catalogOf(
  config: DirectorConfig,
  wanted: string | undefined,
): { readonly name: string; readonly options: CatalogOptions } {
  const resource = wanted === undefined ? [...config.catalogs.values()][0] : config.catalogs.get(wanted);
  if (resource === undefined)
    throw new OperatorError("SETUP_USAGE", `the configuration has no Catalog "${wanted ?? ""}"`, { hint: "nocturne help" });
  return { name: resource.name, options: catalogOptions(resource, config.director.workingDirectory) };
}

function required(value: string | undefined, what: string): string {
  if (value === undefined || value === "")
    throw new OperatorError("SETUP_USAGE", `${what} is missing`, { hint: "nocturne help" });
  return value;
}

/** Without a shell; the file is the command's standard input, for mail programs. SUMMARY_NOT_COPIED. */
async function copyAway(command: string, path: string): Promise<void> {
  const [program, ...args] = splitCommand(command).map((word) => word.replaceAll("%f", path));
  if (program === undefined)
    throw new OperatorError("SETUP_USAGE", "the command of --copy is empty", { hint: "nocturne help" });
  await using input = await open(path, "r");
  try {
    const child = spawn(program, args, { stdio: [input.fd, "inherit", "inherit"] });
    const [status, signal] = (await once(child, "close")) as [number | null, string | null];
    if (status === 0) return;
    throw new OperatorError("SUMMARY_NOT_COPIED", `"${command}" ended with ${signal ?? `status ${status}`}`);
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError("SUMMARY_NOT_COPIED", `"${command}" cannot be run`, { cause });
  }
}
