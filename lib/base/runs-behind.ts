/** What of `runs` comes after their first `skip` bytes: what is left of a gathered write that took only so many. */
export function runsBehind(runs: readonly Uint8Array[], skip: number): readonly Uint8Array[] {
  if (skip === 0) return runs;
  const left: Uint8Array[] = [];
  let at = 0;
  for (const run of runs) {
    const from = Math.max(0, skip - at);
    if (from < run.byteLength) left.push(run.subarray(from));
    at += run.byteLength;
  }
  return left;
}
