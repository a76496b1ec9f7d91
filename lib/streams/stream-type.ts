/** Stream numbers of records on Volumes (docs/formats/streams.md). They are Bacula's; never renumbered, only added to. */
export const streamType = {
  attributes: 1,
  fileData: 2,
  md5: 3,
  gzipData: 4,
  attributesEx: 5,
  sparseData: 6,
  sparseGzipData: 7,
  programNames: 8,
  programData: 9,
  sha1: 10,
  win32Data: 11,
  win32GzipData: 12,
  macForkData: 13,
  hfsPlusAttributes: 14,
  oldAccessAcl: 15,
  oldDefaultAcl: 16,
  sha256: 17,
  sha512: 18,
  signedDigest: 19,
  encryptedFileData: 20,
  encryptedWin32Data: 21,
  encryptedSession: 22,
  encryptedGzipData: 23,
  encryptedWin32GzipData: 24,
  encryptedMacForkData: 25,
  pluginName: 26,
  pluginData: 27,
  restoreObject: 28,
  compressedData: 29,
  sparseCompressedData: 30,
  win32CompressedData: 31,
  encryptedCompressedData: 32,
  encryptedWin32CompressedData: 33,
  attributeUpdate: 37,
  linuxDefaultAcl: 1007,
  linuxAccessAcl: 1008,
  linuxXattr: 1998,
  /** Ours: the identities of a file's chunks (lib/chunk/chunk-list.ts). */
  chunkList: 1600,
  /** Ours: one chunk with its place in the file; only on its way from a storage daemon, never on a Volume. */
  chunkData: 1601,
} as const;

/** The low bits of a record's Stream field that hold the number; the others are options. */
export const STREAM_TYPE_MASK = 0x7ff;
/** Option bit: the data begins with the u64 address in the file. */
export const STREAM_BIT_OFFSETS = 1 << 26;

/** Where a file's type stands in an attribute record; Bacula's FT numbers. */
export const fileType = {
  hardLink: 1,
  emptyRegular: 2,
  regular: 3,
  symlink: 4,
  directory: 5,
  special: 6,
  noAccess: 7,
  noFollow: 8,
  noStat: 9,
  noChange: 10,
  directoryNoChange: 11,
  noRecurse: 13,
  otherFileSystem: 14,
  noOpen: 15,
  raw: 16,
  fifo: 17,
  directoryBegin: 18,
  invalidFileSystem: 19,
  reparsePoint: 21,
  deleted: 23,
  base: 24,
  restoreFirst: 25,
  junction: 26,
} as const;

/** File data: whether each piece has an address in front, how it is compressed, and whether it was encrypted after all that. */
export interface DataKind {
  readonly kind: "data";
  readonly sparse: boolean;
  readonly coding: "raw" | "zlib" | "headed";
  readonly encrypted?: boolean;
}

/** What a reader has to do with a record, by the number of its stream. */
export type StreamKind =
  | { readonly kind: "attributes" }
  | DataKind
  /** `isList`: names chunks that lie elsewhere; otherwise the record is a chunk with its address. */
  | { readonly kind: "chunks"; readonly isList: boolean }
  | { readonly kind: "digest" }
  | { readonly kind: "acl"; readonly scope: "access" | "default" }
  | { readonly kind: "xattr" }
  /** How the encrypted data that follows was encrypted. */
  | { readonly kind: "cryptoSession" }
  | { readonly kind: "signature" }
  | { readonly kind: "foreign"; readonly name: string };

const kinds = new Map<number, StreamKind>([
  [streamType.attributes, { kind: "attributes" }],
  [streamType.attributesEx, { kind: "attributes" }],
  [streamType.attributeUpdate, { kind: "attributes" }],
  [streamType.fileData, { kind: "data", sparse: false, coding: "raw" }],
  [streamType.gzipData, { kind: "data", sparse: false, coding: "zlib" }],
  [streamType.sparseData, { kind: "data", sparse: true, coding: "raw" }],
  [streamType.sparseGzipData, { kind: "data", sparse: true, coding: "zlib" }],
  [streamType.compressedData, { kind: "data", sparse: false, coding: "headed" }],
  [streamType.sparseCompressedData, { kind: "data", sparse: true, coding: "headed" }],
  [streamType.chunkList, { kind: "chunks", isList: true }],
  [streamType.chunkData, { kind: "chunks", isList: false }],
  [streamType.md5, { kind: "digest" }],
  [streamType.sha1, { kind: "digest" }],
  [streamType.sha256, { kind: "digest" }],
  [streamType.sha512, { kind: "digest" }],
  [streamType.linuxAccessAcl, { kind: "acl", scope: "access" }],
  [streamType.linuxDefaultAcl, { kind: "acl", scope: "default" }],
  [streamType.linuxXattr, { kind: "xattr" }],
  [streamType.encryptedSession, { kind: "cryptoSession" }],
  [streamType.encryptedFileData, { kind: "data", sparse: false, coding: "raw", encrypted: true }],
  [streamType.encryptedGzipData, { kind: "data", sparse: false, coding: "zlib", encrypted: true }],
  [streamType.encryptedCompressedData, { kind: "data", sparse: false, coding: "headed", encrypted: true }],
  [streamType.signedDigest, { kind: "signature" }],
  [streamType.encryptedMacForkData, { kind: "foreign", name: "macOS resource fork, encrypted" }],
  [streamType.encryptedWin32Data, { kind: "foreign", name: "Windows BackupRead data, encrypted" }],
  [streamType.encryptedWin32GzipData, { kind: "foreign", name: "Windows BackupRead data, compressed and encrypted" }],
  [streamType.encryptedWin32CompressedData, { kind: "foreign", name: "Windows BackupRead data, compressed and encrypted" }],
  [streamType.macForkData, { kind: "foreign", name: "macOS resource fork" }],
  [streamType.hfsPlusAttributes, { kind: "foreign", name: "macOS Finder information" }],
  [streamType.win32Data, { kind: "foreign", name: "Windows BackupRead data" }],
  [streamType.win32GzipData, { kind: "foreign", name: "Windows BackupRead data, compressed" }],
  [streamType.win32CompressedData, { kind: "foreign", name: "Windows BackupRead data, compressed" }],
  [streamType.restoreObject, { kind: "foreign", name: "plugin restore object" }],
  [streamType.pluginName, { kind: "foreign", name: "plugin name" }],
  [streamType.pluginData, { kind: "foreign", name: "plugin data" }],
]);

/** What a record of this stream (option bits included) is to a reader on Linux. Never fails: what is unknown is foreign. */
export function streamKind(stream: number): StreamKind {
  const number = stream & STREAM_TYPE_MASK;
  const kind = kinds.get(number) ?? { kind: "foreign", name: foreignName(number) };
  return kind.kind === "data" && (stream & STREAM_BIT_OFFSETS) !== 0 ? { ...kind, sparse: true } : kind;
}

function foreignName(number: number): string {
  if (number >= 1000 && number <= 1099) return `ACL of another system (stream ${number})`;
  if (number >= 1900 && number <= 1999) return `extended attributes of another system (stream ${number})`;
  return `stream ${number}`;
}
