import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { AppendReply, AppendRequest, SessionId } from "#proto/data.ts";

/** A question to the storage daemon that has no answer yet. */
interface Question {
  readonly step: NonNullable<AppendRequest["step"]>;
  readonly bytes: number;
  /** Throws OperatorError STORAGE_REFUSED for an answer that is none to this question. */
  readonly take: (reply: AppendReply) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Questions to a storage daemon about its store, answered in order. What has no answer when a connection ends is asked again on the
 * next.
 */
export class StoreQuestions {
  readonly #open: Question[] = [];
  /** How many of them were asked on the connection at hand. */
  #asked = 0;
  #failure: { readonly error: unknown } | undefined;

  /** Which of these chunks are there: a bit each. */
  ask(ids: Uint8Array): Promise<Uint8Array> {
    const bytes = Math.ceil(ids.byteLength / CHUNK_ID_BYTES / 8);
    return this.#add(
      { $case: "ask", value: Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength) },
      ids.byteLength,
      (reply) => {
        if (reply.known.byteLength === bytes) return reply.known;
        throw wrongAnswer();
      },
    );
  }

  /** Which of these sessions are kept until the job has ended. */
  hold(sessions: readonly SessionId[]): Promise<readonly boolean[]> {
    return this.#add({ $case: "hold", value: { sessions: [...sessions] } }, 0, ({ held }) => {
      if (held !== undefined && held.held.length === sessions.length) return held.held;
      throw wrongAnswer();
    });
  }

  #add<T>(step: Question["step"], bytes: number, answerOf: (reply: AppendReply) => T): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#open.push({ step, bytes, take: (reply) => resolve(answerOf(reply)), fail: reject });
    return promise;
  }

  /** A new connection: nothing was asked on it. */
  begin(): void {
    this.#asked = 0;
  }

  /** The next question that was not asked on this connection; undefined: there is none. It counts as asked. */
  next(): Pick<Question, "step" | "bytes"> | undefined {
    const question = this.#open[this.#asked];
    if (question !== undefined) this.#asked++;
    return question;
  }

  /** Takes the answer in a reply, if there is one. Throws OperatorError STORAGE_REFUSED for one that was not asked for. */
  takeReply(reply: AppendReply): void {
    if (reply.known.byteLength === 0 && reply.held === undefined) return;
    const question = this.#asked > 0 ? this.#open[0] : undefined;
    if (question === undefined) throw wrongAnswer();
    question.take(reply);
    this.#open.shift();
    this.#asked--;
  }

  /** No answers will come any more. */
  fail(error: unknown): void {
    this.#failure = { error };
    for (const question of this.#open.splice(0)) question.fail(error);
  }
}

function wrongAnswer(): OperatorError {
  return new OperatorError("STORAGE_REFUSED", "the storage daemon answers a question about its store that was not asked so");
}
