import { Worker } from "node:worker_threads";
import { abortable } from "#lib/base/abort.ts";
import { uncarried } from "#lib/errors/carried-error.ts";
import { endThread } from "#lib/platform/end-thread.ts";
import { policyConfig } from "../retention/policy.ts";
import type { RetentionParts } from "../retention/parts.ts";
import type { Plan, PlanQuestion, PlanReply } from "./plan-protocol.ts";

/**
 * Plans in a thread of its own with its own connection to the catalog; one question at a time. The thread begins with the first question, and what it
 * took of memory goes with it.
 */
export class PlanThread implements AsyncDisposable {
  readonly #retention: RetentionParts;
  #worker: Worker | undefined;
  #waiting: PromiseWithResolvers<Plan> | undefined;
  #death: Error | undefined;

  constructor(retention: RetentionParts) {
    this.#retention = retention;
  }

  /** What goes next on the Volumes of these Storages, at most so many steps, as things are now. */
  async plan(wish: Pick<PlanQuestion, "storages" | "steps">, signal: AbortSignal): Promise<Plan> {
    if (this.#death !== undefined) throw this.#death;
    const worker = (this.#worker ??= this.#start());
    const waiting = (this.#waiting = Promise.withResolvers<Plan>());
    const { config, busy, claims, now } = this.#retention;
    const known = { policies: policyConfig(config()), busy: busy(), held: claims.held(), nowMs: now() };
    worker.postMessage({ ...wish, known } satisfies PlanQuestion);
    return await abortable(waiting.promise, signal);
  }

  /** A thread that is still computing for somebody who has gone is not waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#worker === undefined) return;
    if (this.#waiting === undefined) await endThread(this.#worker);
    else await this.#worker.terminate();
  }

  #start(): Worker {
    const { options } = this.#retention.catalog;
    const worker = new Worker(new URL("./plan-worker.ts", import.meta.url), { name: "pressure", workerData: options });
    worker.on("message", (reply: PlanReply) => this.#settle(reply));
    worker.on("error", (error) => this.#die(error));
    worker.on("exit", () => this.#die(new Error("the thread that plans under pressure has ended")));
    return worker;
  }

  #settle(reply: PlanReply): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if ("plan" in reply) waiting?.resolve(reply.plan);
    else waiting?.reject(uncarried(reply.error));
  }

  #die(cause: unknown): void {
    this.#death ??= new Error("the thread that plans under pressure has ended", { cause });
    this.#waiting?.reject(this.#death);
  }
}
