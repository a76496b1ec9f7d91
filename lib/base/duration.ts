const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Units with their seconds, in the order in which a beginning of them is tried: `m` and `mo` mean months, `mi` minutes. */
const TIME_UNITS: readonly (readonly [string, number])[] = [
  ["n", MINUTE],
  ["seconds", 1],
  ["months", 30 * DAY],
  ["minutes", MINUTE],
  ["mins", MINUTE],
  ["hours", HOUR],
  ["days", DAY],
  ["weeks", 7 * DAY],
  ["quarters", 91 * DAY],
  ["years", 365 * DAY],
  ["secs", 1],
];

/** Longest text that is looked at; nothing longer is a time. */
const DURATION_CHARS_MAX = 200;

/** `1 month 3 days`, `2h30min`, `90` to whole seconds. Throws RangeError with a sentence for the operator. */
export function parseDuration(text: string): number {
  const pair = /\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([a-z]*)\s*/iy;
  if (text.length > DURATION_CHARS_MAX) throw new RangeError(`a time has at most ${DURATION_CHARS_MAX} characters`);
  let seconds = 0;
  do {
    const match = pair.exec(text);
    if (match === null)
      throw new RangeError(
        `"${text}" is not a time: numbers with units such as seconds, minutes, hours, days, weeks, months are expected`,
      );
    const unit = match[2]!.toLowerCase();
    const factor = unit === "" ? 1 : TIME_UNITS.find(([name]) => name.startsWith(unit))?.[1];
    if (factor === undefined)
      throw new RangeError(
        `"${match[2]}" is not a unit of time: use seconds, minutes, hours, days, weeks, months, quarters or years`,
      );
    seconds += Number(match[1]) * factor;
  } while (pair.lastIndex < text.length);
  if (!Number.isSafeInteger(Math.floor(seconds))) throw new RangeError(`"${text}" is too long a time`);
  return Math.floor(seconds);
}

/** Text that `parseDuration` reads back to the same number: `365 days`, `1 hour 30 mins`. */
export function formatDuration(seconds: number): string {
  const units = [
    ["day", DAY],
    ["hour", HOUR],
    ["min", MINUTE],
    ["sec", 1],
  ] as const;
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, factor] of units) {
    const count = Math.floor(rest / factor);
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? "" : "s"}`);
    rest -= count * factor;
  }
  return parts.length === 0 ? "0 secs" : parts.join(" ");
}
