import { open, readdir, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { ENTRY_HEADER_BYTES, entryAt, EVENT_BYTES_MAX, SEGMENT_MAGIC, type Entry } from "./entry.ts";

/** One file of a log. It holds the events from `first` on, without gap. */
export interface Segment {
  readonly first: number;
  readonly path: string;
  /** Bytes that are known to be good. */
  bytes: number;
}

/** Bytes at which a new segment is begun. */
export const SEGMENT_BYTES = 8 * 1024 * 1024;

const READ_BYTES = 2 * (EVENT_BYTES_MAX + ENTRY_HEADER_BYTES);

/** The path of the segment that starts with an event. */
export function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(16, "0")}.events`);
}

/** The segments of a directory, oldest first; their `bytes` are not known yet. */
export async function listSegments(directory: string): Promise<Segment[]> {
  const names = (await readdir(directory)).filter((name) => /^[0-9]{16}\.events$/.test(name)).toSorted();
  return names.map((name) => ({ first: Number(name.slice(0, 16)), path: join(directory, name), bytes: 0 }));
}

/**
 * Entries of a segment from an offset on, read in pieces. Ends at the end of the file or at the first bytes that are no entry;
 * `end.offset` then tells where, `end.isClean` whether that is the very end of the file.
 */
export async function* readEntries(
  path: string,
  from: number,
  end: { offset: number; isClean: boolean },
): AsyncGenerator<Entry, void, undefined> {
  await using file = await open(path, "r");
  let buffer = Buffer.allocUnsafe(READ_BYTES);
  let offset = Math.max(from, SEGMENT_MAGIC.byteLength);
  end.offset = offset;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, offset);
    const piece = buffer.subarray(0, bytesRead);
    let at = 0;
    for (;;) {
      const entry = entryAt(piece, at);
      if (typeof entry === "string") {
        const isMore = entry === "short" && at > 0 && bytesRead === buffer.byteLength;
        if (isMore) break;
        end.isClean = entry === "short" && at === bytesRead;
        return;
      }
      at = entry.end;
      end.offset = offset + at;
      yield entry;
    }
    offset += at;
    buffer = Buffer.allocUnsafe(READ_BYTES); // entries handed out are views of the old one
  }
}

/** What a scan of a log's segments found. */
export interface ScanResult {
  readonly lastNumber: number;
  /** The last event's payload; undefined: there is none. */
  readonly lastPayload: Buffer | undefined;
}

/**
 * Checks every segment, sets their `bytes`, and cuts off what a crash left half-written at the very end. Throws JOB_LOG_DAMAGED for
 * damage anywhere else.
 */
export async function scanSegments(segments: Segment[], job: string): Promise<ScanResult> {
  const newest = segments.at(-1);
  // A crash while a segment was being made leaves no event in it; the writer makes it anew under the same name.
  if (newest !== undefined && !(await hasMagic(newest.path))) segments.pop();
  let lastNumber = (segments[0]?.first ?? 1) - 1;
  let lastPayload: Buffer | undefined;
  for (const [index, segment] of segments.entries()) {
    const end = { offset: 0, isClean: false };
    const isLast = index === segments.length - 1;
    if (!(await hasMagic(segment.path))) throw damaged(job, segment, "is no event file");
    if (segment.first !== lastNumber + 1)
      throw damaged(job, segment, `begins with event ${segment.first}, not ${lastNumber + 1}`);
    for await (const entry of readEntries(segment.path, 0, end)) {
      if (entry.number !== lastNumber + 1) throw damaged(job, segment, `event ${entry.number} follows event ${lastNumber}`);
      lastNumber = entry.number;
      lastPayload = Buffer.from(entry.payload);
    }
    if (!end.isClean && !isLast) throw damaged(job, segment, `unreadable from byte ${end.offset} on`);
    segment.bytes = end.offset;
  }
  return { lastNumber, lastPayload };
}

async function hasMagic(path: string): Promise<boolean> {
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(SEGMENT_MAGIC.byteLength), 0, SEGMENT_MAGIC.byteLength, 0);
  return bytesRead === SEGMENT_MAGIC.byteLength && buffer.equals(SEGMENT_MAGIC);
}

function damaged(job: string, segment: Segment, what: string): OperatorError {
  return new OperatorError("JOB_LOG_DAMAGED", `the event log of job ${job} is damaged: ${segment.path} ${what}`);
}

/** Opens a new, empty segment for writing; it is on disk, with its name, when this resolves. An unfinished one of that name is replaced. */
export async function createSegment(directory: string, first: number): Promise<{ segment: Segment; file: FileHandle }> {
  const path = segmentPath(directory, first);
  const file = await open(path, "w", 0o600);
  try {
    await file.write(SEGMENT_MAGIC, 0, SEGMENT_MAGIC.byteLength, 0);
    await file.datasync();
    await syncDirectory(directory);
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
  return { segment: { first, path, bytes: SEGMENT_MAGIC.byteLength }, file };
}
