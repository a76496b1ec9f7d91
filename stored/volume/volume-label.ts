import { OperatorError } from "#lib/errors/operator-error.ts";
import { damaged, LabelReader, LabelWriter } from "./label-fields.ts";
import { LABEL_BYTES_MAX, LABEL_ID, LABEL_ID_OLD, LABEL_NAME_BYTES_MAX, LABEL_VERSION } from "./format.ts";

/** What the first block of a Volume says of it. Dates in milliseconds since 1970. */
export interface VolumeLabel {
  readonly version: number;
  readonly labelDate: number;
  readonly writeDate: number;
  readonly volume: string;
  /** Volume before this one in the job that began it; "" if none. */
  readonly previousVolume: string;
  readonly pool: string;
  readonly poolType: string;
  readonly mediaType: string;
  readonly host: string;
  readonly program: string;
  readonly programVersion: string;
  readonly programDate: string;
  /** What Bacula's labels have no field for; undefined on labels of others. */
  readonly origin?: LabelOrigin | undefined;
}

/** Of what a Volume was made, and which one it is. */
export interface LabelOrigin {
  /** A UUID: two Volumes of one name, or a copy that was labeled anew, can be told apart. */
  readonly volumeId: string;
  /** Of the Device when the label was written, bytes. */
  readonly blockBytesMin: number;
  readonly blockBytesMax: number;
  /** Operating system of the storage daemon. */
  readonly uname: string;
}

/** What stands before the origin, behind the fields that Bacula knows. Bacula reads no further than those. */
const ORIGIN_ID = "Nocturne 1 label\n";

/** Reads the data of a Volume label record. LABEL_DAMAGED or LABEL_FOREIGN if it is none that we know. */
export function readVolumeLabel(data: Uint8Array): VolumeLabel {
  if (data.byteLength > LABEL_BYTES_MAX) throw damaged(`${data.byteLength} bytes are too long`);
  const reader = new LabelReader(data);
  const id = reader.string(32);
  if (id !== LABEL_ID && id !== LABEL_ID_OLD) throw foreign(id);
  const version = reader.u32();
  if (version < 9 || version > LABEL_VERSION) throw foreign(`${id.trim()}, version ${version}`);
  const [labelDate, writeDate] = readDates(reader, version);
  const label = {
    version,
    labelDate,
    writeDate,
    volume: reader.string(LABEL_NAME_BYTES_MAX),
    previousVolume: reader.string(LABEL_NAME_BYTES_MAX),
    pool: reader.string(LABEL_NAME_BYTES_MAX),
    poolType: reader.string(LABEL_NAME_BYTES_MAX),
    mediaType: reader.string(LABEL_NAME_BYTES_MAX),
    host: reader.string(LABEL_NAME_BYTES_MAX),
    program: reader.string(LABEL_NAME_BYTES_MAX),
    programVersion: reader.string(LABEL_NAME_BYTES_MAX),
    programDate: reader.string(LABEL_NAME_BYTES_MAX),
  };
  const origin = readOrigin(reader);
  return origin === undefined ? label : { ...label, origin };
}

/** The origin as names and values for people. */
export function originFields(origin: LabelOrigin | undefined): (readonly [string, string | number])[] {
  if (origin === undefined) return [];
  return [
    ["VolumeId", origin.volumeId],
    ["MinBlockSize", origin.blockBytesMin],
    ["MaxBlockSize", origin.blockBytesMax],
    ["Uname", origin.uname],
  ];
}

function readOrigin(reader: LabelReader): LabelOrigin | undefined {
  if (!reader.skipBehind(`${ORIGIN_ID}\0`)) return undefined;
  return {
    volumeId: reader.string(LABEL_NAME_BYTES_MAX),
    blockBytesMin: reader.u32(),
    blockBytesMax: reader.u32(),
    uname: reader.string(LABEL_NAME_BYTES_MAX),
  };
}

/**
 * The data of a Volume label record, byte for byte as Bacula writes it for a plain disk or tape Volume; behind that the origin, where
 * names leave room for it.
 */
export function writeVolumeLabel(label: Omit<VolumeLabel, "version">): Uint8Array<ArrayBuffer> {
  const known = writeKnownFields(label);
  const { origin } = label;
  if (origin === undefined) return known;
  const added = new LabelWriter()
    .string(ORIGIN_ID, ORIGIN_ID.length)
    .string(origin.volumeId, LABEL_NAME_BYTES_MAX)
    .u32(origin.blockBytesMin)
    .u32(origin.blockBytesMax)
    .string(origin.uname, LABEL_NAME_BYTES_MAX)
    .bytes();
  if (known.byteLength + added.byteLength > LABEL_BYTES_MAX) return known;
  const both = new Uint8Array(known.byteLength + added.byteLength);
  both.set(known);
  both.set(added, known.byteLength);
  return both;
}

function writeKnownFields(label: Omit<VolumeLabel, "version">): Uint8Array<ArrayBuffer> {
  const name = LABEL_NAME_BYTES_MAX;
  return (
    new LabelWriter()
      .string(LABEL_ID, 32)
      .u32(LABEL_VERSION)
      .microseconds(label.labelDate)
      .microseconds(label.writeDate)
      .f64(0)
      .f64(0)
      .string(label.volume, name)
      .string(label.previousVolume, name)
      .string(label.pool, name)
      .string(label.poolType, name)
      .string(label.mediaType, name)
      .string(label.host, name)
      .string(label.program, name)
      .string(label.programVersion, name)
      .string(label.programDate, name)
      // Of a Volume with aligned data: its name, FirstData, FileAlignment, PaddingSize, BlockSize. None here.
      .string("", 0)
      .u64(0)
      .u32(0)
      .u32(0)
      .u32(0)
      .bytes()
  );
}

/** Version 11 has microseconds and two unused numbers, versions 9 and 10 have two Julian dates of two numbers each. */
function readDates(reader: LabelReader, version: number): [number, number] {
  if (version < 11) return [reader.julian(), reader.julian()];
  const dates: [number, number] = [reader.microseconds(), reader.microseconds()];
  reader.f64();
  reader.f64();
  return dates;
}

function foreign(id: string): OperatorError {
  return new OperatorError("LABEL_FOREIGN", `the label is of another kind: "${id.trim().slice(0, 80)}"`, {
    hint: "Volumes of Bareos and Bacula's aligned, cloud and dedup Volumes are not read",
  });
}
