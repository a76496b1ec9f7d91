/** A span in the words of reports: `00:01:05`. */
export function elapsedText(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** A rate in the words of reports: `649.6 K Bytes/second`. */
export function rateText(bytes: number, seconds: number): string {
  return `${sizeText(bytes / Math.max(1, Math.round(seconds)))} Bytes/second`;
}

/** A size with a decimal suffix, four digits: `118.1 M`. */
export function sizeText(bytes: number): string {
  const units = ["", " K", " M", " G", " T", " P"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  if (unit === 0) return String(Math.round(value));
  const digits = value >= 100 ? 1 : value >= 10 ? 2 : 3;
  return `${cut(value, digits)}${units[unit]}`;
}

/** Cuts off, as reports do, where toFixed would round up. */
function cut(value: number, digits: number): string {
  const factor = 10 ** digits;
  return (Math.floor(value * factor + 1e-9) / factor).toFixed(digits);
}
