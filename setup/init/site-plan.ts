import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Everything that the generated configuration says: decided once, then written into four files. */
export interface SitePlan {
  /** Where the configuration files go, absolute. */
  readonly configDir: string;
  /** Catalog, working files, Volumes and logs, absolute. */
  readonly dataDir: string;
  /** Names are made of it: <site>-dir, <site>-fd, <site>-sd. */
  readonly site: string;
  /** Where the daemons listen and are dialled. */
  readonly address: string;
  readonly ports: { readonly director: number; readonly fileDaemon: number; readonly storage: number };
  /** What the first job saves. */
  readonly paths: readonly string[];
  /** What it leaves out. */
  readonly excludes: readonly string[];
  readonly passwords: { readonly console: string; readonly fileDaemon: string; readonly storage: string };
}

export interface SiteWishes {
  readonly configDir: string;
  readonly dataDir?: string | undefined;
  readonly name?: string | undefined;
  readonly address?: string | undefined;
  readonly ports?: SitePlan["ports"] | undefined;
  readonly paths?: readonly string[] | undefined;
}

/** What is not kept of a whole machine: the kernel's own file systems, and what is temporary by its nature. */
const NOT_OF_A_MACHINE = ["/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp"];

const DEFAULT_CONFIG_DIR = "/etc/nocturne";
const DEFAULT_DATA_DIR = "/var/lib/nocturne";

/** Names that say nothing of a machine. */
const USELESS_NAMES = new Set(["", "localhost", "localhost.localdomain", "(none)"]);

/** Fills in what was not asked for. Throws SETUP_NAME when the machine has no usable name and none was given. */
export function planSite(wishes: SiteWishes): SitePlan {
  const dataDir =
    wishes.dataDir ?? (wishes.configDir === DEFAULT_CONFIG_DIR ? DEFAULT_DATA_DIR : join(wishes.configDir, "data"));
  const paths = wishes.paths ?? ["/"];
  return {
    configDir: wishes.configDir,
    dataDir,
    site: wishes.name === undefined ? machineName(hostname()) : checkedName(wishes.name),
    address: wishes.address ?? "127.0.0.1",
    ports: wishes.ports ?? { director: 9101, fileDaemon: 9102, storage: 9103 },
    paths,
    excludes: [dataDir, ...(paths.includes("/") ? NOT_OF_A_MACHINE : [])],
    passwords: { console: newPassword(), fileDaemon: newPassword(), storage: newPassword() },
  };
}

/** The first label of the host's name. */
export function machineName(host: string): string {
  const label = host.split(".")[0] ?? "";
  if (USELESS_NAMES.has(host.toLowerCase()) || USELESS_NAMES.has(label.toLowerCase())) {
    throw new OperatorError("SETUP_NAME", `this machine's name is "${host}", which would name no client`, {
      hint: "give a name with --name NAME, or set the host name with hostnamectl",
    });
  }
  return checkedName(label);
}

function checkedName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(name)) return name;
  throw new OperatorError("SETUP_NAME", `"${name}" cannot name a client`, {
    hint: "use letters, digits, dot, dash and underscore; 100 at most",
  });
}

function newPassword(): string {
  return randomBytes(33).toString("base64url"); // 264 bits
}
