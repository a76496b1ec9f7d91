import { createHash, hash } from "node:crypto";
import type { Hash } from "node:crypto";
import { digestStream } from "#lib/streams/digest.ts";
import type { DigestName } from "#lib/streams/digest.ts";
import type { RecordWriter } from "./record-writer.ts";

/** Takes the digest of a file's data that the options ask for; whole at once where the file is one piece. */
export class FileDigest {
  readonly #name: DigestName | undefined;
  #hash: Hash | undefined;
  #whole: Uint8Array | undefined;

  constructor(name: DigestName | undefined) {
    this.#name = name;
  }

  add(piece: Uint8Array, isWhole: boolean): void {
    if (this.#name === undefined) return;
    if (isWhole) this.#whole = hash(this.#name, piece, "buffer");
    else (this.#hash ??= createHash(this.#name)).update(piece);
  }

  /** The same as `add` of the whole file, whose SHA-256 is known already. */
  addWhole(piece: Uint8Array, sha256: Uint8Array): void {
    if (this.#name === "sha256") this.#whole = sha256;
    else this.add(piece, true);
  }

  /** Writes the digest record, if one is asked for. */
  end(writer: RecordWriter, fileIndex: number): void {
    if (this.#name === undefined) return;
    const value = this.#whole ?? this.#hash?.digest() ?? hash(this.#name, new Uint8Array(0), "buffer");
    writer.append(fileIndex, digestStream(this.#name), value);
  }
}
