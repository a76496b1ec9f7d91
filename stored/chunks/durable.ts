import { rename, writeFile } from "node:fs/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";

/** Rights of what the store makes: the daemon's user alone. What is saved may be anybody's secret. */
export const STORE_FILE_MODE = 0o600;
export const STORE_FOLDER_MODE = 0o700;

/** Writes a small file so that after a crash either the old or the new text is there. `folder` holds `path`. */
export async function writeDurably(folder: string, path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await writeFile(fresh, text, { mode: STORE_FILE_MODE, flush: true });
  await rename(fresh, path);
  await syncDirectory(folder);
}

/**
 * What an operator is told about a write of the store that failed: STORE_FULL where there was no room, QUOTA_EXCEEDED, else DEVICE_IO_FAILED. An
 * OperatorError stays what it is.
 */
export function writeFailure(doing: string, cause: unknown): OperatorError {
  if (cause instanceof OperatorError) return cause;
  const code = systemErrorCode(cause);
  if (code === "EDQUOT")
    return new OperatorError("QUOTA_EXCEEDED", `${doing} failed: quota exceeded`, {
      cause,
      hint: "raise Client Quota in the Device resource, or delete jobs of the client and run: dedup vacuum",
    });
  if (code === "ENOSPC" || code === "EFBIG") return new OperatorError("STORE_FULL", `${doing} failed`, { cause });
  return new OperatorError("DEVICE_IO_FAILED", `${doing} failed`, { cause });
}

/** Whether an error says that the file system, or a quota, takes no more. */
export function isNoRoom(error: unknown): error is OperatorError {
  return error instanceof OperatorError && (error.code === "STORE_FULL" || error.code === "QUOTA_EXCEEDED");
}
