import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { CatalogOptions } from "#catalog/database/backend.ts";
import { Catalog, type CatalogWriter } from "#catalog/catalog.ts";
import { copySqliteCatalog } from "#catalog/migrations/copy-sqlite.ts";
import { loadMysqlCatalog } from "#catalog/migrations/load-mysql.ts";
import { isCatalogThere, upgradeCatalog } from "#catalog/migrations/migrate.ts";
import { deleteJobEvents } from "#catalog/database/event-application.ts";
import { deleteRunningJob, listUnfinishedJobs, updateJob } from "#catalog/queries/jobs.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { runClient, withPassword } from "./dump.ts";

/** Of a dump's end is looked at so much: enough for its last line. */
const TAIL_BYTES = 1024;

/**
 * Makes a catalog from a dump, where there is none: CATALOG_EXISTS otherwise. A dump of an older version is upgraded. Jobs that ran when
 * the dump was made have long ended: they stand as incomplete, and bscan completes those that are whole. Answers how many those were.
 */
export async function loadCatalog(options: CatalogOptions, dump: string): Promise<number> {
  if (options.driver === "mysql") return await loadMysql(options, dump);
  if (await isCatalogThere(options)) throw existing();
  return await loadSqlite(options.file, dump);
}

function existing(cause?: unknown): OperatorError {
  return new OperatorError("CATALOG_EXISTS", "there is a catalog already; a dump is loaded where there is none", {
    hint: "move the file away, or name an empty database in the Catalog resource",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The catalog appears under its name when all is done: a file that is no dump, or a load that was interrupted, must not stand in its place. */
async function loadSqlite(file: string, dump: string): Promise<number> {
  const loading = `${file}.loading`;
  const remove = async (): Promise<void> => {
    for (const suffix of ["", "-wal", "-shm"]) await rm(`${loading}${suffix}`, { force: true });
  };
  await remove();
  try {
    await copySqliteCatalog(dump, loading);
    await upgradeCatalog({ driver: "sqlite", file: loading }).catch((cause: unknown) => {
      const isOther = cause instanceof OperatorError && (cause.code === "CATALOG_FOREIGN" || cause.code === "CATALOG_MISSING");
      throw isOther ? new OperatorError("CATALOG_FOREIGN", `${dump} is no dump of a catalog of Nocturne`, { cause }) : cause;
    });
    const ended = await endJobsOf(loading);
    await moveLogAway(file);
    await rename(loading, file);
    await syncDirectory(dirname(file));
    return ended;
  } finally {
    await remove();
  }
}

async function endJobsOf(file: string): Promise<number> {
  await using catalog = await Catalog.open({ driver: "sqlite", file });
  return await catalog.transaction(async (tx) => await endJobs(tx), { idempotent: true });
}

/** A write-ahead log that a crash left behind, of a catalog that was moved away: SQLite would play it into the one that is loaded. */
async function moveLogAway(file: string): Promise<void> {
  await rename(`${file}-wal`, `${file}-wal.old`).catch((error: unknown) => {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  });
  await rm(`${file}-shm`, { force: true });
}

async function loadMysql(options: Extract<CatalogOptions, { driver: "mysql" }>, dump: string): Promise<number> {
  await using input = await open(dump, "r");
  await requireWhole(input, dump);
  return await loadMysqlCatalog(options, {
    fill: async (begin) =>
      await withPassword(options, async (defaults) => {
        const how = ["--default-character-set=utf8mb4", `--init-command=${begin}`];
        const args = [`--defaults-extra-file=${defaults}`, ...how, options.name];
        await runClient(["mariadb", "mysql"], args, { input: input.fd, output: "ignore" });
      }),
    settle: async (catalog) => await endJobs(catalog),
  }).catch((error: unknown) => {
    const code = error instanceof OperatorError ? error.code : undefined;
    if (code === "CATALOG_EXISTS") throw existing();
    if (code === "CATALOG_MISSING")
      throw new OperatorError("CATALOG_FOREIGN", `${dump} is no dump of a catalog of Nocturne`, { cause: error });
    throw error;
  });
}

/** A dump that was cut off between two statements would load without a word. Its last line says that it is whole. */
async function requireWhole(input: FileHandle, dump: string): Promise<void> {
  const { size } = await input.stat();
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  await input.read(tail, 0, tail.length, size - tail.length);
  if (!/^-- Dump completed/m.test(tail.toString("latin1")))
    throw new OperatorError("CATALOG_DUMP_CUT", `${dump} does not end as a dump does: part of it is missing`);
}

/** Jobs that ran when the dump was made have long ended. */
async function endJobs(catalog: CatalogWriter): Promise<number> {
  const jobs = await listUnfinishedJobs(catalog);
  for (const { JobId } of jobs) {
    await updateJob(catalog, JobId, { JobStatus: "I" });
    await deleteRunningJob(catalog, JobId);
    await deleteJobEvents(catalog, JobId);
  }
  return jobs.length;
}
