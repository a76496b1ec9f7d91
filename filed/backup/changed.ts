/** The times by which an Incremental or Differential decides, nanoseconds since 1970. */
export interface ChangeTimes {
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** True if a file with these times must be saved again: changed at or after `sinceNs` (0: everything), by mtime or, unless mtimeOnly, ctime. */
export function isChanged(times: ChangeTimes, sinceNs: bigint, mtimeOnly: boolean): boolean {
  if (sinceNs === 0n) return true;
  return times.mtimeNs >= sinceNs || (!mtimeOnly && times.ctimeNs >= sinceNs);
}
