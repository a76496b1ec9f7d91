import { getSystemErrorMessage } from "node:util";

/** The words for a failed system call, as people know them from other programs: "No such file or directory". */
export function systemErrorText(error: unknown): string {
  const number = typeof error === "number" ? -error : (error as NodeJS.ErrnoException | undefined)?.errno;
  if (typeof number !== "number") return error instanceof Error ? error.message : String(error);
  const text = getSystemErrorMessage(number) ?? `error ${-number}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Linux's number of EDQUOT: Node's table lacks it and calls such errors "UNKNOWN". */
const EDQUOT = 122;

/** The code of a failed system call ("ENOENT"), a used up quota as "EDQUOT"; "" if it was none. */
export function systemErrorCode(error: unknown): string {
  const { code, errno } = (error ?? {}) as NodeJS.ErrnoException;
  if (errno === -EDQUOT) return "EDQUOT";
  return errno === undefined ? "" : (code ?? "");
}
