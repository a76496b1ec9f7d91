import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { mustRun } from "./process.ts";
import { USUAL_CATALOG } from "./site.ts";

/** The programs of one make: what stands behind the same configuration files and console commands. */
export interface Programs {
  readonly dir: readonly string[];
  readonly fd: readonly string[];
  readonly sd: readonly string[];
  readonly console: string;
  /** Creates the catalog that the Director's configuration names. */
  createCatalog(worldDir: string): Promise<void>;
}

/** The folder of the launchers under test. */
export const BIN = fileURLToPath(new URL("../../bin", import.meta.url));

/** The empty SQLite catalog that our program made in the first site of this process that wanted one: it is the same for all. */
let emptyCatalog: Buffer | undefined;

/** Runs `nocturne catalog create`; for a site's usual SQLite file only once in a process, later sites get a copy. */
async function createCatalog(worldDir: string): Promise<void> {
  const config = join(worldDir, "bacula-dir.conf");
  const text = readFileSync(config, "utf8");
  const file = join(worldDir, "work/dir/bacula.db");
  const isUsual = text.includes(`Working Directory = "${join(worldDir, "work/dir")}"`) && text.includes(USUAL_CATALOG);
  if (isUsual && emptyCatalog !== undefined) writeFileSync(file, emptyCatalog, { mode: 0o600, flag: "wx" });
  else {
    await mustRun(join(BIN, "nocturne"), ["catalog", "create", "-c", config]);
    if (isUsual) emptyCatalog = readFileSync(file);
  }
}

/** What this repository builds. */
export const NOCTURNE: Programs = {
  dir: [join(BIN, "nocturne-dir")],
  fd: [join(BIN, "nocturne-fd")],
  sd: [join(BIN, "nocturne-sd")],
  console: join(BIN, "bconsole"),
  createCatalog,
};

/** Set to judge Debian's Bacula in our place, which shows whether a scenario itself is fair: NOCTURNE_REGRESS_SUBJECT=debian. */
export const JUDGING_DEBIAN = process.env.NOCTURNE_REGRESS_SUBJECT === "debian";

const DEBIAN_CATALOG_SQL = "/usr/share/dbconfig-common/data/bacula-director-sqlite3/install/sqlite3";

/** Files that must be there for DEBIAN_BACULA. */
export const DEBIAN_BACULA_FILES = [
  "/usr/sbin/bacula-dir",
  "/usr/sbin/bacula-fd",
  "/usr/sbin/bacula-sd",
  "/usr/sbin/bconsole",
  DEBIAN_CATALOG_SQL,
] as const;

/** Debian's packages of Bacula, run privately beside ours as a peer and as a judge. */
export const DEBIAN_BACULA: Programs = {
  dir: ["/usr/sbin/bacula-dir"],
  fd: ["/usr/sbin/bacula-fd"],
  sd: ["/usr/sbin/bacula-sd"],
  console: "/usr/sbin/bconsole",
  createCatalog: async (worldDir) => createDebianCatalog(join(worldDir, "work/dir/bacula.db")),
};

/** Makes an empty SQLite catalog as Debian's packages make it. */
export function createDebianCatalog(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(readFileSync(DEBIAN_CATALOG_SQL, "utf8"));
  database.close();
}
