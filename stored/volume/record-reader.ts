import { RECORD_DATA_BYTES_MAX, RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import { BB01_RECORD_HEADER_BYTES, labelType } from "./format.ts";
import type { ReadBlock } from "./block-reader.ts";
import type { SessionKey } from "./block.ts";

/** A whole record of a Volume, its parts joined. `data` is a view that is good only until the callback returns. */
export interface VolumeRecord {
  readonly session: SessionKey;
  /** Above 0 a file of the job, below 0 a label (format.ts, labelType). */
  readonly fileIndex: number;
  readonly stream: number;
  readonly data: Uint8Array;
  /** Address of the block in which it begins. */
  readonly address: number;
}

/** Who takes the records. */
export interface RecordSink {
  /** Whether the record is wanted; of what is not wanted no part is kept. Asked once for each record. */
  wants(session: SessionKey, fileIndex: number, stream: number): boolean;
  record(record: VolumeRecord): void;
  /** A record that cannot be put together; where it begins. */
  damage(volume: string, address: number, reason: string): void;
}

/** A record of which a part has been read. */
interface Partial {
  readonly session: SessionKey;
  readonly fileIndex: number;
  readonly stream: number;
  readonly volume: string;
  readonly address: number;
  readonly isWanted: boolean;
  readonly total: number;
  filled: number;
}

/** What is kept for one session: its half record, and the buffer in which that is joined, empty while there is none. */
interface SessionState {
  readonly session: SessionKey;
  partial: Partial | undefined;
  buffer: Uint8Array<ArrayBuffer>;
}

/** Most sessions that may have a half record at one time: more jobs than this never write to one device together. */
const SESSIONS_MAX = 4096;

/** Buffers of records that were joined which are kept for the next: as many as jobs usually write to one device together. */
const SPARE_MAX = 16;

const NO_BYTES = new Uint8Array(0);

/**
 * Takes blocks apart into records and joins those that go on in a later block of the same session, also on the next Volume. Memory
 * grows only with bytes that were read, never with lengths that are claimed.
 */
export class RecordReader {
  readonly #sessions = new Map<string, SessionState>();
  readonly #sink: RecordSink;
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #last: SessionState | undefined;
  /** The Volume that is read, for messages. */
  volume = "";

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  /** Hands the block's records to the sink. */
  accept(block: ReadBlock): void {
    const { bytes, header } = block;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const headerBytes = header.version === 2 ? RECORD_HEADER_BYTES : BB01_RECORD_HEADER_BYTES;
    let at = header.headerBytes;
    while (at + headerBytes <= bytes.byteLength) {
      const session = header.session ?? { id: view.getUint32(at), time: view.getUint32(at + 4) };
      const fields = at + headerBytes - RECORD_HEADER_BYTES;
      const fileIndex = view.getInt32(fields);
      const stream = view.getInt32(fields + 4);
      const dataSize = view.getUint32(fields + 8);
      // Zeros fill a block up to the Device's Minimum Block Size.
      if (fileIndex === 0 && stream === 0 && dataSize === 0) return;
      if (dataSize > RECORD_DATA_BYTES_MAX) {
        this.#sink.damage(
          this.volume,
          block.address,
          `a record of FileIndex ${fileIndex} says ${dataSize} bytes; ${RECORD_DATA_BYTES_MAX} is the most`,
        );
        return;
      }
      at += headerBytes;
      const part = Math.min(dataSize, bytes.byteLength - at);
      this.#take(session, fileIndex, stream, dataSize, bytes.subarray(at, at + part), block.address);
      at += part;
    }
  }

  /** Tells that nothing more will come: half records are damage. */
  end(): void {
    for (const state of this.#sessions.values()) this.#drop(state, "the rest of a record is missing");
  }

  #take(session: SessionKey, fileIndex: number, stream: number, dataSize: number, data: Uint8Array, address: number): void {
    // Labels have negative FileIndexes and are never split, whatever sign their stream has.
    if (stream < 0 && fileIndex > 0) return this.#continue(session, fileIndex, -stream, dataSize, data, address);
    const state = this.#state(session);
    // A Volume's own label carries the session that was at work, and stands between the parts of a record that goes on there.
    if (state?.partial !== undefined && !isVolumeLabel(fileIndex)) this.#drop(state, "the rest of a record is missing");
    if (data.byteLength < dataSize) return this.#begin(session, fileIndex, stream, dataSize, data, address);
    if (this.#sink.wants(session, fileIndex, stream)) this.#sink.record({ session, fileIndex, stream, data, address });
  }

  #begin(session: SessionKey, fileIndex: number, stream: number, total: number, data: Uint8Array, address: number): void {
    if (fileIndex < 0) return this.#sink.damage(this.volume, address, "a label is cut off");
    const state = this.#state(session) ?? this.#open(session);
    const isWanted = this.#sink.wants(session, fileIndex, stream);
    state.partial = { session, fileIndex, stream, volume: this.volume, address, isWanted, total, filled: data.byteLength };
    if (!isWanted) return;
    state.buffer = this.#spare.pop() ?? NO_BYTES;
    place(state, 0, data, total);
  }

  #continue(session: SessionKey, fileIndex: number, stream: number, left: number, data: Uint8Array, address: number): void {
    const state = this.#state(session);
    const partial = state?.partial;
    if (state === undefined || partial === undefined) {
      // The first part lies before the place where reading began, or was damaged: damage only for those who want the record.
      if (this.#sink.wants(session, fileIndex, stream))
        this.#sink.damage(this.volume, address, `a record of FileIndex ${fileIndex} goes on here without its beginning`);
      return;
    }
    if (partial.fileIndex !== fileIndex || partial.stream !== stream || partial.total - partial.filled !== left) {
      return this.#drop(state, `it does not go on at ${address} as it began`);
    }
    if (partial.isWanted) place(state, partial.filled, data, partial.total);
    partial.filled += data.byteLength;
    if (data.byteLength < left) return;
    state.partial = undefined;
    if (partial.isWanted) {
      this.#sink.record({
        session,
        fileIndex,
        stream,
        data: state.buffer.subarray(0, partial.total),
        address: partial.address,
      });
    }
    this.#freeBuffer(state);
  }

  /** A session that joins nothing has no buffer: a Volume may hold thousands of them. */
  #freeBuffer(state: SessionState): void {
    if (state.buffer.byteLength > 0 && this.#spare.length < SPARE_MAX) this.#spare.push(state.buffer);
    state.buffer = NO_BYTES;
  }

  #drop(state: SessionState, reason: string): void {
    const partial = state.partial;
    state.partial = undefined;
    if (partial?.isWanted === true)
      this.#sink.damage(
        partial.volume,
        partial.address,
        `a record of FileIndex ${partial.fileIndex} cannot be put together: ${reason}`,
      );
    this.#freeBuffer(state);
  }

  #state(session: SessionKey): SessionState | undefined {
    const last = this.#last;
    if (last !== undefined && last.session.id === session.id && last.session.time === session.time) return last;
    const state = this.#sessions.get(`${session.id}:${session.time}`);
    if (state !== undefined) this.#last = state;
    return state;
  }

  #open(session: SessionKey): SessionState {
    if (this.#sessions.size >= SESSIONS_MAX) this.#forgetIdle();
    const state: SessionState = { session, partial: undefined, buffer: NO_BYTES };
    this.#sessions.set(`${session.id}:${session.time}`, state);
    return state;
  }

  /** Makes room: sessions with nothing half read go; if none is idle, all do (only a hostile Volume has so many). */
  #forgetIdle(): void {
    for (const [key, state] of this.#sessions) if (state.partial === undefined) this.#sessions.delete(key);
    if (this.#sessions.size >= SESSIONS_MAX) {
      this.end();
      this.#sessions.clear();
    }
    this.#last = undefined;
  }
}

/** Labels of the medium, not of a session. */
function isVolumeLabel(fileIndex: number): boolean {
  return fileIndex < 0 && fileIndex !== labelType.startOfSession && fileIndex !== labelType.endOfSession;
}

/** Puts a part of a record into the session's buffer, which grows by doubling up to the whole record. */
function place(state: SessionState, at: number, data: Uint8Array, total: number): void {
  const end = at + data.byteLength;
  if (end > state.buffer.byteLength) {
    const larger = new Uint8Array(Math.min(Math.max(end * 2, 128 * 1024), Math.max(total, 128 * 1024)));
    larger.set(state.buffer.subarray(0, at));
    state.buffer = larger;
  }
  state.buffer.set(data, at);
}
