import { STREAM_TYPE_MASK } from "#lib/streams/stream-type.ts";

/** Bacula's short names of streams, as `bls -k -v` prints them, and ours where Bacula has a number only. */
const names: ReadonlyMap<number, string> = new Map([
  [1, "UATTR"],
  [2, "DATA"],
  [3, "MD5"],
  [4, "GZIP"],
  [5, "UNIX-ATTR-EX"],
  [6, "SPARSE-DATA"],
  [7, "SPARSE-GZIP"],
  [8, "PROG-NAMES"],
  [9, "PROG-DATA"],
  [10, "SHA1"],
  [11, "WIN32-DATA"],
  [12, "WIN32-GZIP"],
  [13, "MACOS-RSRC"],
  [14, "HFSPLUS-ATTR"],
  [15, "OLD-ACCESS-ACL"],
  [16, "OLD-DEFAULT-ACL"],
  [17, "SHA256"],
  [18, "SHA512"],
  [19, "SIGNED-DIGEST"],
  [20, "ENCRYPTED-FILE"],
  [21, "ENCRYPTED-WIN32-DATA"],
  [22, "ENCRYPTED-SESSION-DATA"],
  [23, "ENCRYPTED-GZIP"],
  [24, "ENCRYPTED-WIN32-GZIP"],
  [25, "ENCRYPTED-MACOS-RSRC"],
  [26, "PLUGIN-NAME"],
  [27, "PLUGIN-DATA"],
  [28, "RESTORE-OBJECT"],
  [29, "COMPRESSED"],
  [30, "SPARSE-COMPRESSED"],
  [31, "WIN32-COMPRESSED"],
  [32, "ENCRYPTED-COMPRESSED"],
  [33, "ENCRYPTED-WIN32-COMPRESSED"],
  [34, "PLUGIN-OBJECT"],
  [35, "PLUGIN-META-BLOB"],
  [36, "PLUGIN-META-CATALOG"],
  [37, "ATTR-UPDATE"],
  [200, "ADATA-BLOCK-HEADER"],
  [201, "ADATA-RECORD-HEADER"],
  [1007, "LINUX-DEFAULT-ACL"],
  [1008, "LINUX-ACCESS-ACL"],
  [1600, "CHUNK-LIST"],
  [1601, "CHUNK-DATA"],
  [1998, "LINUX-XATTR"],
]);

/** What a stream (option bits included) is called; of numbers without a name what is known of their range, else the number. */
export function streamName(stream: number): string {
  const number = stream & STREAM_TYPE_MASK;
  const name = names.get(number);
  if (name !== undefined) return name;
  if (number >= 1000 && number <= 1099) return `ACL-${number}`;
  if (number >= 1900 && number <= 1999) return `XATTR-${number}`;
  return String(number);
}

/** The FileIndex of a label record by name (`VOL_LABEL`), that of a file as number. */
export function fileIndexName(fileIndex: number): string {
  if (fileIndex >= 0) return String(fileIndex);
  return labelNames[-fileIndex] ?? String(fileIndex);
}

const labelNames = [
  "",
  "PRE_LABEL",
  "VOL_LABEL",
  "EOM_LABEL",
  "SOS_LABEL",
  "EOS_LABEL",
  "EOT_LABEL",
  "SOB_LABEL",
  "EOB_LABEL",
] as const;
