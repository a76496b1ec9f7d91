import { closeSync, openSync, writeSync } from "node:fs";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { must } from "#lib/base/assert.ts";
import { BATCH_BYTES_MAX, BatchBuilder, RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import type { BatchCursor } from "#lib/wire/record.ts";

/** An attribute batch is closed when it has grown to this. */
const ATTRIBUTES_BYTES = 256 * 1024;

/**
 * Copies a session's attribute and digest records aside: into a spool file, or into batches that are let go when the block that holds
 * their data is on the medium. Blocks are named by their sequence within the session.
 */
export class AttributeCollector {
  readonly #builder = new BatchBuilder({ capacityBytes: ATTRIBUTES_BYTES + 64 * 1024 });
  readonly #held: { readonly batch: Uint8Array<ArrayBuffer>; readonly sequence: number }[] = [];
  #spool: number | undefined;
  #problem: OperatorError | undefined;

  /** With a path the records go to that file; JOB_SPOOL_FAILED if it cannot be made. */
  constructor(spoolPath: string | undefined) {
    if (spoolPath === undefined) return;
    try {
      this.#spool = openSync(spoolPath, "w", 0o600);
    } catch (cause) {
      throw new OperatorError("JOB_SPOOL_FAILED", `the attribute spool file ${spoolPath} cannot be made`, { cause });
    }
  }

  /** Whether enough has come together to close a batch. */
  get isRipe(): boolean {
    return this.#builder.length >= ATTRIBUTES_BYTES;
  }

  /** What kept attributes from being spooled: the job cannot end well. */
  get problem(): OperatorError | undefined {
    return this.#problem;
  }

  /** Takes the record at the cursor, which lies in blocks up to `sequence`. BATCH_INVALID; JOB_SPOOL_FAILED if the spool has failed. */
  add(cursor: BatchCursor, sequence: number): void {
    if (this.#problem !== undefined) throw this.#problem;
    const { fileIndex, stream, dataSize } = cursor;
    if (dataSize + RECORD_HEADER_BYTES > BATCH_BYTES_MAX) {
      throw new OperatorError(
        "BATCH_INVALID",
        `the attributes of FileIndex ${fileIndex} are ${dataSize} bytes long; ${BATCH_BYTES_MAX} is the most`,
      );
    }
    if (!this.#builder.fits(dataSize)) this.close(sequence);
    this.#builder.append(fileIndex, stream, cursor.data);
  }

  /** Ends the batch at hand; its data lies in blocks up to `sequence`. Never throws: other jobs must not hear of a spool that fails. */
  close(sequence: number): void {
    if (this.#builder.length === 0) return;
    const batch = this.#builder.take();
    if (this.#spool === undefined) this.#held.push({ batch, sequence });
    else this.#problem ??= writeSpool(this.#spool, batch);
  }

  /** The batches whose blocks up to `written` are on the medium. */
  release(written: number): Uint8Array<ArrayBuffer>[] {
    const released: Uint8Array<ArrayBuffer>[] = [];
    while (this.#held[0] !== undefined && this.#held[0].sequence <= written)
      released.push(must(this.#held.shift(), "a held batch").batch);
    return released;
  }

  /** No more will come: the spool file is closed (and stays). Never throws. */
  end(): void {
    const spool = this.#spool;
    this.#spool = undefined;
    try {
      if (spool !== undefined) closeSync(spool);
    } catch (cause) {
      this.#problem ??= new OperatorError("JOB_SPOOL_FAILED", "the attribute spool file cannot be closed", { cause });
    }
  }
}

/** A spool file is a run of [length u32][batch]; job/attribute-spool.ts reads it. Answers what went wrong. */
function writeSpool(fd: number, batch: Uint8Array): OperatorError | undefined {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(batch.byteLength);
  try {
    for (const bytes of [length, batch]) for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at);
    return undefined;
  } catch (cause) {
    return new OperatorError("JOB_SPOOL_FAILED", "the attribute spool file cannot be written", { cause });
  }
}
