import { OperatorError } from "#lib/errors/operator-error.ts";
import { RECORD_HEADER_BYTES, readRecordHeader } from "#lib/wire/record.ts";
import { BLOCK_HEADER_BYTES, labelType } from "../volume/format.ts";
import { walkBlocks } from "../volume/walk-blocks.ts";
import { END_IS_MISSING } from "../device/check-end.ts";
import { positionOf, positionText } from "./tape-address.ts";
import type { AppendCheck, CheckedEnd } from "../device/check-end.ts";
import type { Medium, TapeSide } from "../device/device.ts";
import type { TailCheck } from "../device/device-protocol.ts";
import type { ReadBlock } from "../volume/block-reader.ts";

/** What the catalog says of a tape, and how long its label is. */
export interface KnownTape {
  readonly labelBytes: number;
  readonly catalogBytes: number;
  /** File marks, and the address where the next block goes. */
  readonly catalogFiles: number;
  readonly catalogAddress: number;
}

/**
 * Spaces to the end of data and looks at the tape as its device's Append Positioning says. A tape with fewer files than the catalog knows is
 * refused; what lies behind the catalog's end is kept as far as it is intact. VOLUME_SIZE_MISMATCH, VOLUME_DAMAGED, VOLUME_END_MISSING.
 */
export function checkTapeEnd(medium: Medium, tape: TapeSide, check: AppendCheck, known: KnownTape): CheckedEnd {
  const end = positionOf(medium.end);
  const steps = ["read its label", `spaced to the end of data, ${positionText(end)}`];
  if (end.file < known.catalogFiles) throw mismatch(medium.volume, "number of files", end.file, known.catalogFiles);
  if (tape.bytes < known.catalogBytes) throw mismatch(medium.volume, "sizes", tape.bytes, known.catalogBytes);
  if (check.mode === "SuperParanoid") {
    steps.push("read all blocks that the catalog knows");
    readThrough(medium, known);
  }
  const hasTail = tape.bytes > Math.max(known.catalogBytes, known.labelBytes) && medium.end > known.catalogAddress;
  const tail = hasTail ? keepIntact(medium, tape, known) : undefined;
  if (tail !== undefined) steps.push("read on from the end that the catalog knows");
  const wantsLast = check.mode === "Verify" || check.mode === "SuperParanoid" || check.requiresEnd || check.writesEnd;
  if (wantsLast && tape.bytes > known.labelBytes) {
    steps.push("read its last block");
    lookAtLast(medium, check, steps);
  }
  return { tail, steps };
}

function readThrough(medium: Medium, { catalogAddress }: KnownTape): void {
  const reader = walkBlocks(medium, ({ address, reason }) => {
    if (address < catalogAddress) throw damaged(medium, address, reason);
  });
  while (reader.address < catalogAddress && reader.next() !== undefined);
}

/** Reads what lies behind the end that the catalog knows; gives up what follows its last intact block. */
function keepIntact(medium: Medium, tape: TapeSide, known: KnownTape): TailCheck {
  const found = tape.bytes;
  let intactEnd = known.catalogAddress;
  let isDamagedBehind = false;
  let blocks = 0;
  let keptBytes = 0;
  const reader = walkBlocks(medium, () => (isDamagedBehind = true));
  reader.seek(known.catalogAddress);
  for (let block = reader.next(); block !== undefined; block = reader.next()) {
    intactEnd = reader.address;
    isDamagedBehind = false;
    blocks += 1;
    keptBytes += block.header.size;
  }
  if (isDamagedBehind) medium.truncate(intactEnd);
  return { catalogBytes: known.catalogBytes, blocks, keptBytes, cutBytes: found - tape.bytes };
}

/** Reads the last block of the tape: that of its last file that has any. */
function lookAtLast(medium: Medium, check: AppendCheck, steps: string[]): void {
  const { file, block } = positionOf(medium.end);
  let last: ReadBlock | undefined;
  const reader = walkBlocks(medium, () => (last = undefined));
  reader.seek((block > 0 || file === 0 ? file : file - 1) * 2 ** 32);
  for (let next = reader.next(); next !== undefined; next = reader.next()) last = { ...next, bytes: next.bytes.slice(0, 64) };
  if (last === undefined && check.mode !== "Permissive") throw damaged(medium, medium.end, "its last block cannot be read");
  if (last !== undefined && isEndOfMedium(last)) return;
  if (check.requiresEnd)
    throw new OperatorError(
      "VOLUME_END_MISSING",
      `Volume "${medium.volume}" does not end with an end-of-medium record, and the device requires one (Require EOD Record = yes). Nothing is appended to it`,
    );
  if (check.writesEnd) steps.push(END_IS_MISSING);
}

function isEndOfMedium({ header, bytes }: ReadBlock): boolean {
  if (header.version !== 2 || bytes.byteLength < BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readRecordHeader(view, BLOCK_HEADER_BYTES).fileIndex === labelType.endOfMedium;
}

function mismatch(volume: string, what: string, found: number, expected: number): OperatorError {
  return new OperatorError(
    "VOLUME_SIZE_MISMATCH",
    `cannot write on tape Volume "${volume}" because: The ${what} ${what === "sizes" ? "do" : "does"} not match! Volume=${found} Catalog=${expected}`,
  );
}

function damaged(medium: Medium, address: number, reason: string): OperatorError {
  return new OperatorError(
    "VOLUME_DAMAGED",
    `Volume "${medium.volume}" is damaged at ${positionText(positionOf(address))}: ${reason}. Nothing is appended to it`,
  );
}
