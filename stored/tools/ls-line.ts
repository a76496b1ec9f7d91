import { shown } from "#lib/base/byte-string.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { OwnerNames } from "#lib/platform/owner-names.ts";
import { fileType } from "#lib/streams/stream-type.ts";
import type { AttributeRecord } from "#lib/streams/attributes.ts";

/** Letters of the kinds of files, by the bits of st_mode; Bacula shows a FIFO as `f`. */
const kinds: ReadonlyMap<number, string> = new Map([
  [0o040000, "d"],
  [0o120000, "l"],
  [0o020000, "c"],
  [0o060000, "b"],
  [0o010000, "f"],
  [0o140000, "s"],
]);

const names = new OwnerNames();

/** `-rw-r--r--   1 root     root                      5 2026-11-21 13:18:40  /etc/motd`: a saved file the way Bacula lists it. */
export function lsLine(record: AttributeRecord, path: string): string {
  const { stat } = record;
  const owner = nameOr(names.user(stat.uid), stat.uid);
  const group = nameOr(names.group(stat.gid), stat.gid);
  const link = record.type === fileType.symlink ? ` -> ${shown(record.link)}` : "";
  const size = String(stat.size).padStart(19);
  return `${modeText(stat.mode)}${String(stat.nlink).padStart(4)} ${owner} ${group}${size} ${timeText(stat.ctime)}  ${shown(path)}${link}`;
}

/** `drwxr-sr-x` */
export function modeText(mode: number): string {
  const kind = kinds.get(mode & 0o170000) ?? "-";
  const three = (shift: number, special: boolean, letter: string): string => {
    const bits = mode >> shift;
    const runs = (bits & 1) !== 0;
    const last = special ? (runs ? letter : letter.toUpperCase()) : runs ? "x" : "-";
    return `${(bits & 4) === 0 ? "-" : "r"}${(bits & 2) === 0 ? "-" : "w"}${last}`;
  };
  return (
    kind + three(6, (mode & 0o4000) !== 0, "s") + three(3, (mode & 0o2000) !== 0, "s") + three(0, (mode & 0o1000) !== 0, "t")
  );
}

/** Eight characters: a name, or the number where there is none. */
function nameOr(name: string, id: number): string {
  return (name === "" ? String(id) : name).slice(0, 8).padEnd(8);
}

let lastSecond = Number.NaN;
let lastText = "";

/** Most files of a tree share a few seconds: the last text is kept. */
function timeText(second: number): string {
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = Math.abs(second) < 8.64e12 ? catalogTime(second * 1000) : String(second);
  }
  return lastText;
}
