import { createHash } from "node:crypto";
import { join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { referencesName } from "./reference-file.ts";
import type { SessionKey } from "../volume/block.ts";
import type { StoreSettings } from "./store-calls.ts";

/*
 * Where the parts of a store lie below its Archive Device (docs/formats/chunk-store.md, section 1).
 */

/** Holds the store. '@' is not legal in names of Volumes. */
export const STORE_FOLDER = "@chunks";
/** Longest name of a domain: it must fit into the header of a container. */
const DOMAIN_NAME_MAX = 190;

/** The folder of the store. */
export function storeFolder(archiveDevice: string): string {
  return join(archiveDevice, STORE_FOLDER);
}

/** The folder of a domain. */
export function domainFolder(archiveDevice: string, domain: string): string {
  return join(archiveDevice, STORE_FOLDER, domain);
}

/** The file that a ReferenceWriter is to write for a session, until the session is committed. */
export function newReferencesPath(archiveDevice: string, domain: string, session: SessionKey): string {
  return join(domainFolder(archiveDevice, domain), "sessions", referencesName(session, "new"));
}

/**
 * Name of the domain that a job's chunks go to; also that of its folder. Bytes of a Pool's or Client's name that are not safe in a file
 * name are written as %XX, names that would be too long end with a digest.
 */
export function domainName(kind: StoreSettings["domain"], pool: string, client: string): string {
  if (kind === "storage") return "all";
  const name = kind === "pool" ? pool : client;
  if (name === "")
    throw new OperatorError("STORE_INVALID", `the job names no ${kind}, which its chunks would be shared within`);
  const safe = Buffer.from(name)
    .toString("latin1")
    .replace(/[^A-Za-z0-9._:-]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
  const whole = `${kind}-${safe}`;
  if (whole.length <= DOMAIN_NAME_MAX) return whole;
  return `${whole.slice(0, 120)}%-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
}

/** Whether a folder of the store is that of a domain. */
export function isDomainName(name: string): boolean {
  return name === "all" || (/^(pool|client)-[A-Za-z0-9._:%-]+$/.test(name) && name.length <= DOMAIN_NAME_MAX);
}
