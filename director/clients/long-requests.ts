import { setImmediate as othersTurn } from "node:timers/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { JOB_REQUEST_BYTES_MAX } from "#lib/rpc/limits.ts";
import { Bootstrap, BootstrapEntry } from "#proto/bootstrap.ts";
import { BackupWork, EstimateRequest, StartFileJobRequest } from "#proto/filed.ts";
import { FileSet, IncludeBlock } from "#proto/fileset.ts";
import { ReadWork, StartStorageJobRequest } from "#proto/stored.ts";

/*
 * Requests that may hold hundreds of thousands of names or ranges are encoded piece by piece, so that the Director has time for
 * others between the pieces: two encodings of one message, one behind the other, are an encoding of both together.
 */

/** Names or ranges encoded at a time. */
const PIECE = 10_000;

/** The method for requests that the functions of this file have encoded. */
export function encodedMethod<M extends { readonly requestSerialize: unknown }>(method: M) {
  return { ...method, requestSerialize: (bytes: Buffer): Buffer => bytes };
}

/** Encodes the start of a client's half. Throws RPC_MESSAGE_TOO_LARGE. */
export async function encodeFileJob(request: StartFileJobRequest): Promise<Buffer> {
  const { work } = request;
  if (work?.$case !== "backup") return whole("the job", [StartFileJobRequest.encode(request).finish()]);
  const parts = [
    StartFileJobRequest.encode({ ...request, work: undefined }).finish(),
    ...field(7, await backupWork(work.value)),
  ];
  return whole("the FileSet with its lists", parts);
}

/** Encodes an estimate. Throws RPC_MESSAGE_TOO_LARGE. */
export async function encodeEstimate(request: EstimateRequest): Promise<Buffer> {
  const { work } = request;
  if (work === undefined) return whole("the estimate", [EstimateRequest.encode(request).finish()]);
  const parts = [EstimateRequest.encode({ ...request, work: undefined }).finish(), ...field(1, await backupWork(work))];
  return whole("the FileSet with its lists", parts);
}

/** Encodes the start of a storage half. Throws RPC_MESSAGE_TOO_LARGE. */
export async function encodeStorageJob(request: StartStorageJobRequest): Promise<Buffer> {
  const { work } = request;
  if (work?.$case !== "read" || work.value.bootstrap === undefined)
    return whole("the job", [StartStorageJobRequest.encode(request).finish()]);
  const entries: Uint8Array[] = [];
  for await (const piece of pieces(work.value.bootstrap.entries, PIECE / 10))
    for (const entry of piece) entries.push(...field(1, await bootstrapEntry(entry)));
  const rest = ReadWork.encode({ ...work.value, bootstrap: undefined }).finish();
  const read = [rest, ...field(1, [Bootstrap.encode({ entries: [] }).finish(), ...entries])];
  return whole("the Bootstrap", [StartStorageJobRequest.encode({ ...request, work: undefined }).finish(), ...field(13, read)]);
}

async function backupWork(work: BackupWork): Promise<Uint8Array[]> {
  const rest = BackupWork.encode({ ...work, fileset: undefined }).finish();
  return work.fileset === undefined ? [rest] : [rest, ...field(3, await fileSet(work.fileset))];
}

async function fileSet(fileset: FileSet): Promise<Uint8Array[]> {
  const { includes, excludes } = fileset;
  const parts: Uint8Array[] = [FileSet.encode({ ...fileset, includes: [], excludes: [] }).finish()];
  for (const include of includes) parts.push(...field(2, await includeBlock(include)));
  const none = FileSet.fromPartial({});
  for await (const piece of pieces(excludes)) parts.push(FileSet.encode({ ...none, excludes: piece }).finish());
  return parts;
}

async function includeBlock(include: IncludeBlock): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [IncludeBlock.encode({ ...include, files: [] }).finish()];
  const none = IncludeBlock.fromPartial({});
  for await (const piece of pieces(include.files)) parts.push(IncludeBlock.encode({ ...none, files: piece }).finish());
  return parts;
}

async function bootstrapEntry(entry: BootstrapEntry): Promise<Uint8Array[]> {
  const { addresses, fileIndexes } = entry;
  const parts: Uint8Array[] = [BootstrapEntry.encode({ ...entry, addresses: [], fileIndexes: [] }).finish()];
  const none = BootstrapEntry.fromPartial({});
  for await (const piece of pieces(addresses)) parts.push(BootstrapEntry.encode({ ...none, addresses: piece }).finish());
  for await (const piece of pieces(fileIndexes)) parts.push(BootstrapEntry.encode({ ...none, fileIndexes: piece }).finish());
  return parts;
}

/** Pieces of a list; between them others get their turn. */
async function* pieces<T>(list: readonly T[], size = PIECE): AsyncGenerator<T[]> {
  for (let from = 0; from < list.length; from += size) {
    if (from > 0) await othersTurn();
    yield list.slice(from, from + size);
  }
}

/** A length-delimited field whose content is these parts. */
function field(number: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  return [Buffer.from([...varint(number * 8 + 2), ...varint(bytes)]), ...parts];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function whole(what: string, parts: readonly Uint8Array[]): Buffer {
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  if (bytes > JOB_REQUEST_BYTES_MAX)
    throw new OperatorError("RPC_MESSAGE_TOO_LARGE", `${what} comes to ${bytes} bytes; ${JOB_REQUEST_BYTES_MAX} are the most`);
  return Buffer.concat(parts);
}
