import { OperatorError } from "#lib/errors/operator-error.ts";
import { AppendReply } from "#proto/data.ts";
import type { AppendIntake } from "./append-intake.ts";
import type { AppendRequest } from "#proto/data.ts";
import type { JobChunks } from "../store/job-chunks.ts";

/** Questions of one stream that may be unanswered. A client that asks on without listening is not read any more. */
const QUESTIONS_MAX = 64;

/** One stream of a file daemon that saves: takes what comes, tells what is done, answers what is asked, in order. */
export class AppendStream {
  readonly #intake: AppendIntake;
  readonly #requests: AsyncIterator<AppendRequest>;
  readonly #signal: AbortSignal;
  /** Answers in the order of their questions; undefined until they are known. */
  readonly #answers: { reply: Partial<AppendReply> | undefined }[] = [];
  #failure: Error | undefined;

  constructor(intake: AppendIntake, requests: AsyncIterator<AppendRequest>, signal: AbortSignal) {
    this.#intake = intake;
    this.#requests = requests;
    this.#signal = signal;
  }

  /** The replies. Throws what is wrong with the stream; that a job has failed is told in the last reply. */
  async *replies(): AsyncGenerator<AppendReply> {
    const { changes, ledger } = this.#intake;
    await changes.until(() => this.#intake.outcome.kind !== "waiting", this.#signal);
    let told = ledger.acknowledged;
    yield AppendReply.fromPartial({ batches: told, store: this.#intake.chunks?.offer });
    this.#take(told).catch((error: unknown) => this.#fail(error));
    for (;;) {
      const { outcome } = this.#intake;
      const batches = ledger.acknowledged;
      if (outcome.kind === "failed") return yield AppendReply.fromPartial({ batches, failed: outcome.reason });
      if (outcome.kind === "ended") return yield AppendReply.fromPartial({ batches, ended: true });
      if (this.#failure !== undefined) throw this.#failure;
      const answer = this.#answers[0];
      if (answer?.reply !== undefined) {
        this.#answers.shift();
        changes.notify();
        told = batches;
        yield AppendReply.fromPartial({ ...answer.reply, batches });
      } else if (batches > told) {
        told = batches;
        yield AppendReply.fromPartial({ batches });
      } else await changes.wait(this.#signal);
    }
  }

  /** Takes what comes until the stream's end; what came before, by another stream, is passed over. */
  async #take(from: number): Promise<void> {
    let number = from;
    for (;;) {
      const { value, done } = await this.#requests.next();
      if (done === true) throw new OperatorError("RPC_CONNECTION_LOST", "the file daemon's stream ended before its job did");
      this.#signal.throwIfAborted();
      const step = (value as AppendRequest).step;
      switch (step?.$case) {
        case "records":
          number += 1;
          await this.#intake.records(number, step.value, this.#signal);
          break;
        case "chunks":
          number += 1;
          await this.#intake.newChunks(number, step.value, this.#signal);
          break;
        case "ask":
          await this.#answer(async (chunks) => ({ known: Buffer.from(await chunks.known(step.value)) }));
          break;
        case "hold":
          await this.#answer(async (chunks) => {
            const sessions = step.value.sessions.map((one) => ({ id: one.volSessionId, time: one.volSessionTime }));
            return { held: { held: await chunks.hold(sessions) } };
          });
          break;
        case "end":
          return this.#intake.end(step.value);
        default:
          throw new OperatorError("BATCH_INVALID", "a batch, chunks, a question or an end was expected");
      }
    }
  }

  /** Begins to answer a question; the answer is sent when those before it are. Waits while too many are open. */
  async #answer(find: (chunks: JobChunks) => Promise<Partial<AppendReply>>): Promise<void> {
    const { changes, chunks } = this.#intake;
    if (chunks === undefined)
      throw new OperatorError("BATCH_INVALID", "the file daemon asks about chunks, but the device has no store");
    await changes.until(() => this.#answers.length < QUESTIONS_MAX, this.#signal);
    const slot: { reply: Partial<AppendReply> | undefined } = { reply: undefined };
    this.#answers.push(slot);
    const finding = async () => {
      slot.reply = await find(chunks);
      changes.notify();
    };
    finding().catch((error: unknown) => this.#intake.failJob(error as Error));
  }

  #fail(error: unknown): void {
    this.#failure ??= error as Error;
    this.#intake.changes.notify();
  }
}
