import { OperatorError } from "#lib/errors/operator-error.ts";

/*
 * What a catalog knows of a job and Bacula's labels have no room for. It lies on the Volume behind the job's labels, so that bscan can
 * rebuild the catalog from Volumes alone (docs/formats/volume.md, "Job descriptions").
 */

/** Written behind the label that starts a session. Times in unix seconds; flags 0 or 1. */
export interface JobDescription {
  readonly job: { readonly scheduled: number; readonly started: number; readonly priority: number; readonly comment: string };
  readonly client: {
    readonly uname: string;
    readonly autoPrune: number;
    readonly fileRetention: number;
    readonly jobRetention: number;
  };
  /** `text`: the resource in the configuration language. */
  readonly fileset: { readonly created: number; readonly text: string };
  /** Numbers of the Pool row by their column names, and its label format. */
  readonly pool: {
    readonly labelFormat: string;
    readonly numbers: Readonly<Record<string, number>>;
    readonly scratchPool: string;
    readonly recyclePool: string;
    readonly nextPool: string;
  };
  readonly storage: { readonly name: string; readonly autoChanger: number };
}

/** Written before the label that ends a session: the client's own counts, and its file systems. */
export interface JobEndDescription {
  readonly files: number;
  readonly bytes: number;
  readonly readBytes: number;
  readonly missingFiles: number;
  /** The client's mount table: names as byte strings. */
  readonly mounts: readonly { readonly point: string; readonly type: string; readonly source: string }[];
}

/** Longest description: a FileSet of some ten thousand lines. */
export const DESCRIPTION_BYTES_MAX = 1024 * 1024;

/** Longest text of one field but the FileSet's. */
const TEXT_MAX = 4096;
const MOUNTS_MAX = 4096;

/** Longest name, in bytes: that of labels. Longest uname and label format: what their columns hold. */
const NAME_BYTES_MAX = 127;
const SHORT_BYTES_MAX = 255;

/** Most seconds of a time since 1970 or of a span: sums of two are still dates that catalogs can hold. */
const SECONDS_MAX = 120_000_000_000;

/** A description as it lies on the Volume; one that is too long goes without what makes it so. */
export function encodeJobDescription(description: JobDescription): Buffer {
  const bytes = Buffer.from(JSON.stringify(description), "utf8");
  if (bytes.byteLength <= DESCRIPTION_BYTES_MAX) return bytes;
  return encodeJobDescription({ ...description, fileset: { ...description.fileset, text: "" } });
}

/** The same for the end of a job. */
export function encodeJobEndDescription(description: JobEndDescription): Buffer {
  const mounts = description.mounts.slice(0, MOUNTS_MAX);
  const bytes = Buffer.from(JSON.stringify({ ...description, mounts }), "utf8");
  return bytes.byteLength <= DESCRIPTION_BYTES_MAX ? bytes : encodeJobEndDescription({ ...description, mounts: [] });
}

/** Reads a description; what is missing in it gets a neutral value. Throws DESCRIPTION_DAMAGED if it is none. */
export function decodeJobDescription(bytes: Uint8Array): JobDescription {
  const root = rootOf(bytes);
  const [job, client, fileset, pool, storage] = ["job", "client", "fileset", "pool", "storage"].map((key) => part(root, key));
  const numbers = Object.entries(part(pool, "numbers")).filter(([key]) => /^[A-Za-z]{1,40}$/.test(key));
  return {
    job: {
      scheduled: seconds(job, "scheduled"),
      started: seconds(job, "started"),
      priority: count(job, "priority"),
      comment: text(job, "comment"),
    },
    client: {
      uname: short(client, "uname", SHORT_BYTES_MAX),
      autoPrune: flag(client, "autoPrune"),
      fileRetention: seconds(client, "fileRetention"),
      jobRetention: seconds(client, "jobRetention"),
    },
    fileset: { created: seconds(fileset, "created"), text: text(fileset, "text", DESCRIPTION_BYTES_MAX) },
    pool: {
      labelFormat: short(pool, "labelFormat", SHORT_BYTES_MAX),
      numbers: Object.fromEntries(numbers.map(([key, value]) => [key, asPoolNumber(key, value)])),
      scratchPool: short(pool, "scratchPool", NAME_BYTES_MAX),
      recyclePool: short(pool, "recyclePool", NAME_BYTES_MAX),
      nextPool: short(pool, "nextPool", NAME_BYTES_MAX),
    },
    storage: { name: short(storage, "name", NAME_BYTES_MAX), autoChanger: flag(storage, "autoChanger") },
  };
}

/** The same for the end of a job. */
export function decodeJobEndDescription(bytes: Uint8Array): JobEndDescription {
  const root = rootOf(bytes);
  const mounts = Array.isArray(root["mounts"]) ? root["mounts"].slice(0, MOUNTS_MAX) : [];
  return {
    files: count(root, "files"),
    bytes: count(root, "bytes"),
    readBytes: count(root, "readBytes"),
    missingFiles: count(root, "missingFiles"),
    mounts: mounts.map((mount: unknown) => {
      const fields = isFields(mount) ? mount : {};
      return { point: text(fields, "point"), type: text(fields, "type"), source: text(fields, "source") };
    }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function rootOf(bytes: Uint8Array): Fields {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
    if (isFields(value)) return value;
  } catch (cause) {
    throw new OperatorError("DESCRIPTION_DAMAGED", "the description of a job cannot be read", { cause });
  }
  throw new OperatorError("DESCRIPTION_DAMAGED", "the description of a job is no list of fields");
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function part(fields: Fields | undefined, key: string): Fields {
  const value = fields?.[key];
  return isFields(value) ? value : {};
}

function count(fields: Fields | undefined, key: string): number {
  return asCount(fields?.[key]);
}

function asCount(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function flag(fields: Fields | undefined, key: string): number {
  return count(fields, key) === 0 ? 0 : 1;
}

function seconds(fields: Fields | undefined, key: string): number {
  return asSeconds(count(fields, key));
}

function asSeconds(value: number): number {
  return value <= SECONDS_MAX ? value : 0;
}

function asPoolNumber(key: string, value: unknown): number {
  return /(Retention|Duration|Time)$/.test(key) ? asSeconds(asCount(value)) : asCount(value);
}

/** A text of one line that a column of so many bytes can hold; "" if it is none. */
function short(fields: Fields | undefined, key: string, bytesMax: number): string {
  const value = text(fields, key);
  return Buffer.byteLength(value) > bytesMax || /[\u0000-\u001f\u007f]/.test(value) ? "" : value.toWellFormed();
}

function text(fields: Fields | undefined, key: string, max = TEXT_MAX): string {
  const value = fields?.[key];
  return typeof value === "string" ? value.slice(0, max) : "";
}
