/** Directives of a Job; undefined: not set. */
interface RescheduleDirectives {
  /** Seconds. */
  readonly rescheduleInterval?: number | undefined;
  readonly rescheduleTimes?: number | undefined;
}

const DEFAULT_SPAN_MS = 86_400_000;
const DEFAULT_GAP_S = 1800;
const FIRST_GAP_S = 300;
const LONGEST_GAP_S = 4 * 3600;
/** Least gap where the runs are not counted: a job that fails at once must not fill the catalog. */
const UNCOUNTED_GAP_S = 60;

/**
 * Seconds until a job that failed runs again; null: it does not. `reruns`: how often it will have been run again then. `failingMs`: how
 * long ago its first run failed. Without directives: growing gaps, until a day has passed.
 */
export function rerunWait(
  { rescheduleInterval, rescheduleTimes }: RescheduleDirectives,
  reruns: number,
  failingMs: number,
): number | null {
  if (rescheduleTimes === undefined ? failingMs >= DEFAULT_SPAN_MS : rescheduleTimes > 0 && reruns > rescheduleTimes)
    return null;
  if (rescheduleInterval !== undefined)
    return (rescheduleTimes ?? 0) > 0 ? rescheduleInterval : Math.max(rescheduleInterval, UNCOUNTED_GAP_S);
  return rescheduleTimes === undefined ? Math.min(LONGEST_GAP_S, FIRST_GAP_S * 2 ** (reruns - 1)) : DEFAULT_GAP_S;
}
