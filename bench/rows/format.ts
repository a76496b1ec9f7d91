import type { Unit } from "./row.ts";

/** A value with its unit, for people. */
export function printed(value: number, unit: Unit): string {
  switch (unit) {
    case "s":
      return `${value.toFixed(2)} s`;
    case "ms":
      return `${value.toFixed(0)} ms`;
    case "bytes":
      return value >= 1e9 ? `${(value / 1e9).toFixed(3)} GB` : `${(value / 1e6).toFixed(1)} MB`;
    case "rows/s":
      return `${Math.round(value).toLocaleString("en-US")} rows/s`;
    case "us/file":
      return `${value.toFixed(1)} us a file`;
    case "jobs":
      return String(value);
  }
}
