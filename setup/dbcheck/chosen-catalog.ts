import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CatalogOptions } from "#catalog/database/backend.ts";
import { catalogOptions } from "#director/config/catalog-options.ts";
import type { CatalogResource } from "#director/config/catalog.ts";
import type { DirectorResource } from "#director/config/director.ts";
import { directorLanguage, loadDirectorConfig } from "#director/config/load.ts";
import { listenAddresses } from "#lib/config/address-types.ts";
import { configPath } from "#lib/config/default-path.ts";
import { pidFilePath } from "#lib/daemon/pid-file.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Which catalog the command line means, and whose it is. */
export interface ChosenCatalog {
  readonly options: CatalogOptions;
  readonly workingDirectory: string;
  /** Said before anything else. */
  readonly warnings: readonly string[];
  /** Undefined where the catalog was named without a configuration. */
  readonly resource: CatalogResource | undefined;
  readonly director: DirectorResource | undefined;
}

/** What names a catalog on a command line. */
interface Wish {
  readonly configFile: string | undefined;
  readonly catalogName: string | undefined;
  /** working-directory database user password [host] [port] */
  readonly operands: readonly string[];
}

/** The catalog of the Director's configuration (the first one, or the one named), or of Bacula's list of arguments. SETUP_USAGE. */
export async function chosenCatalog({ configFile, catalogName, operands }: Wish): Promise<ChosenCatalog> {
  if (configFile === undefined && operands.length > 0) return namedByOperands(operands);
  const file = await configPath(directorLanguage.fileName, configFile);
  const { director, catalogs } = await loadDirectorConfig(file);
  const resource = catalogName === undefined ? [...catalogs.values()][0] : catalogs.get(catalogName);
  if (resource === undefined) {
    throw new OperatorError(
      "SETUP_USAGE",
      catalogName === undefined
        ? `Error there is no Catalog section in the given config file [${file}]`
        : `Error can not find the Catalog name[${catalogName}] in the given config file [${file}]`,
      { hint: `it has: ${[...catalogs.keys()].join(", ")}` },
    );
  }
  return {
    options: catalogOptions(resource, director.workingDirectory),
    workingDirectory: director.workingDirectory,
    warnings:
      operands.length === 0
        ? []
        : ["Warning skipping the additional parameters for working directory/dbname/user/password/host."],
    resource,
    director,
  };
}

function namedByOperands(operands: readonly string[]): ChosenCatalog {
  const [workingDirectory = "", name = "bacula", user = "", password = "", host = "", port = ""] = operands;
  if (port !== "" && !/^\d{1,5}$/.test(port))
    throw new OperatorError("SETUP_USAGE", "Database port must be a numeric value.", { hint: "dbcheck -?" });
  const file = join(workingDirectory, `${name}.db`);
  const isFile = existsSync(file) || user === "";
  const options: CatalogOptions = isFile
    ? { driver: "sqlite", file }
    : {
        driver: "mysql",
        name,
        user,
        password,
        ...(host === "" ? {} : host.startsWith("/") ? { socket: host } : { addresses: [host] }),
        ...(port === "" || port === "0" ? {} : { port: Number(port) }),
      };
  return { options, workingDirectory, warnings: [], resource: undefined, director: undefined };
}

/** The lines of `-B`, which scripts source. */
export function describeCatalog({ options, workingDirectory, resource }: ChosenCatalog): string[] {
  const mysql = options.driver === "mysql" ? options : undefined;
  const lines = {
    catalog: resource?.name ?? "",
    db_name: resource?.dbName ?? mysql?.name ?? "",
    db_driver: resource?.dbDriver ?? "",
    db_user: resource?.dbUser ?? mysql?.user ?? "",
    db_password: resource?.dbPassword?.reveal() ?? mysql?.password ?? "",
    db_address: resource?.dbAddress ?? mysql?.addresses?.join(",") ?? "",
    db_port: String(resource?.dbPort ?? mysql?.port ?? 0),
    db_socket: resource?.dbSocket ?? mysql?.socket ?? "",
    db_type: mysql === undefined ? "SQLite3" : "MySQL",
    working_dir: workingDirectory,
  };
  return Object.entries(lines).map(([key, value]) => `${key}=${value}`);
}

/** Whether the Director of this catalog runs: it remembers paths, which must not be taken away under it. */
export async function isDirectorRunning({ director }: ChosenCatalog): Promise<boolean> {
  if (director === undefined) return false;
  const { dirAddresses: addresses, dirAddress: address, dirPort: port } = director;
  const [listens] = listenAddresses({ addresses, address, port });
  const path = pidFilePath(director.pidDirectory ?? director.workingDirectory, "nocturne-dir", listens?.port ?? port);
  const pid = Number(await readFile(path, "latin1").catch(() => "0"));
  if (!Number.isSafeInteger(pid) || pid <= 1) return false;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
  return commandLine.includes("director/main.ts");
}
