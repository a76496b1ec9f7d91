import { crc32 } from "node:zlib";
import { readRecordHeader, RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import { BB01_RECORD_HEADER_BYTES } from "#stored/volume/format.ts";
import { fileIndexName, streamName } from "./stream-name.ts";
import type { ReadBlock } from "#stored/volume/block-reader.ts";
import type { SessionKey } from "#stored/volume/block.ts";
import type { OpenVolume } from "./open-volumes.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** A record as its header in a block says. */
interface HeaderFacts {
  readonly session: SessionKey;
  readonly fileIndex: number;
  readonly stream: number;
  readonly dataSize: number;
}

/** The blocks of Volumes: bls -k; with -v each one's first record, with -v -v all of its records. */
export class BlockListing {
  readonly tellsEnd = false;
  readonly #voice: ToolVoice;
  readonly #verbosity: number;
  readonly #device: string;
  #volume = "";

  constructor(options: { readonly voice: ToolVoice; readonly verbosity: number; readonly device: string }) {
    this.#voice = options.voice;
    this.#verbosity = options.verbosity;
    this.#device = options.device;
  }

  wantsStream(): boolean {
    return false;
  }

  record(): void {}

  volume({ volume }: OpenVolume): void {
    if (this.#volume !== "") this.#voice.message(`Mounted Volume "${volume}".`);
    this.#volume = volume;
  }

  block(block: ReadBlock): void {
    const { header } = block;
    if (this.#verbosity === 0) {
      this.#voice.plain(`Block: ${header.number} size=${header.size}`);
      return;
    }
    const records = headersOf(block);
    const first = records.next().value;
    const session = header.session ?? first?.session ?? { id: 0, time: 0 };
    if (this.#verbosity > 1) {
      this.#voice.plain(
        `Blk=${header.number} blen=${header.size} bVer=${header.version} SessId=${session.id} SessTim=${session.time}`,
      );
      this.#dump(block);
      return;
    }
    const about =
      first === undefined ? "none" : `FI=${fileIndexName(first.fileIndex)} ${sessionText(session)} ${streamText(first)}`;
    this.#voice.plain(
      `Addr=${block.address + header.size} blk_num=${header.number} blen=${header.size} First rec ${about} rlen=${first?.dataSize ?? 0}`,
    );
  }

  volumeEnd({ volume }: OpenVolume): void {
    this.#voice.message(`End of file 0 on device ${this.#device}, Volume "${volume}"`);
  }

  finish(): void {
    this.#voice.message(`Got EOM at file 0 on device ${this.#device}, Volume "${this.#volume}"`);
  }

  #dump(block: ReadBlock): void {
    const { header, bytes } = block;
    const hex = (value: number): string => value.toString(16);
    this.#voice.say(`Dump block: adata=0 size=${header.size} BlkNum=${header.number}`);
    this.#voice.plain(`${" ".repeat(27)}Hdrcksum=${hex(header.checksum)} cksum=${hex(crc32(bytes.subarray(4)))}`);
    for (const { session, fileIndex, stream, dataSize } of headersOf(block)) {
      const text = fileIndex < 0 ? String(stream) : streamName(Math.abs(stream));
      const cont = stream < 0 && fileIndex > 0 ? "cont" : "";
      this.#voice.say(
        `   Rec: VId=${session.id} VT=${session.time} FI=${fileIndexName(fileIndex)} Strm=${cont}${text} len=${dataSize}`,
      );
    }
  }
}

/** The headers of a block's records. Lengths are those that the headers say: of a record that goes on elsewhere what is left of it. */
function* headersOf({ bytes, header }: ReadBlock): Generator<HeaderFacts, undefined, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = header.version === 2 ? RECORD_HEADER_BYTES : BB01_RECORD_HEADER_BYTES;
  for (let at = header.headerBytes; at + headerBytes <= bytes.byteLength;) {
    const session = header.session ?? { id: view.getUint32(at), time: view.getUint32(at + 4) };
    const record = readRecordHeader(view, at + headerBytes - RECORD_HEADER_BYTES);
    if (record.fileIndex === 0 && record.stream === 0 && record.dataSize === 0) return;
    yield { session, ...record };
    at += headerBytes + record.dataSize;
  }
}

function sessionText({ id, time }: SessionKey): string {
  return `SessId=${id} SessTim=${time}`;
}

function streamText({ fileIndex, stream }: HeaderFacts): string {
  return `Strm=${fileIndex < 0 ? stream : streamName(Math.abs(stream))}`;
}
