import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { toTransfer } from "#lib/base/shared-buffer.ts";
import { endThread } from "#lib/platform/end-thread.ts";
import { buffersOf } from "#filed/walk/entry.ts";
import type { EntryList } from "#filed/walk/entry.ts";
import { BATCH_BUFFER_BYTES } from "./record-writer.ts";
import type { SaveOptions } from "./save-options.ts";
import type { ThreadControl } from "./thread-control.ts";
import { ENCODER_LISTS_MAX } from "./thread-messages.ts";
import type { EncoderStart, EncoderStore, FromEncoder, ToEncoder } from "./thread-messages.ts";

/** V8 heap bounds of an encoder, MiB: it holds little besides buffers. */
const HEAP_MIB = 64;
const YOUNG_MIB = 8;

interface Encoder {
  readonly worker: Worker;
  readonly buffers: MessagePort;
  readonly answers: MessagePort | undefined;
  /** Lists that it has. */
  busy: number;
}

export interface EncoderPoolOptions {
  readonly threads: number;
  /** Encoder 0 is producer 1 in it. */
  readonly control: ThreadControl;
  readonly options: readonly SaveOptions[];
  /** Set if file data goes into a store of chunks. */
  readonly store: Omit<EncoderStore, "answers"> | undefined;
  readonly onMessage: (encoder: number, message: FromEncoder) => void;
  readonly onError: (error: unknown) => void;
}

/** The encoder threads of a backup. */
export class EncoderPool {
  readonly #options: EncoderPoolOptions;
  readonly #encoders: Encoder[] = [];
  readonly #listsMax: number;

  constructor(options: EncoderPoolOptions) {
    this.#options = options;
    this.#listsMax = options.store === undefined ? ENCODER_LISTS_MAX.plain : ENCODER_LISTS_MAX.chunked;
    for (let number = 0; number < options.threads; number++) this.#encoders.push(this.#start(number));
  }

  #start(number: number): Encoder {
    const { control, options, store, onMessage, onError } = this.#options;
    const { port1: buffers, port2: theirBuffers } = new MessageChannel();
    const answers = store === undefined ? undefined : new MessageChannel();
    const start: EncoderStart = {
      control: control.shared,
      producer: 1 + number,
      options,
      buffers: theirBuffers,
      store: store === undefined || answers === undefined ? undefined : { ...store, answers: answers.port2 },
    };
    const worker = new Worker(new URL("./encoder-thread.ts", import.meta.url), {
      workerData: start,
      transferList: answers === undefined ? [theirBuffers] : [theirBuffers, answers.port2],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    worker.on("error", onError);
    worker.on("message", (message: FromEncoder) => onMessage(number, message));
    return { worker, buffers, answers: answers?.port1, busy: 0 };
  }

  /** Gives a list to the encoder that has least to do; false if all have enough. */
  give(list: EntryList, ordinal: number, isLastTry: boolean): boolean {
    const number = this.#encoders.reduce((least, { busy }, other) => (busy < this.#encoders[least]!.busy ? other : least), 0);
    const encoder = this.#encoders[number]!;
    if (encoder.busy >= this.#listsMax) return false;
    encoder.busy++;
    encoder.worker.postMessage({ ordinal, list, isLastTry } satisfies ToEncoder, buffersOf(list));
    this.#options.control.sentMail(1 + number);
    return true;
  }

  /** The encoder is done with a list. */
  done(encoder: number): void {
    this.#encoders[encoder]!.busy--;
  }

  /** Answers the encoder's oldest question. */
  answer(encoder: number, known: Uint8Array): void {
    this.#encoders[encoder]!.answers?.postMessage(known);
    this.#options.control.sentMail(1 + encoder);
  }

  /** Gives a buffer back to the encoder that made it. */
  giveBack(encoder: number, buffer: ArrayBuffer): void {
    // A run of one large chunk has a buffer of its own.
    if (buffer.byteLength === BATCH_BUFFER_BYTES) this.#encoders[encoder]!.buffers.postMessage(buffer, toTransfer([buffer]));
  }

  /** So many bytes of the encoder's batches and chunks are dealt with. */
  consumed(encoder: number, bytes: number): void {
    this.#options.control.consumed(1 + encoder, bytes);
  }

  /** Ends the threads; the job's ThreadControl is canceled. */
  async end(): Promise<void> {
    for (const { buffers, answers } of this.#encoders) {
      buffers.close();
      answers?.close();
    }
    await Promise.all(this.#encoders.map(({ worker }) => endThread(worker)));
  }
}
