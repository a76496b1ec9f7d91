import { OperatorError } from "#lib/errors/operator-error.ts";
import { RECORD_HEADER_BYTES, readRecordHeader, writeRecordHeader } from "#lib/wire/record.ts";
import { BLOCK_BYTES_LEAST, BLOCK_HEADER_BYTES, LABEL_BYTES_MAX, labelType } from "./format.ts";
import { isIntact, readBlockHeader, sealBlock } from "./block.ts";
import { readVolumeLabel, writeVolumeLabel } from "./volume-label.ts";
import type { SessionKey } from "./block.ts";
import type { VolumeLabel } from "./volume-label.ts";

/** What the start of a Volume holds. */
export interface LabelBlock {
  readonly label: VolumeLabel;
  /** Labeled, but no job has written to it. */
  readonly isPreLabel: boolean;
  /** Length of the label's block: where the first block of a job lies. */
  readonly bytes: number;
  /** Bytes of the label itself. */
  readonly recordBytes: number;
}

/** Bytes that must be read from the start of a Volume to see its label: label blocks are short, whatever the block size. */
export const LABEL_PROBE_BYTES = BLOCK_BYTES_LEAST;

/** The first block of a Volume. */
export function writeLabelBlock(
  label: Omit<VolumeLabel, "version">,
  facts: { readonly isPreLabel: boolean; readonly session: SessionKey; readonly checksum: boolean },
): Uint8Array<ArrayBuffer> {
  const data = writeVolumeLabel(label);
  const block = new Uint8Array(BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES + data.byteLength);
  const fileIndex = facts.isPreLabel ? labelType.preLabel : labelType.volumeLabel;
  writeRecordHeader(new DataView(block.buffer), BLOCK_HEADER_BYTES, { fileIndex, stream: 0, dataSize: data.byteLength });
  block.set(data, BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES);
  sealBlock(block, { number: 0, session: facts.session, checksum: facts.checksum });
  return block;
}

/** Reads the label from the first bytes of a Volume. VOLUME_NOT_LABELED, LABEL_DAMAGED or LABEL_FOREIGN if it cannot. */
export function readLabelBlock(start: Uint8Array): LabelBlock {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const header = start.byteLength >= BLOCK_HEADER_BYTES ? readBlockHeader(view, 0) : undefined;
  if (header === undefined) throw new OperatorError("VOLUME_NOT_LABELED", "it does not begin with a block of a Volume");
  const recordHeaderBytes = header.version === 2 ? RECORD_HEADER_BYTES : RECORD_HEADER_BYTES + 8;
  const dataStart = header.headerBytes + recordHeaderBytes;
  if (header.size < dataStart || dataStart > start.byteLength)
    throw new OperatorError("LABEL_DAMAGED", "its first block is too short for a label");
  if (header.size <= start.byteLength && !isIntact(start.subarray(0, header.size), header)) {
    throw new OperatorError("LABEL_DAMAGED", "the checksum of its first block is wrong");
  }
  const record = readRecordHeader(view, dataStart - RECORD_HEADER_BYTES);
  if (record.fileIndex !== labelType.preLabel && record.fileIndex !== labelType.volumeLabel) {
    throw new OperatorError("VOLUME_NOT_LABELED", "its first block holds no Volume label");
  }
  const end = dataStart + record.dataSize;
  if (record.dataSize > LABEL_BYTES_MAX || end > header.size || end > start.byteLength) {
    throw new OperatorError("LABEL_DAMAGED", `its label says ${record.dataSize} bytes, which its block does not hold`);
  }
  return {
    label: readVolumeLabel(start.subarray(dataStart, end)),
    isPreLabel: record.fileIndex === labelType.preLabel,
    bytes: header.size,
    recordBytes: record.dataSize,
  };
}
