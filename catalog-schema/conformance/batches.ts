import { encodeName } from "#lib/base/byte-name.ts";

/** A file as a test describes it; what is left out has a plain default. */
export interface TestFile {
  readonly fileIndex: number;
  /** Whole name; a directory ends in "/". */
  readonly name: string;
  /** Attribute type: 3 regular, 5 directory, 23 deleted. */
  readonly type?: number;
  readonly lstat?: string;
  readonly linkName?: string;
  readonly deltaSeq?: number;
  /** Digest bytes: 16 MD5, 20 SHA-1, 32 SHA-256, 64 SHA-512. */
  readonly digest?: Uint8Array;
}

/** A stat in Bacula's base64 that says: regular file, 0644, root. */
export const PLAIN_LSTAT = "P4A IUKk IGk B A A A BAA BAA I BrAUbb BrAUbb BrAUbb A A C";

const digestStreams: Readonly<Record<number, number>> = { 16: 3, 20: 10, 32: 17, 64: 18 };

/** A batch of attribute and digest records as a storage daemon sends it. */
export function attributeBatch(files: readonly TestFile[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      files.flatMap((file) => [
        attributeRecord(file),
        ...(file.digest === undefined ? [] : [digestRecord(file.fileIndex, file.digest)]),
      ]),
    ),
  );
}

/** The attribute record of one file. */
export function attributeRecord(file: TestFile): Buffer {
  const type = file.type ?? (file.name.endsWith("/") ? 5 : 3);
  const parts = [
    Buffer.from(`${file.fileIndex} ${type} `),
    encodeName(file.name),
    Buffer.from(`\0${file.lstat ?? PLAIN_LSTAT}\0`),
    encodeName(file.linkName ?? ""),
    Buffer.from(`\0\0${file.deltaSeq ?? 0}\0`),
  ];
  return record(file.fileIndex, 1, Buffer.concat(parts));
}

/** The digest record of one file. */
export function digestRecord(fileIndex: number, digest: Uint8Array): Buffer {
  return record(fileIndex, digestStreams[digest.length] ?? 3, digest);
}

/** Any record. */
export function record(fileIndex: number, stream: number, data: Uint8Array): Buffer {
  const header = Buffer.alloc(12);
  header.writeInt32BE(fileIndex, 0);
  header.writeInt32BE(stream, 4);
  header.writeUInt32BE(data.length, 8);
  return Buffer.concat([header, data]);
}
