import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CatalogOptions } from "#catalog/database/backend.ts";
import { copySqliteCatalog } from "#catalog/migrations/copy-sqlite.ts";
import { checkCatalog } from "#catalog/migrations/migrate.ts";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

type MysqlCatalog = Extract<CatalogOptions, { driver: "mysql" }>;

/** Name of a catalog's dump in the folder of dumps. */
export function dumpName(catalog: string, options: CatalogOptions): string {
  return `${catalog}.${options.driver === "sqlite" ? "db" : "sql"}`;
}

/**
 * Writes a consistent copy of a catalog while jobs go on: of SQLite a database file, of MySQL statements as its own dump program writes them.
 * The file appears whole, under its name, or not at all. Gives its path.
 */
export async function dumpCatalog(catalog: string, options: CatalogOptions, folder: string): Promise<string> {
  await checkCatalog(options);
  makeDirectory(folder, 0o700);
  const path = join(folder, dumpName(catalog, options));
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  try {
    if (options.driver === "sqlite") await copySqliteCatalog(options.file, fresh);
    else await dumpMysql(options, fresh);
    await chmod(fresh, 0o600);
    await rename(fresh, path);
  } finally {
    await rm(fresh, { force: true });
  }
  return path;
}

async function dumpMysql(options: MysqlCatalog, into: string): Promise<void> {
  const program = ["mariadb-dump", "mysqldump"];
  const how = [
    "--single-transaction",
    "--quick",
    "--hex-blob",
    "--skip-lock-tables",
    "--routines=0",
    "--comments", // the last one says that the dump is whole
    "--default-character-set=utf8mb4",
  ];
  await using out = await open(into, "wx", 0o600);
  await withPassword(options, async (defaults) => {
    await runClient(program, [`--defaults-extra-file=${defaults}`, ...how, options.name], { input: "ignore", output: out.fd });
  });
  await out.sync();
}

/** Runs work with a file that tells a client program where the server is and who we are: passwords stand in no process list. */
export async function withPassword(options: MysqlCatalog, work: (defaults: string) => Promise<void>): Promise<void> {
  const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
  const place =
    options.socket !== undefined
      ? [`socket=${quote(options.socket)}`]
      : [
          `host=${quote(options.addresses?.[0] ?? "localhost")}`,
          ...(options.port === undefined ? [] : [`port=${options.port}`]),
        ];
  const lines = ["[client]", `user=${quote(options.user)}`, `password=${quote(options.password)}`, ...place, ""];
  const path = join(process.env["TMPDIR"] ?? "/tmp", `.nocturne-client-${process.pid}-${Date.now()}`);
  await writeFile(path, lines.join("\n"), { mode: 0o600, flag: "wx" });
  try {
    await work(path);
  } finally {
    await rm(path, { force: true });
  }
}

/** Runs the first of these programs that is installed. CATALOG_CLIENT_FAILED with what it said. */
export async function runClient(
  programs: readonly string[],
  args: readonly string[],
  streams: { readonly input: "ignore" | number; readonly output: "ignore" | number },
): Promise<void> {
  for (const program of programs) {
    const child = spawn(program, args, { stdio: [streams.input, streams.output, "pipe"] });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = `${said}${text}`.slice(-2000);
    });
    try {
      const [status] = (await once(child, "close")) as [number | null];
      if (status === 0) return;
      throw new OperatorError("CATALOG_CLIENT_FAILED", `${program} ended with status ${status}: ${said.trim()}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new OperatorError("CATALOG_CLIENT_FAILED", `none of these programs is installed: ${programs.join(", ")}`);
}
