import { OperatorError } from "#lib/errors/operator-error.ts";
import { RECORD_HEADER_BYTES, readRecordHeader, writeRecordHeader } from "#lib/wire/record.ts";
import { readBlockHeader, sealBlock } from "../volume/block.ts";
import { walkBlocks } from "../volume/walk-blocks.ts";
import { BLOCK_HEADER_BYTES, labelType } from "../volume/format.ts";
import type { Medium } from "./device.ts";
import type { SessionKey } from "../volume/block.ts";
import type { TailCheck } from "./device-protocol.ts";

/** How the end of a Volume is looked at before something is appended, and whether it is marked. */
export interface AppendCheck {
  /** Permissive: label and size. Paranoid: what lies behind the catalog's end. Verify: the last block too. SuperParanoid: every block. */
  readonly mode: "Permissive" | "Paranoid" | "SuperParanoid" | "Verify";
  /** An end-of-medium record is written when a Volume is left. */
  readonly writesEnd: boolean;
  /** Nothing is appended to a Volume that does not end with one. */
  readonly requiresEnd: boolean;
}

/** What the checks say. */
export interface CheckedEnd {
  readonly tail: TailCheck | undefined;
  /** What was done, and what was found that does not forbid to append. */
  readonly steps: readonly string[];
}

/** The step that is a warning: something may have been cut off. */
export const END_IS_MISSING = "it does not end with an end-of-medium record: it was not left in good order";

/** Bytes before the end in which the last block must begin, at first; doubled until it is found. */
const LAST_BLOCK_BYTES = 256 * 1024;

/**
 * Looks at a Volume as its device's Append Positioning says. What is behind the catalog's end is kept as far as it is intact; a block that was
 * never finished is cut off. VOLUME_DAMAGED, VOLUME_END_MISSING.
 */
export function checkEnd(
  medium: Medium,
  check: AppendCheck,
  known: { readonly labelBytes: number; readonly catalogBytes: number },
): CheckedEnd {
  const { mode } = check;
  const steps = ["read its label"];
  const from = Math.max(known.catalogBytes, known.labelBytes);
  let tail: TailCheck | undefined;
  if (mode === "SuperParanoid") {
    steps.push(`read all blocks from ${known.labelBytes} on`);
    readThrough(medium, known.labelBytes, from);
  }
  if (medium.end > from) {
    steps.push(`read on from ${from}, the end that the catalog knows`);
    tail = keepIntact(medium, from);
  }
  const wantsLast = mode === "Verify" || mode === "SuperParanoid" || check.requiresEnd || check.writesEnd;
  if (wantsLast && medium.end > known.labelBytes) {
    steps.push("read its last block");
    const last = lastBlock(medium, known.labelBytes);
    if (last === undefined && mode !== "Permissive") throw damaged(medium, medium.end, "its last block cannot be read");
    if (last?.isEndOfMedium !== true) {
      if (check.requiresEnd) throw endMissing(medium);
      if (check.writesEnd) steps.push(END_IS_MISSING);
    }
  }
  steps.push(`stand at its end, ${medium.end}`);
  return { tail, steps };
}

/** The block that says that nothing follows, as it is written when a Volume is left. */
export function endOfMediumBlock(facts: {
  readonly number: number;
  readonly session: SessionKey;
  readonly checksum: boolean;
}): Uint8Array {
  const block = new Uint8Array(BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES);
  writeRecordHeader(new DataView(block.buffer), BLOCK_HEADER_BYTES, {
    fileIndex: labelType.endOfMedium,
    stream: 0,
    dataSize: 0,
  });
  sealBlock(block, facts);
  return block;
}

/** Reads every block up to the end that the catalog knows. VOLUME_DAMAGED at the first that is not intact. */
function readThrough(medium: Medium, labelBytes: number, catalogEnd: number): void {
  const reader = walkBlocks(medium, ({ address, reason }) => {
    if (address < catalogEnd) throw damaged(medium, address, reason);
  });
  reader.seek(labelBytes);
  while (reader.address < catalogEnd && reader.next() !== undefined);
}

/** Reads what lies behind the end that the catalog knows; cuts off what follows its last intact block. */
function keepIntact(medium: Medium, catalogBytes: number): TailCheck {
  let intactEnd = catalogBytes;
  let blocks = 0;
  const reader = walkBlocks(medium, () => {});
  reader.seek(catalogBytes);
  for (let block = reader.next(); block !== undefined; block = reader.next()) {
    intactEnd = block.address + block.header.size;
    blocks += 1;
  }
  const cutBytes = medium.end - intactEnd;
  if (cutBytes > 0) medium.truncate(intactEnd);
  return { catalogBytes, blocks, keptBytes: intactEnd - catalogBytes, cutBytes };
}

/** The block that ends where the Volume ends; undefined if there is none. */
function lastBlock(medium: Medium, labelBytes: number): { readonly isEndOfMedium: boolean } | undefined {
  for (let back = LAST_BLOCK_BYTES; ; back *= 4) {
    const from = Math.max(labelBytes, medium.end - back);
    const found = lastBlockFrom(medium, from);
    if (found !== undefined || from === labelBytes) return found;
  }
}

function lastBlockFrom(medium: Medium, from: number): { readonly isEndOfMedium: boolean } | undefined {
  const reader = walkBlocks(medium, () => {});
  reader.seek(from);
  for (let block = reader.next(); block !== undefined; block = reader.next()) {
    if (block.address + block.header.size !== medium.end) continue;
    return { isEndOfMedium: isEndOfMedium(block.bytes) };
  }
  return undefined;
}

function isEndOfMedium(block: Uint8Array): boolean {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const header = readBlockHeader(view, 0);
  if (header?.version !== 2 || block.byteLength < BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES) return false;
  return readRecordHeader(view, BLOCK_HEADER_BYTES).fileIndex === labelType.endOfMedium;
}

function damaged(medium: Medium, address: number, reason: string): OperatorError {
  return new OperatorError(
    "VOLUME_DAMAGED",
    `Volume "${medium.volume}" is damaged at address ${address}: ${reason}. Nothing is appended to it`,
  );
}

function endMissing(medium: Medium): OperatorError {
  return new OperatorError(
    "VOLUME_END_MISSING",
    `Volume "${medium.volume}" does not end with an end-of-medium record, and the device requires one (Require EOD Record = yes). Nothing is appended to it`,
  );
}
