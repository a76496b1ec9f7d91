import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { CatalogOptions } from "#catalog/database/backend.ts";
import { Catalog } from "#catalog/catalog.ts";
import { copySqliteCatalog } from "#catalog/migrations/copy-sqlite.ts";
import { isCatalogThere, upgradeCatalog } from "#catalog/migrations/migrate.ts";
import { deleteJobEvents } from "#catalog/database/event-application.ts";
import { deleteRunningJob, listUnfinishedJobs, updateJob } from "#catalog/queries/jobs.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { runClient, withPassword } from "./dump.ts";

/**
 * Makes a catalog from a dump, where there is none: CATALOG_EXISTS otherwise. A dump of an older version is upgraded. Jobs that ran when
 * the dump was made have long ended: they stand as incomplete, and bscan completes those that are whole. Answers how many those were.
 */
export async function loadCatalog(options: CatalogOptions, dump: string): Promise<number> {
  if (await isCatalogThere(options)) {
    throw new OperatorError("CATALOG_EXISTS", "there is a catalog already; a dump is loaded where there is none", {
      hint: "move the file away, or name an empty database in the Catalog resource",
    });
  }
  if (options.driver === "sqlite") return await loadSqlite(options.file, dump);
  await loadMysql(options, dump);
  await upgradeCatalog(options);
  return await endJobs(options);
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
    const ended = await endJobs({ driver: "sqlite", file: loading });
    await moveLogAway(file);
    await rename(loading, file);
    await syncDirectory(dirname(file));
    return ended;
  } finally {
    await remove();
  }
}

/** A write-ahead log that a crash left behind, of a catalog that was moved away: SQLite would play it into the one that is loaded. */
async function moveLogAway(file: string): Promise<void> {
  await rename(`${file}-wal`, `${file}-wal.old`).catch((error: unknown) => {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  });
  await rm(`${file}-shm`, { force: true });
}

async function loadMysql(options: Extract<CatalogOptions, { driver: "mysql" }>, dump: string): Promise<void> {
  await using input = await open(dump, "r");
  await withPassword(options, async (defaults) => {
    const args = [`--defaults-extra-file=${defaults}`, "--default-character-set=utf8mb4", options.name];
    await runClient(["mariadb", "mysql"], args, { input: input.fd, output: "ignore" });
  });
}

async function endJobs(options: CatalogOptions): Promise<number> {
  await using catalog = await Catalog.open(options);
  const jobs = await listUnfinishedJobs(catalog);
  for (const { JobId } of jobs) {
    await catalog.transaction(
      async (tx) => {
        await updateJob(tx, JobId, { JobStatus: "I" });
        await deleteRunningJob(tx, JobId);
        await deleteJobEvents(tx, JobId);
      },
      { idempotent: true },
    );
  }
  return jobs.length;
}
