const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** The last second that a catalog DATETIME can hold, roughly. */
const LAST_MS = Date.UTC(9999, 11, 31);

/** Unix milliseconds as a catalog DATETIME: `YYYY-MM-DD HH:MM:SS`, local time. What lies behind the year 9999 (kept for thousands of years) is its end. */
export function catalogTime(ms: number): string {
  const at = new Date(Math.min(ms, LAST_MS));
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(at)}`;
}

/** A catalog DATETIME as unix milliseconds, or null if it is none. An hour that happens twice (end of summer time) means the first one. */
export function parseCatalogTime(text: string): number | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?/.exec(text.trim());
  if (match === null || match[1] === "0000") return null;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  const at = new Date(year!, month! - 1, day!, hour!, minute!, second!);
  return at.getMonth() === month! - 1 && at.getDate() === day! ? at.getTime() : null;
}

/** Unix milliseconds as reports show them: `DD-Mon-YYYY HH:MM:SS`, local time. */
export function reportTime(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getDate())}-${MONTHS[at.getMonth()]}-${at.getFullYear()} ${clock(at)}`;
}

/** Unix milliseconds as messages and `status` show them: `DD-Mon HH:MM`, local time. */
export function messageTime(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getDate())}-${MONTHS[at.getMonth()]} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function clock(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
