import { OperatorError } from "#lib/errors/operator-error.ts";
import { decodeCryptoSession, openCryptoSession } from "#lib/pki/crypto-session.ts";
import type { DataKey } from "#lib/pki/crypto-session.ts";
import { EncryptedBlocks } from "#lib/pki/encrypted-blocks.ts";
import type { KeyRing } from "#lib/pki/key-ring.ts";
import type { DataKind } from "#lib/streams/stream-type.ts";

/** Decrypts the data of one file after the other. The files of a job share a session key: what opened one is kept for the next. */
export class Decryption {
  readonly #keys: KeyRing | undefined;
  #session: Buffer | undefined;
  #ofJob = "";
  #opened: { readonly session: Buffer; readonly key: DataKey } | undefined;
  #data: { readonly blocks: EncryptedBlocks; readonly kind: DataKind } | undefined;

  constructor(keys: KeyRing | undefined) {
    this.#keys = keys;
  }

  /** Another file begins. */
  begin(): void {
    this.#session = undefined;
    this.#data = undefined;
  }

  /** The crypto session of the file at hand, which is copied; `jobId` of the saved job, 0: not known. It is read when data comes. */
  session(record: Uint8Array, jobId: number): void {
    if (this.#session !== undefined) throw new OperatorError("DATA_INVALID", "it has two crypto sessions");
    this.#session = Buffer.from(record);
    this.#ofJob = jobId > 0 ? ` (saved by JobId ${jobId})` : "";
  }

  /** The blocks that are complete with this record. Throws OperatorError DATA_ENCRYPTED, DATA_INVALID, PKI_DATA_INVALID, PKI_UNSUPPORTED. */
  blocks(record: Uint8Array, kind: DataKind): Uint8Array[] {
    this.#data ??= { blocks: new EncryptedBlocks(this.#key()), kind };
    return this.#data.blocks.add(record);
  }

  /** The last blocks of the file, and what kind of data they are. Throws as `blocks` does. */
  end(): { readonly kind: DataKind; readonly blocks: readonly Uint8Array[] } | undefined {
    return this.#data === undefined ? undefined : { kind: this.#data.kind, blocks: this.#data.blocks.end() };
  }

  #key(): DataKey {
    const session = this.#session;
    if (session === undefined)
      throw new OperatorError("DATA_INVALID", "its data is encrypted, but no crypto session comes before it");
    if (this.#opened?.session.equals(session) !== true)
      this.#opened = { session, key: openCryptoSession(decodeCryptoSession(session), this.#keys, this.#ofJob) };
    return this.#opened.key;
  }
}
