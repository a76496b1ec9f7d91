import { catalogTime } from "#lib/base/local-time.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";

const KINDS: Readonly<Record<number, string>> = {
  0o140000: "s",
  0o120000: "l",
  0o100000: "-",
  0o060000: "b",
  0o040000: "d",
  0o020000: "c",
  0o010000: "p",
};

/** A saved entry as `ls -l` shows files: mode, links, owner and group by number, size, time, mark, path. Without attributes all is zero. */
export function longLine(lstat: string | undefined, path: string, mark: string): string {
  const stat = lstat === undefined ? undefined : decodeLStat(lstat);
  const mode = stat === undefined ? "----------" : modeText(stat.mode);
  const owner = `${String(stat?.uid ?? 0).padEnd(8)} ${String(stat?.gid ?? 0).padEnd(8)}`;
  const time = stat === undefined ? "1970-01-01 00:00:00" : catalogTime(stat.mtime * 1000);
  return `${mode} ${String(stat?.nlink ?? 0).padStart(3)} ${owner}${String(stat?.size ?? 0).padStart(12)}  ${time} ${mark.padStart(1)}${path}\n`;
}

/** `drwxr-xr-x` with the letters for setuid, setgid and sticky. */
export function modeText(mode: number): string {
  const kind = KINDS[mode & 0o170000] ?? "?";
  const letters = [6, 3, 0].map((shift, at) => {
    const bits = (mode >> shift) & 7;
    const special = (mode & (0o4000 >> at)) !== 0;
    const plain = (bits & 1) !== 0 ? "x" : "-";
    const last = special ? (at === 2 ? "t" : "s") : plain;
    return `${(bits & 4) !== 0 ? "r" : "-"}${(bits & 2) !== 0 ? "w" : "-"}${special && plain === "-" ? last.toUpperCase() : last}`;
  });
  return kind + letters.join("");
}
