import { readFileSync } from "node:fs";
import { mustRun } from "./process.ts";
import type { World } from "./world.ts";

/** Programs of other people that read and write catalogs. */
export const FOREIGN_SQL = ["/usr/bin/sqlite3", "/usr/bin/mariadb"];

/** Runs SQL in the site's catalog by the database's own client; answers its rows, columns separated by "|". */
export async function foreignSql(world: World, statement: string): Promise<string[]> {
  const config = readFileSync(world.path("bacula-dir.conf"), "utf8");
  const value = (key: string): string | undefined => new RegExp(`${key} = "?([^";\\n]*)"?`).exec(config)?.[1];
  const isMariadb = value("dbdriver") === "mysql";
  const database = value("dbname") ?? "bacula";
  const { stdout } = isMariadb
    ? await mustRun("/usr/bin/mariadb", [
        "--no-defaults",
        "--protocol=TCP",
        "--host=127.0.0.1",
        `--port=${value("dbport")}`,
        `--user=${value("dbuser")}`,
        `--password=${value("dbpassword")}`,
        "--batch",
        "--skip-column-names",
        "-e",
        statement,
        database,
      ])
    : await mustRun("/usr/bin/sqlite3", [world.path(`work/dir/${database}.db`), statement]);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (isMariadb ? line.replaceAll("\t", "|") : line));
}
