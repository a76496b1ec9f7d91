import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";

/** The Debian packages that tests use as foreign readers, judges and databases, each with a file that proves it is there. */
const SYSTEM_PACKAGES: ReadonlyMap<string, string> = new Map([
  ["mariadb-server", "/usr/sbin/mariadbd"],
  ["bacula-sd", "/usr/sbin/bls"],
  ["bacula-bscan", "/usr/sbin/bscan"],
  ["bacula-director-sqlite3", "/usr/share/bacula-director/make_sqlite3_tables"],
  ["bacula-director", "/usr/sbin/bacula-dir"],
  ["bacula-fd", "/usr/sbin/bacula-fd"],
  ["bacula-console", "/usr/sbin/bconsole"],
  ["attr", "/usr/bin/getfattr"],
  ["acl", "/usr/bin/getfacl"],
  ["libcap2-bin", "/usr/sbin/getcap"],
  ["rsync", "/usr/bin/rsync"],
  ["btrfs-progs", "/usr/bin/btrfs"],
  ["faketime", "/usr/bin/faketime"],
]);

const POLICY = "/usr/sbin/policy-rc.d";

/** Names of the packages whose proof is missing. */
function missingPackages(): string[] {
  return [...SYSTEM_PACKAGES].filter(([, proof]) => !existsSync(proof)).map(([name]) => name);
}

/**
 * Installs the missing system packages when this is Debian and we are root, with no service started by it.
 * Returns what is missing afterwards; tests that need it say so themselves.
 */
export function installSystemPackages(report: (line: string) => void): string[] {
  const missing = missingPackages();
  if (missing.length === 0) return [];
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    report(`Not installed, and not ours to install (Debian as root is needed): ${missing.join(" ")}`);
    return missing;
  }
  report(`Installing system packages: ${missing.join(" ")}`);
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) {
    writeFileSync(POLICY, "#!/bin/sh\n# Tests start their own private daemons; no service is wanted.\nexit 101\n");
    chmodSync(POLICY, 0o755);
  }
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...missing]]) {
      const run = spawnSync("apt-get", ["-q", ...args], { env, encoding: "utf8", timeout: 900_000 });
      if (run.status !== 0) report(`apt-get ${args[0]} failed:\n${run.stderr}`);
    }
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
  return missingPackages();
}
