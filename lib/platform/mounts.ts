import { readFileSync } from "node:fs";

/** One line of the mount table: byte strings. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly source: string;
  /** The mount or its file system refuses writes. */
  readonly isReadOnly: boolean;
}

/** File systems that only show the kernel's own state, or memory: nothing to save there unless it is asked for by name. */
export const VIRTUAL_FILE_SYSTEMS: ReadonlySet<string> = new Set(
  (
    "autofs bdev binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devpts devtmpfs efivarfs fusectl hugetlbfs mqueue nsfs pipefs proc " +
    "pstore ramfs rootfs rpc_pipefs securityfs selinuxfs smackfs sockfs sysfs tracefs"
  ).split(" "),
);

/** The mount table of this process; empty where there is none. */
export function readMounts(): Mount[] {
  try {
    return parseMounts(readFileSync("/proc/self/mountinfo", "latin1"));
  } catch {
    return [];
  }
}

/** Reads a table of mounts as /proc/PID/mountinfo shows it; lines that are none are left out. */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split("\n")) {
    const words = line.split(" ");
    const dash = words.indexOf("-", 6);
    const point = words[4];
    if (point === undefined || dash < 0) continue;
    const options = [...(words[5] ?? "").split(","), ...(words[dash + 3] ?? "").split(",")];
    mounts.push({
      point: unescapeOctal(point),
      type: words[dash + 1] ?? "",
      source: unescapeOctal(words[dash + 2] ?? ""),
      isReadOnly: options.includes("ro"),
    });
  }
  return mounts;
}

/** The mount that an absolute path (byte string, without links) lies on: the longest mount point above it; later mounts cover earlier ones. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  const isAbove = ({ point }: Mount) => point === "/" || path === point || path.startsWith(`${point}/`);
  let found: Mount | undefined;
  for (const mount of mounts) if (isAbove(mount) && mount.point.length >= (found?.point.length ?? 0)) found = mount;
  return found;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Which file system a path lies on, by the longest mount point above it; later mounts cover earlier ones. */
export class MountTable {
  readonly #types = new Map<string, string>();

  constructor(mounts: readonly Mount[] = readMounts()) {
    for (const mount of mounts) this.#types.set(mount.point, mount.type);
  }

  /** The file system type ("ext4", "btrfs", "nfs4"...) of an absolute path (byte string); "" if unknown. */
  typeOf(path: string): string {
    let at = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
    for (;;) {
      const type = this.#types.get(at === "" ? "/" : at);
      if (type !== undefined) return type;
      if (at === "") return "";
      at = at.slice(0, at.lastIndexOf("/"));
    }
  }

  /** True if something is mounted at this path. */
  isMountPoint(path: string): boolean {
    return this.#types.has(path);
  }
}
