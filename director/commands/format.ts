import { reportTime } from "#lib/base/local-time.ts";

const SUFFIXES = ["", "K", "M", "G", "T", "P"] as const;

/** `1,234,567`. */
export function commas(value: number): string {
  return String(Math.trunc(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `300.0 K`: thousands with one decimal, cut off; a plain number below 1000 ends with a blank. */
export function shortSize(value: number): string {
  let rest = Math.trunc(value);
  let step = 0;
  let tenth = 0;
  while (rest >= 1000 && step < SUFFIXES.length - 1) {
    tenth = Math.trunc((rest % 1000) / 100);
    rest = Math.trunc(rest / 1000);
    step++;
  }
  return step === 0 ? `${rest} ` : `${rest}.${tenth} ${SUFFIXES[step]}`;
}

/** Unix milliseconds as `21-Nov-26 07:06`, local time. */
export function statusTime(ms: number): string {
  const [day, clock] = reportTime(ms).split(" ") as [string, string];
  return `${day.slice(0, 7)}${day.slice(9)} ${clock.slice(0, 5)}`;
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

/** Unix milliseconds as `Sat 21-Nov-2026 07:08:02`. */
export function dayTime(ms: number): string {
  return `${WEEKDAYS[new Date(ms).getDay()]} ${reportTime(ms)}`;
}

/** Unix milliseconds as `Sat 21-Nov 23:05`. */
export function shortDayTime(ms: number): string {
  const [day, clock] = reportTime(ms).split(" ") as [string, string];
  return `${WEEKDAYS[new Date(ms).getDay()]} ${day.slice(0, 6)} ${clock.slice(0, 5)}`;
}

/** `1 Job`, `3 Jobs`. */
export function counted(count: number, word: string): string {
  return `${commas(count)} ${word}${count === 1 ? "" : "s"}`;
}

/**
 * A file name for display: each byte that is no UTF-8 (a lone surrogate, lib/base/byte-name.ts) as `\xe9`, so that it neither gets lost
 * nor looks like another name.
 */
export function displayName(name: string): string {
  if (name.isWellFormed()) return name;
  let text = "";
  for (const char of name) {
    const code = char.codePointAt(0)!;
    text += code >= 0xdc80 && code <= 0xdcff ? `\\x${(code - 0xdc00).toString(16)}` : char;
  }
  return text.toWellFormed();
}

/** Words of a JobStatus letter in tables of ended jobs: at most 8 characters. */
export function shortStatus(letter: string): string {
  const words: Readonly<Record<string, string>> = {
    T: "OK",
    W: "OK",
    A: "Cancel",
    E: "Error",
    f: "Error",
    e: "Error",
    I: "Incompl",
    D: "Diffs",
    C: "Created",
    R: "Running",
  };
  return words[letter] ?? "Other";
}

/** Words of a JobLevel letter as tables show them; jobs without level show their type. Words stay as they are. */
export function levelWord(level: string, type: string): string {
  if (type === "R") return "Restore";
  if (type === "D") return "Admin";
  if (level.length > 1) return level;
  const words: Readonly<Record<string, string>> = {
    F: "Full",
    D: "Differential",
    I: "Incremental",
    S: "Since",
    B: "Base",
    f: "VirtualFull",
    C: "Catalog",
    V: "InitCatalog",
    O: "VolumeToCatalog",
    d: "DiskToCatalog",
    A: "Data",
  };
  return words[level] ?? "";
}
