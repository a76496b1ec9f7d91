import { readFile } from "node:fs/promises";
import { hash } from "node:crypto";
import { FRAME_HEADER_BYTES, FrameCursor, chunkMethod, writeFrameHeader } from "#lib/chunk/chunk-frame.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { containerPath } from "../container-name.ts";
import { ContainerWriter } from "../container-writer.ts";

/** The store, and the time, of the container in the documentation. */
export const SAMPLE_STORE = Buffer.from("6f1d3c0a52e84b7f9a0c1d2e3f405162", "hex");
export const SAMPLE_CREATED_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Its two chunks. */
export const SAMPLE_CHUNKS = [Buffer.from("hello world"), Buffer.alloc(300, "All work and no play. ")] as const;

/** The second one as one Zstandard frame; kept as bytes, since another release of libzstd may pack it in another way. */
const PACKED = Buffer.from("28b52ffd602c00ed0000b0416c6c20776f726b20616e64206e6f20706c61792e20010026529d4d", "hex");

/** The container whose dump stands in docs/formats/chunk-store.md. */
export async function sampleContainer(): Promise<Buffer> {
  await using dir = await TempDir.make();
  const at = { directory: dir.path, number: 1, store: SAMPLE_STORE, domain: "all", createdMs: SAMPLE_CREATED_MS };
  const writer = await ContainerWriter.create(at, () => {});
  const [raw, packed] = SAMPLE_CHUNKS;
  const frames = Buffer.concat([frame(raw, raw, chunkMethod.raw), frame(packed, PACKED, chunkMethod.zstd)]);
  for (const cursor = new FrameCursor(frames); cursor.next();) writer.place(cursor, cursor.id);
  await writer.write([frames]);
  await writer.seal();
  return await readFile(containerPath(dir.path, 1));
}

function frame(plain: Uint8Array, payload: Uint8Array, method: number): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.byteLength);
  bytes.set(payload, FRAME_HEADER_BYTES);
  const level = method === chunkMethod.raw ? 0 : 3;
  const header = { method, level, plainBytes: plain.byteLength, storedBytes: payload.byteLength };
  writeFrameHeader(bytes, 0, header, hash("sha256", plain, "buffer"));
  return bytes;
}
