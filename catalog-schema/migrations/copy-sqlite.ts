import { chmod, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** How long a copy waits for another process that holds the file. */
const BUSY_TIMEOUT_MS = 30_000;

/**
 * Copies a SQLite catalog as it is at one moment, whoever writes to it meanwhile; the copy is compact, durable, and readable by its owner
 * only. It appears whole or not at all. Blocks this thread: only for programs that do nothing else. Throws CATALOG_DAMAGED.
 */
export async function copySqliteCatalog(from: string, to: string): Promise<void> {
  await stat(from).catch((cause: unknown) => {
    throw new OperatorError("CATALOG_MISSING", `there is no file ${from}`, { cause });
  });
  makeDirectory(dirname(to), 0o700);
  const fresh = `${to}.copy`;
  await rm(fresh, { force: true });
  try {
    using database = new DatabaseSync(from, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    database.prepare("VACUUM INTO ?").run(fresh);
  } catch (cause) {
    await rm(fresh, { force: true });
    throw new OperatorError("CATALOG_DAMAGED", `the catalog ${from} cannot be copied`, { cause });
  }
  await chmod(fresh, 0o600);
  const file = await open(fresh, "r+");
  await file.sync();
  await file.close();
  await rename(fresh, to);
}
