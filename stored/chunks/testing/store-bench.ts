import { hash } from "node:crypto";
import { FRAME_HEADER_BYTES, chunkMethod, writeFrameHeader } from "#lib/chunk/chunk-frame.ts";
import { LIST_ENTRY_BYTES, LIST_HEADER_BYTES, putListAddress, putListEntry } from "#lib/chunk/chunk-list.ts";
import { zstd } from "#lib/codec/zstd.ts";
import { ReferenceWriter } from "../reference-file-writer.ts";
import { StoreServer } from "../store-server.ts";
import { newReferencesPath } from "../store-paths.ts";
import type { SessionKey } from "../../volume/block.ts";
import type { StoreSettings } from "../store-calls.ts";

/** Settings of a store in a directory, as its defaults are. */
export function storeSettings(directory: string, changes: Partial<StoreSettings> = {}): StoreSettings {
  return {
    directory,
    isBtrfs: false,
    domain: "storage",
    minBytes: 64 * 1024,
    averageBytes: 256 * 1024,
    maxBytes: 768 * 1024,
    compression: "zstd",
    level: 3,
    livePercent: 50,
    deleteBytesPerS: 0,
    ...changes,
  };
}

/** A new store in a directory, open. */
export async function newStore(directory: string, changes: Partial<StoreSettings> = {}): Promise<StoreServer> {
  const server = new StoreServer(storeSettings(directory, changes));
  await server.call("init", null);
  return server;
}

export function sessionKey(id: number): SessionKey {
  return { id, time: 1_750_000_000 };
}

/** Identity of a chunk. */
export function idOf(plain: Uint8Array): Buffer {
  return hash("sha256", plain, "buffer");
}

/** The frame of a chunk, compressed where that makes it smaller. */
export function frameOf(plain: Uint8Array, level = 3): Buffer<ArrayBuffer> {
  const packed = Buffer.alloc(plain.byteLength);
  const packedBytes = level === 0 ? 0 : zstd().compress(packed, plain, level);
  const isPacked = packedBytes > 0 && packedBytes < plain.byteLength;
  const payload = isPacked ? packed.subarray(0, packedBytes) : plain;
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + payload.byteLength);
  frame.set(payload, FRAME_HEADER_BYTES);
  const header = {
    method: isPacked ? chunkMethod.zstd : chunkMethod.raw,
    level: isPacked ? level : 0,
    plainBytes: plain.byteLength,
    storedBytes: payload.byteLength,
  };
  writeFrameHeader(frame, 0, header, idOf(plain));
  return frame;
}

/** Frames of several chunks, one behind the other. */
export function framesOf(plains: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  return Buffer.concat(plains.map((plain) => frameOf(plain)));
}

/** Identities one behind the other. */
export function idsOf(plains: readonly Uint8Array[]): Buffer {
  return Buffer.concat(plains.map(idOf));
}

/** Bytes that are the same for the same seed and do not compress. */
export function noise(seed: number, bytes: number): Buffer {
  const into = Buffer.alloc(bytes);
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1;
  for (let at = 0; at < bytes; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    into[at] = state >>> 8;
  }
  return into;
}

/** The record that stands for a file of these chunks. */
export function listRecord(plains: readonly Uint8Array[]): Buffer {
  const record = Buffer.alloc(LIST_HEADER_BYTES + plains.length * LIST_ENTRY_BYTES);
  putListAddress(record, 0);
  for (const [i, plain] of plains.entries())
    putListEntry(record, LIST_HEADER_BYTES + i * LIST_ENTRY_BYTES, plain.byteLength, idOf(plain));
  return record;
}

/** Writes the references of a session to files of these chunks; answers the path for `commit`. */
export function writeReferences(
  at: {
    readonly directory: string;
    readonly domain?: string;
    readonly session: SessionKey;
    readonly volumes?: readonly string[];
  },
  files: readonly (readonly Uint8Array[])[],
): string {
  const path = newReferencesPath(at.directory, at.domain ?? "all", at.session);
  using writer = ReferenceWriter.create(path, { session: at.session, jobId: at.session.id });
  for (const plains of files) writer.add(listRecord(plains));
  writer.finish(at.volumes ?? ["Vol-1"]);
  return path;
}

/** One whole job: begins, appends the chunks, commits. */
export async function runJob(
  server: StoreServer,
  directory: string,
  id: number,
  plains: readonly Uint8Array[],
): Promise<SessionKey> {
  const session = sessionKey(id);
  const { domain } = await server.call("begin", { session, jobId: id, pool: "Default", client: "c1" });
  await server.call("append", { session, frames: framesOf(plains) });
  const references = writeReferences({ directory, domain, session }, plains.length === 0 ? [] : [plains]);
  await server.call("commit", { session, references });
  return session;
}
