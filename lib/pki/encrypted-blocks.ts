import { createDecipheriv } from "node:crypto";
import type { Decipheriv } from "node:crypto";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { DataKey } from "./crypto-session.ts";

const LENGTH_BYTES = 4;
/** Most bytes of one block: Bacula's file daemon reads at most 1,000,000 bytes at once, and compression may add a little. */
const BLOCK_BYTES_MAX = 2 * 1024 * 1024;

/**
 * Decrypts the data of one file. All its records are one cipher text with padding at its end; the plain text is blocks, each with its
 * length in front, whose borders have nothing to do with those of the records. Throws OperatorError DATA_INVALID.
 */
export class EncryptedBlocks {
  readonly #decipher: Decipheriv;
  #pieces: Buffer[] = [];
  /** Bytes in the pieces. */
  #have = 0;
  /** Length of the block that is being gathered; undefined: its length is not known yet. */
  #wanted: number | undefined;
  #hasEnded = false;

  constructor({ cipher, key, iv }: DataKey) {
    this.#decipher = createDecipheriv(cipher.name, key, iv);
  }

  /** The blocks that are complete with this record. They are memory of their own. */
  add(record: Uint8Array): Uint8Array[] {
    if (this.#hasEnded) throw invalid("encrypted data comes after its end");
    return this.#gather(this.#decipher.update(record));
  }

  /** The last blocks. */
  end(): Uint8Array[] {
    if (this.#hasEnded) return [];
    this.#hasEnded = true;
    let last: Buffer;
    try {
      last = this.#decipher.final();
    } catch (cause) {
      throw new OperatorError(
        "DATA_INVALID",
        "the encrypted data is cut off or damaged, or the key does not fit: its padding is wrong",
        {
          cause,
        },
      );
    }
    const blocks = this.#gather(last);
    if (this.#have > 0 || this.#wanted !== undefined) throw invalid("the encrypted data ends in the middle of a block");
    return blocks;
  }

  #gather(plain: Buffer): Uint8Array[] {
    if (plain.length > 0) this.#pieces.push(plain);
    this.#have += plain.length;
    const blocks: Uint8Array[] = [];
    for (;;) {
      if (this.#wanted === undefined) {
        if (this.#have < LENGTH_BYTES) return blocks;
        this.#wanted = this.#take(LENGTH_BYTES).readUInt32BE(0);
        if (this.#wanted > BLOCK_BYTES_MAX)
          throw invalid(
            `a block of the encrypted data says that it has ${this.#wanted} bytes: it is damaged, or the key does not fit`,
          );
      }
      if (this.#have < this.#wanted) return blocks;
      if (this.#wanted > 0) blocks.push(this.#take(this.#wanted));
      this.#wanted = undefined;
    }
  }

  /** So many bytes, which must be there. */
  #take(bytes: number): Buffer {
    if (this.#pieces[0]!.length < bytes) this.#pieces = [Buffer.concat(this.#pieces)];
    const first = this.#pieces[0]!;
    const taken = first.subarray(0, bytes);
    if (bytes === first.length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(bytes);
    this.#have -= bytes;
    return taken;
  }
}

function invalid(text: string): OperatorError {
  return new OperatorError("DATA_INVALID", text);
}
