/** Linux's number of EDQUOT. Node's own table lacks it: such errors have code "UNKNOWN" and this errno. */
const EDQUOT = 122;

/** Whether a write failed because a quota (a qgroup's limit) is used up. */
export function isQuotaError(error: unknown): boolean {
  const { code, errno } = (error ?? {}) as NodeJS.ErrnoException;
  return code === "EDQUOT" || errno === -EDQUOT;
}
