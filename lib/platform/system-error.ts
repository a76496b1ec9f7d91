import { getSystemErrorMessage } from "node:util";

/** The words for a failed system call, as people know them from other programs: "No such file or directory". */
export function systemErrorText(error: unknown): string {
  const number = typeof error === "number" ? -error : (error as NodeJS.ErrnoException | undefined)?.errno;
  if (typeof number !== "number") return error instanceof Error ? error.message : String(error);
  const text = getSystemErrorMessage(number) ?? `error ${-number}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The code of a failed system call ("ENOENT"); "" if it was none. */
export function systemErrorCode(error: unknown): string {
  const { code, errno } = (error ?? {}) as NodeJS.ErrnoException;
  return errno === undefined ? "" : (code ?? "");
}
