import { randomUUID } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { writeDurably, writeFailure } from "./durable.ts";
import { isDomainName } from "./store-paths.ts";

/** Version of a store's layout that is written and read. A later one is refused. */
export const STORE_FORMAT = 1;
const FILE = "store.json";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What `@chunks/store.json` says. */
export interface StoreDescription {
  readonly format: number;
  /** UUID text, for ever. */
  readonly store: string;
  /** ISO date and time. */
  readonly created: string;
  /** How identities are made. */
  readonly identity: "sha256";
  /** Grows with every removal of chunks. */
  readonly epoch: number;
}

/** The description of a store that is made now. */
export function newDescription(): StoreDescription {
  return {
    format: STORE_FORMAT,
    store: randomUUID(),
    created: new Date().toISOString(),
    identity: "sha256",
    epoch: 1,
  };
}

/**
 * Reads a store's description. STORE_NOT_INITIALIZED where there is neither one nor a domain, STORE_INVALID where it cannot be used.
 */
export async function readDescription(folder: string): Promise<StoreDescription> {
  const path = join(folder, FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") throw await whyNone(folder, path);
    throw new OperatorError("STORE_INVALID", `${path} cannot be read`, { cause });
  }
  return parseDescription(text, path);
}

/** Writes it, into the store's folder or as a copy into that of a domain; after a crash either the old or the new one is there. */
export async function writeDescription(folder: string, description: StoreDescription): Promise<void> {
  const path = join(folder, FILE);
  try {
    await writeDurably(folder, path, `${JSON.stringify(description, undefined, 2)}\n`);
  } catch (cause) {
    throw writeFailure(`writing ${path}`, cause);
  }
}

/** A description that is not there: where chunks are, it was lost. */
async function whyNone(folder: string, path: string): Promise<OperatorError> {
  const domain = (await readdir(folder).catch(() => [])).find(isDomainName);
  if (domain === undefined) return new OperatorError("STORE_NOT_INITIALIZED", `there is no store of chunks (${path})`);
  return new OperatorError("STORE_INVALID", `${path} is lost, the chunks beside it are not`, {
    hint: `each domain has a copy: copy the one with the highest "epoch", for example ${join(folder, domain, FILE)}, to ${path}`,
  });
}

/** The UUID's 16 bytes, as containers carry them. */
export function storeBytes(description: StoreDescription): Buffer {
  return Buffer.from(description.store.replaceAll("-", ""), "hex");
}

function parseDescription(text: string, path: string): StoreDescription {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OperatorError("STORE_INVALID", `${path} is no description of a store`, { cause });
  }
  const found = (typeof value === "object" && value !== null ? value : {}) as Partial<Record<string, unknown>>;
  const { format, store, created, identity, epoch } = found;
  if (typeof format === "number" && format > STORE_FORMAT)
    throw new OperatorError(
      "STORE_INVALID",
      `${path} describes a store of format ${format}; this release knows ${STORE_FORMAT}`,
    );
  const isRight =
    format === STORE_FORMAT &&
    typeof store === "string" &&
    UUID.test(store) &&
    typeof created === "string" &&
    Number.isSafeInteger(epoch) &&
    (epoch as number) >= 0;
  if (!isRight) throw new OperatorError("STORE_INVALID", `${path} is no description of a store`);
  if (identity !== "sha256")
    throw new OperatorError(
      "STORE_INVALID",
      `${path} says identities of kind "${String(identity).slice(0, 40)}", which is not known`,
    );
  return { format, store, created, identity, epoch: epoch as number };
}
