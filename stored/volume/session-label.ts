import { OperatorError } from "#lib/errors/operator-error.ts";
import { damaged, LabelReader, LabelWriter } from "./label-fields.ts";
import { LABEL_BYTES_MAX, LABEL_ID, LABEL_ID_OLD, LABEL_NAME_BYTES_MAX, LABEL_VERSION } from "./format.ts";

/** What stands at the start of a job's session on a Volume. Dates in milliseconds since 1970, type and level as letters. */
export interface SessionLabel {
  readonly jobId: number;
  readonly date: number;
  readonly pool: string;
  readonly poolType: string;
  /** Name of the Job resource. */
  readonly jobName: string;
  readonly client: string;
  /** Unique name. */
  readonly job: string;
  readonly fileset: string;
  readonly type: string;
  readonly level: string;
  readonly filesetMd5: string;
}

/** A session label and the description of the job that lies behind it (lib/job-description); empty: none. */
export type DescribedLabel = SessionLabel & { readonly description?: Uint8Array | undefined };

/** What the end of a session says. `date`: milliseconds since 1970; `status`: JobStatus letter. */
export interface SessionClose {
  readonly date: number;
  readonly status: string;
  readonly errors: number;
  /** What the client says of its half (lib/job-description). */
  readonly description?: Uint8Array | undefined;
}

/** What the end of a session adds. Addresses are (file << 32 | block), on disk the byte address. */
export interface SessionEnd {
  readonly files: number;
  readonly bytes: number;
  readonly startBlock: number;
  readonly endBlock: number;
  readonly startFile: number;
  readonly endFile: number;
  readonly errors: number;
  /** JobStatus letter. */
  readonly status: string;
}

/** Reads the data of a session label record; `end` is there at an end-of-session label. LABEL_DAMAGED if it cannot be read. */
export function readSessionLabel(data: Uint8Array, isEnd: boolean): SessionLabel & { readonly end?: SessionEnd } {
  if (data.byteLength > 4 * LABEL_BYTES_MAX) throw damaged(`${data.byteLength} bytes are too long`);
  const reader = new LabelReader(data);
  const id = reader.string(32);
  if (id !== LABEL_ID && id !== LABEL_ID_OLD) throw damaged(`a session label with Id "${id.trim().slice(0, 80)}"`);
  const version = reader.u32();
  if (version < 9 || version > LABEL_VERSION) throw damaged(`a session label of version ${version}`);
  const jobId = reader.u32();
  const date = version >= 11 ? readModernDate(reader) : reader.julian();
  const name = LABEL_NAME_BYTES_MAX;
  const label = {
    jobId,
    date,
    pool: reader.string(name),
    poolType: reader.string(name),
    jobName: reader.string(name),
    client: reader.string(name),
    job: version >= 10 ? reader.string(name) : "",
    fileset: version >= 10 ? reader.string(name) : "",
    type: version >= 10 ? letterOf(reader.u32()) : "",
    level: version >= 10 ? letterOf(reader.u32()) : "",
    filesetMd5: version >= 11 ? reader.string(name) : "",
  };
  return isEnd ? { ...label, end: readEnd(reader, version) } : label;
}

/** The data of a start-of-session label record, or of an end-of-session one when `end` is given. */
export function writeSessionLabel(label: SessionLabel, end?: SessionEnd): Uint8Array<ArrayBuffer> {
  const name = LABEL_NAME_BYTES_MAX;
  const writer = new LabelWriter()
    .string(LABEL_ID, 32)
    .u32(LABEL_VERSION)
    .u32(label.jobId)
    .microseconds(label.date)
    .f64(0)
    .string(label.pool, name)
    .string(label.poolType, name)
    .string(label.jobName, name)
    .string(label.client, name)
    .string(label.job, name)
    .string(label.fileset, name)
    .u32(numberOf(label.type))
    .u32(numberOf(label.level))
    .string(label.filesetMd5, name);
  if (end === undefined) return writer.bytes();
  return writer
    .u32(end.files)
    .u64(end.bytes)
    .u32(end.startBlock)
    .u32(end.endBlock)
    .u32(end.startFile)
    .u32(end.endFile)
    .u32(end.errors)
    .u32(numberOf(end.status))
    .bytes();
}

function readModernDate(reader: LabelReader): number {
  const date = reader.microseconds();
  reader.f64();
  return date;
}

function readEnd(reader: LabelReader, version: number): SessionEnd {
  const end = {
    files: reader.u32(),
    bytes: reader.u64(),
    startBlock: reader.u32(),
    endBlock: reader.u32(),
    startFile: reader.u32(),
    endFile: reader.u32(),
    errors: reader.u32(),
  };
  return { ...end, status: version >= 11 ? letterOf(reader.u32()) : "T" };
}

/** Letters stand as 32-bit numbers; 0 and blanks mean none. */
function letterOf(number: number): string {
  return number > 0x20 && number < 0x7f ? String.fromCharCode(number) : "";
}

function numberOf(letter: string): number {
  if (letter.length > 1)
    throw new OperatorError("LABEL_NAME_INVALID", `"${letter.slice(0, 20)}" is not one letter of a job type, level or status`);
  return letter === "" ? 0 : letter.charCodeAt(0);
}
