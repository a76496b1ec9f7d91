import type { DirectiveType } from "#lib/config/define-resource.ts";
import { ConfigMistake } from "#lib/config/problem.ts";
import { allWords } from "#lib/config/directive-types.ts";
import { formatSize, parseSize } from "#lib/base/size.ts";

/** A share of a file system, or bytes; 0 is none. */
export type FreeLevel =
  | { readonly kind: "percent"; readonly percent: number }
  | { readonly kind: "bytes"; readonly bytes: number };

/** What no level means: nothing is ever below it. */
export const NO_LEVEL: FreeLevel = { kind: "bytes", bytes: 0 };

/** Room of a file system, bytes; metadata 0 and 0 where it has none of its own. */
export interface Room {
  readonly total: number;
  readonly free: number;
  readonly metadataTotal: number;
  readonly metadataFree: number;
}

/** Levels of a Storage. */
export interface PressureLevels {
  readonly below: FreeLevel;
  readonly until: FreeLevel;
}

/** How far `until` lies above `below` where it is not set. */
const HYSTERESIS = 1.5;

/** Share of metadata that counts as short where the level is in bytes. */
const METADATA_PERCENT = 5;

/** `10%` or a size. Throws RangeError with a sentence for the operator. */
export function parseLevel(text: string): FreeLevel {
  const percent = /^\s*(\d{1,3}(?:\.\d+)?)\s*%\s*$/.exec(text)?.[1];
  if (percent === undefined) return { kind: "bytes", bytes: parseSize(text) };
  if (Number(percent) > 100) throw new RangeError(`"${text}" is more than the whole`);
  return { kind: "percent", percent: Number(percent) };
}

/** The text that `parseLevel` reads back. */
export function formatLevel(level: FreeLevel): string {
  return level.kind === "percent" ? `${level.percent}%` : formatSize(level.bytes);
}

/** A directive of a share or a size. */
export function freeLevel(): DirectiveType<FreeLevel> {
  return {
    label: "percentage or size",
    repeats: "replace",
    braces: "never",
    parse(statement) {
      try {
        return parseLevel(allWords(statement));
      } catch (error) {
        if (error instanceof RangeError) throw new ConfigMistake(error.message);
        throw error;
      }
    },
    print: (value) => [{ value: formatLevel(value) }],
    json: (value) => formatLevel(value),
  };
}

/** True for a level that asks for something. */
export function isSet(level: FreeLevel): boolean {
  return (level.kind === "percent" ? level.percent : level.bytes) > 0;
}

/** The level in bytes of a file system. */
export function levelBytes(level: FreeLevel, total: number): number {
  return level.kind === "percent" ? Math.ceil((total * level.percent) / 100) : Math.min(level.bytes, total);
}

/** The levels of a Storage; undefined: it is not pruned by pressure. */
export function levelsOf(storage: {
  readonly pruneWhenFreeBelow: FreeLevel;
  readonly pruneUntilFree: FreeLevel;
}): PressureLevels | undefined {
  const below = storage.pruneWhenFreeBelow;
  if (!isSet(below)) return undefined;
  return { below, until: isSet(storage.pruneUntilFree) ? storage.pruneUntilFree : raised(below) };
}

/** What is short on a file system, in words; undefined: nothing is. */
export function shortage(room: Room, level: FreeLevel): string | undefined {
  if (!isSet(level)) return undefined;
  const least = levelBytes(level, room.total);
  if (room.free < least)
    return `${amount(room.free)} of ${amount(room.total)} are free (${share(room.free, room.total)}), the level is ${formatLevel(level)}`;
  if (room.metadataTotal > 0 && room.metadataFree < metadataLeast(level, room))
    return `${amount(room.metadataFree)} of ${amount(room.metadataTotal)} metadata are free (${share(room.metadataFree, room.metadataTotal)})`;
  return undefined;
}

/** Whether metadata is short whatever the levels are: then nothing can be written, however many bytes are free. */
export function isMetadataShort({ metadataTotal, metadataFree }: Room): boolean {
  return metadataTotal > 0 && metadataFree < (metadataTotal * METADATA_PERCENT) / 100;
}

/** A line about the room of a file system: `1,234,567 of 2,345,678 bytes free (52.6 %)`. */
export function roomText(room: Room): string {
  const data = `${amount(room.free)} of ${amount(room.total)} free (${share(room.free, room.total)})`;
  if (room.metadataTotal === 0) return data;
  return `${data}, metadata ${amount(room.metadataFree)} of ${amount(room.metadataTotal)} free (${share(room.metadataFree, room.metadataTotal)})`;
}

/** Bytes for people: `1.234 GB`. */
export function amount(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : value.toFixed(3)} ${units[unit]}`;
}

/** btrfs keeps free metadata for itself, so small shares are normal: no more than a tenth is ever asked for. */
function metadataLeast(level: FreeLevel, { metadataTotal }: Room): number {
  const percent = level.kind === "percent" ? Math.min(level.percent, 10) : METADATA_PERCENT;
  return Math.ceil((metadataTotal * percent) / 100);
}

function raised(level: FreeLevel): FreeLevel {
  return level.kind === "percent"
    ? { kind: "percent", percent: Math.min(100, level.percent * HYSTERESIS) }
    : { kind: "bytes", bytes: Math.ceil(level.bytes * HYSTERESIS) };
}

function share(part: number, whole: number): string {
  return whole === 0 ? "0 %" : `${((part / whole) * 100).toFixed(1)} %`;
}
