import { createHash, hash } from "node:crypto";
import type { FileOptions, FileSet } from "#proto/fileset.ts";

/** LayerDescription.roots of a FileSet: its names decide under which number an entry is found. */
export function rootsHash(fileset: FileSet): string {
  const hasher = createHash("sha256");
  for (const { files } of fileset.includes)
    for (const name of files) {
      hasher.update(`${name.byteLength} `);
      hasher.update(name);
    }
  return hasher.digest("hex");
}

/**
 * LayerDescription.options of a job: what of each set of options decides about the records of an entry. What picks entries (patterns,
 * OneFs and the like) does not: a file that another FileSet leaves out or takes in is none the less the same file.
 */
export function optionsHashes(table: readonly FileOptions[], allowCompression: boolean): string[] {
  return table.map((options) => hash("sha256", JSON.stringify(recordFacts(options, allowCompression)), "hex"));
}

function recordFacts(options: FileOptions, allowCompression: boolean): readonly unknown[] {
  const { signature, sparse, aclSupport, xattrSupport, readFifo, portable, noDedup, compression, stripPath } = options;
  return [
    signature,
    sparse,
    aclSupport,
    xattrSupport,
    readFifo,
    portable,
    noDedup,
    allowCompression ? compression : "",
    stripPath,
  ];
}
