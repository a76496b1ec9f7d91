/**
 * Completes package-lock.json with the platform packages that the registry in use did not offer when it was written.
 * `npm ci` refuses a lock that lacks an optional dependency, even one for another operating system; a lock written against
 * a registry that holds Linux packages only would thus be useless everywhere. Run after every `npm install`.
 */
import { readFileSync, writeFileSync } from "node:fs";

interface LockEntry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const OPERATING_SYSTEMS = ["linux", "darwin", "win32", "android", "freebsd", "openharmony"];
const PROCESSORS = ["x64", "arm64", "aarch64", "arm", "armv7", "ia32", "ppc64", "riscv64", "s390x"];

/** What a platform package's name says of where it can be installed. */
export function platformOf(name: string): Pick<LockEntry, "os" | "cpu" | "libc"> {
  const words = name.slice(name.lastIndexOf("/") + 1).split("-");
  const os = words.filter((word) => OPERATING_SYSTEMS.includes(word));
  const cpu = words
    .filter((word) => PROCESSORS.includes(word))
    .map((word) => (word === "aarch64" ? "arm64" : word === "armv7" ? "arm" : word));
  const libc = words.some((word) => word.startsWith("musl"))
    ? ["musl"]
    : words.some((word) => word.startsWith("gnu"))
      ? ["glibc"]
      : undefined;
  return { os, cpu, ...(libc === undefined ? {} : { libc }) };
}

/** Adds an entry without integrity for every optional dependency that has none, and drops registry addresses. */
export function completeLock(packages: Record<string, LockEntry>): Record<string, LockEntry> {
  const complete = { ...packages };
  const present = new Set(
    Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)),
  );
  for (const entry of Object.values(packages)) {
    delete entry.resolved;
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (present.has(name)) continue;
      complete[`node_modules/${name}`] = {
        version,
        ...(entry.dev === true ? { dev: true } : {}),
        optional: true,
        ...platformOf(name),
      };
    }
  }
  return Object.fromEntries(Object.entries(complete).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

if (import.meta.main) {
  const path = new URL("../package-lock.json", import.meta.url);
  const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, LockEntry> };
  lock.packages = completeLock(lock.packages);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
