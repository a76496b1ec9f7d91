import type { FileOptions } from "#proto/fileset.ts";
import { compressionOfOption } from "#lib/codec/compression.ts";
import type { Compression } from "#lib/codec/compression.ts";
import { digestOfOption } from "#lib/streams/digest.ts";
import type { DigestName } from "#lib/streams/digest.ts";

/** How a file is read and encoded; made once a job from each set of FileSet options. */
export interface SaveOptions {
  readonly digest: DigestName | undefined;
  readonly compression: Compression;
  readonly isSparse: boolean;
  readonly withAcl: boolean;
  readonly withXattr: boolean;
  readonly keepAtime: boolean;
  readonly checkChanges: boolean;
  readonly readFifo: boolean;
  readonly stripPath: number;
  /** File data stays out of a store of chunks. */
  readonly noDedup: boolean;
}

/** Makes the FileSet's options ready for the encoder. A compression that we cannot write, or that the storage refuses, is none. */
export function saveOptions(options: FileOptions, allowCompression: boolean): SaveOptions {
  return {
    digest: digestOfOption(options.signature),
    compression: (allowCompression ? compressionOfOption(options.compression) : undefined) ?? { kind: "none" },
    isSparse: options.sparse,
    withAcl: options.aclSupport,
    withXattr: options.xattrSupport,
    keepAtime: options.keepAtime,
    checkChanges: options.checkFileChanges,
    readFifo: options.readFifo,
    stripPath: options.stripPath,
    noDedup: options.noDedup,
  };
}

/** Compressions asked for that this program cannot write, for one warning a job. */
export function unknownCompressions(table: readonly FileOptions[]): string[] {
  return [
    ...new Set(
      table.map((options) => options.compression).filter((compression) => compressionOfOption(compression) === undefined),
    ),
  ];
}
