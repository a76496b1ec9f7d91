import { fileType } from "#lib/streams/stream-type.ts";
import { REMEMBERED_BYTES_MAX } from "#filed/backup/remembered.ts";
import type { SavedList } from "#filed/backup/remembered.ts";
import { EntryCursor, NO_ROOT, statField } from "#filed/walk/entry.ts";
import {
  BLOCK_CRC_AT,
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  blockCrc,
  COLUMN_BYTES,
  columnsOf,
  FLAG_REUSABLE,
  LARGE_RECORDS_BYTES,
  PATH_BYTES_MAX,
  PAYLOAD_HEADER_BYTES,
  STAT_COLUMNS,
} from "./layer-format.ts";

const OPTIONS_MAX = 65_535;

/** Entries of a list that go into one block: their numbers in the list, and the bytes of their paths and records. */
interface Group {
  readonly entries: number[];
  pathBytes: number;
  recordBytes: number;
}

/** Makes blocks of what lists came to. Entries that cannot be remembered are left out. */
export class BlockBuilder {
  #number = 0;
  #entries = 0;

  /** Blocks made so far. */
  get blocks(): number {
    return this.#number;
  }

  /** Entries in them. */
  get entries(): number {
    return this.#entries;
  }

  /** The blocks of one list, header and all. */
  build(saved: SavedList): Uint8Array[] {
    return groups(saved).map((group) => this.#block(saved, group));
  }

  #block(saved: SavedList, group: Group): Uint8Array {
    const count = group.entries.length;
    const payloadBytes = PAYLOAD_HEADER_BYTES + COLUMN_BYTES * count + group.pathBytes + group.recordBytes;
    const block = Buffer.allocUnsafe(BLOCK_HEADER_BYTES + payloadBytes);
    const payload = block.subarray(BLOCK_HEADER_BYTES);
    payload.writeUInt32LE(count, 0);
    payload.writeUInt32LE(group.pathBytes, 4);
    fill(payload, saved, group);
    block.writeUInt32LE(BLOCK_MAGIC, 0);
    block.writeUInt32LE(this.#number++, 4);
    block.writeUInt32LE(payloadBytes, 8);
    block.writeUInt32LE(blockCrc(block, payload), BLOCK_CRC_AT);
    this.#entries += count;
    return block;
  }
}

function groups({ list, reusable, ends }: SavedList): Group[] {
  const found: Group[] = [];
  let group: Group = { entries: [], pathBytes: 0, recordBytes: 0 };
  const close = (): void => {
    if (group.entries.length > 0) found.push(group);
    group = { entries: [], pathBytes: 0, recordBytes: 0 };
  };
  const cursor = new EntryCursor(list);
  for (let entry = 0; cursor.next(); entry++) {
    const recordBytes = ends[entry]! - (entry === 0 ? 0 : ends[entry - 1]!);
    const pathBytes = cursor.pathBytes.byteLength;
    if (pathBytes > PATH_BYTES_MAX || !isKept(cursor, recordBytes, reusable[entry] === 1)) continue;
    const isLarge = recordBytes > LARGE_RECORDS_BYTES;
    if (isLarge || group.recordBytes + group.pathBytes > LARGE_RECORDS_BYTES) close();
    group.entries.push(entry);
    group.pathBytes += pathBytes;
    group.recordBytes += recordBytes;
    if (isLarge) close();
  }
  close();
  return found;
}

/** Further names of hard-linked files have nothing to remember; FIFOs that are read have no state that could be compared. */
function isKept(cursor: EntryCursor, recordBytes: number, isReusable: boolean): boolean {
  return (
    cursor.root !== NO_ROOT &&
    cursor.type !== fileType.hardLink &&
    cursor.type !== fileType.fifo &&
    cursor.options <= OPTIONS_MAX &&
    recordBytes <= REMEMBERED_BYTES_MAX &&
    (isReusable || recordBytes > 0)
  );
}

const statFields = [statField.dev, statField.ino, statField.size, statField.mtimeNs, statField.ctimeNs] as const;

function fill(payload: Buffer, saved: SavedList, group: Group): void {
  const count = group.entries.length;
  const columns = columnsOf(count);
  let path = columns.paths;
  const records = path + group.pathBytes;
  let record = records;
  const cursor = new EntryCursor(saved.list);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let row = 0;
  for (let entry = 0; row < count && cursor.next(); entry++) {
    if (group.entries[row] !== entry) continue;
    for (let column = 0; column < STAT_COLUMNS; column++)
      view.setBigInt64(columns.stats + 8 * (STAT_COLUMNS * row + column), cursor.stat(statFields[column]!), true);
    const name = cursor.pathBytes;
    payload.set(name, path);
    path += name.byteLength;
    const from = entry === 0 ? 0 : saved.ends[entry - 1]!;
    const to = saved.ends[entry]!;
    if (to > from) payload.set(saved.records.subarray(from, to), record);
    record += to - from;
    view.setUint32(columns.pathEnds + 4 * row, path - columns.paths, true);
    view.setUint32(columns.recordEnds + 4 * row, record - records, true);
    view.setUint32(columns.roots + 4 * row, cursor.root, true);
    view.setUint16(columns.options + 2 * row, cursor.options, true);
    payload[columns.types + row] = cursor.type;
    payload[columns.flags + row] = saved.reusable[entry] === 1 ? FLAG_REUSABLE : 0;
    row++;
  }
}
