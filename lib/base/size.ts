/** Units of sizes with their bytes. `k` is 1024 and `kb` is 1000, as in Bacula. The first unit that begins with the word wins. */
const SIZE_UNITS: readonly (readonly [string, number])[] = [
  ["k", 2 ** 10],
  ["kb", 1e3],
  ["kib", 2 ** 10],
  ["m", 2 ** 20],
  ["mb", 1e6],
  ["mib", 2 ** 20],
  ["g", 2 ** 30],
  ["gb", 1e9],
  ["gib", 2 ** 30],
  ["t", 2 ** 40],
  ["tb", 1e12],
  ["tib", 2 ** 40],
];

/** `50G`, `1.5 TB`, `4096` to bytes. Throws RangeError with a sentence for the operator. */
export function parseSize(text: string): number {
  return parseAmount(text, text, "size");
}

/** `5 MB/s`, `5000 k/s`, `100000` to bytes a second. Throws RangeError with a sentence for the operator. */
export function parseSpeed(text: string): number {
  const amount = text.length > AMOUNT_CHARS_MAX ? "" : text.replace(/\s*\/\s*s(ec(ond)?)?\s*$/i, "");
  return parseAmount(amount, text, "speed");
}

/** The shortest text that `parseSize` reads back to the same number: `50 G`, `1000 M`, `12345`. */
export function formatSize(bytes: number): string {
  const units = [
    ["T", 2 ** 40],
    ["G", 2 ** 30],
    ["M", 2 ** 20],
    ["k", 2 ** 10],
    ["TB", 1e12],
    ["GB", 1e9],
    ["MB", 1e6],
  ] as const;
  for (const [unit, factor] of units) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor} ${unit}`;
  }
  return String(bytes);
}

/** Longest text that is looked at; nothing longer is an amount. */
const AMOUNT_CHARS_MAX = 100;

function parseAmount(text: string, written: string, what: string): number {
  if (written.length > AMOUNT_CHARS_MAX) throw new RangeError(`a ${what} has at most ${AMOUNT_CHARS_MAX} characters`);
  const match = /^\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([a-z]*)\s*$/i.exec(text);
  if (match === null)
    throw new RangeError(`"${written}" is not a ${what}: a number and a unit such as k, M, G, T, kB, MB, GB are expected`);
  const unit = match[2]!.toLowerCase();
  const factor = unit === "" ? 1 : SIZE_UNITS.find(([name]) => name.startsWith(unit))?.[1];
  if (factor === undefined)
    throw new RangeError(`"${match[2]}" is not a unit of ${what}: use k, M, G, T (of 1024) or kB, MB, GB, TB (of 1000)`);
  const bytes = Math.floor(Number(match[1]) * factor);
  if (!Number.isSafeInteger(bytes)) throw new RangeError(`"${written}" is too large`);
  return bytes;
}
