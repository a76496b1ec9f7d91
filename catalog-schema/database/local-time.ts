/** "YYYY-MM-DD HH:MM:SS" in the time zone of this machine, as Bacula's DATETIME columns hold it. */
export function formatLocalTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${String(time.getFullYear()).padStart(4, "0")}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** The moment that such a text names; null for null, for zero dates and for what is no time. Where DST repeats an hour: the earlier. */
export function parseLocalTime(text: string | null): Date | null {
  const parts = text === null ? null : /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)/.exec(text);
  if (parts === null || parts[1] === "0000") return null;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const time = new Date(year, month - 1, day, hour, minute, second);
  return Number.isNaN(time.getTime()) ? null : time;
}
