import { chmodSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { issueRoleCertificate, makeSiteCa } from "#lib/auth/site-ca.ts";
import type { RoleName } from "#lib/auth/role.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { directorFile } from "./director-file.ts";
import { must } from "#lib/base/assert.ts";
import { ChunkStore } from "#stored/chunks/chunk-store.ts";
import { storeFolder } from "#stored/chunks/store-paths.ts";
import { loadStorageConfig } from "#stored/config/load.ts";
import { deviceSettings } from "#stored/device/device-settings.ts";
import { consoleFile, DEDUP_DEVICE, fileDaemonFile, QUERY_FILE, storageFile } from "./other-files.ts";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import type { SitePlan } from "./site-plan.ts";
import type { Holder } from "./tls-lines.ts";

const CONFIG_FILES = ["bacula-dir.conf", "bacula-fd.conf", "bacula-sd.conf", "bconsole.conf", "tls/ca.crt"];

/** Parts of the data directory. */
const DATA_PARTS = ["dir", "fd", "sd", "volumes", "dedup", "log", "backup"];

const HOLDERS: Readonly<Record<Holder, RoleName>> = {
  dir: "director",
  fd: "fileDaemon",
  sd: "storageDaemon",
  console: "console",
};

/** What init found or did. */
export type InitResult = "made" | "already there";

/**
 * Makes certificates, configuration, data directories and an empty store of chunks. The configuration appears whole, by one rename, or not at all; a second call
 * finds it and adds only missing data directories. Throws SETUP_PARTIAL and SETUP_CANNOT_WRITE.
 */
export async function initSite(plan: SitePlan): Promise<InitResult> {
  const result = await makeConfiguration(plan);
  makeDirectories(plan.dataDir, DATA_PARTS);
  if (result === "made") await makeStore(plan);
  return result;
}

/** Makes the empty store of chunks, as the storage daemon will open it. One that is there already (data of a site before) stays. */
async function makeStore(plan: SitePlan): Promise<void> {
  const { devices } = await loadStorageConfig(join(plan.configDir, "bacula-sd.conf"));
  const { store } = deviceSettings(must(devices.get(DEDUP_DEVICE), "the device that was just written"));
  const settings = must(store, "the store of the device");
  if (existsSync(join(storeFolder(settings.directory), "store.json"))) return;
  await ChunkStore.init(settings);
}

async function makeConfiguration(plan: SitePlan): Promise<InitResult> {
  const { configDir } = plan;
  const present = existsSync(configDir) ? readdirSync(configDir) : [];
  if (CONFIG_FILES.every((file) => existsSync(join(configDir, file)))) return "already there";
  if (present.length > 0) {
    throw new OperatorError(
      "SETUP_PARTIAL",
      `${configDir} holds other files (${present.slice(0, 5).join(", ")}) but no whole configuration`,
      {
        hint: "name another directory, or move these files away",
      },
    );
  }
  const fresh = join(dirname(configDir), `.nocturne-init-${process.pid}`);
  try {
    makeDirectory(join(fresh, "tls"), 0o700);
    await writeCertificates(plan, join(fresh, "tls"));
    for (const [name, text] of configTexts(plan)) writeFileSync(join(fresh, name), text, { mode: 0o600 });
    chmodSync(fresh, 0o700);
    renameSync(fresh, configDir);
  } catch (error) {
    throw cannotWrite(configDir, error);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return "made";
}

function configTexts(plan: SitePlan): ReadonlyMap<string, string> {
  return new Map([
    ["bacula-dir.conf", directorFile(plan)],
    ["bacula-fd.conf", fileDaemonFile(plan)],
    ["bacula-sd.conf", storageFile(plan)],
    ["bconsole.conf", consoleFile(plan)],
    ["query.sql", QUERY_FILE],
  ]);
}

/** The site's CA, and a certificate for each role that carries its name. */
async function writeCertificates(plan: SitePlan, folder: string): Promise<void> {
  const now = new Date();
  const authority = await makeSiteCa(plan.site, now);
  writePair(folder, "ca", authority);
  const names: Readonly<Record<Holder, string>> = {
    dir: `${plan.site}-dir`,
    fd: `${plan.site}-fd`,
    sd: `${plan.site}-sd`,
    console: "*UserAgent*",
  };
  for (const [holder, role] of Object.entries(HOLDERS) as [Holder, RoleName][]) {
    writePair(folder, holder, await issueRoleCertificate(authority, { role, name: names[holder], hosts: [plan.address], now }));
  }
}

function writePair(folder: string, name: string, pair: { readonly key: string; readonly certificate: string }): void {
  writeFileSync(join(folder, `${name}.key`), pair.key, { mode: 0o600 });
  writeFileSync(join(folder, `${name}.crt`), pair.certificate, { mode: 0o644 });
}

function makeDirectories(dataDir: string, parts: readonly string[]): void {
  try {
    for (const part of parts) makeDirectory(join(dataDir, part), 0o700);
  } catch (error) {
    throw cannotWrite(dataDir, error);
  }
}

function cannotWrite(path: string, cause: unknown): OperatorError {
  if (cause instanceof OperatorError) return cause;
  return new OperatorError("SETUP_CANNOT_WRITE", `cannot make ${path}`, {
    cause,
    hint: "run this as a user who may write there, or name another directory",
  });
}
