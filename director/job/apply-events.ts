import { retry } from "#lib/base/retry.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { CatalogEvent } from "#catalog/database/event-application.ts";
import { lastVolIndex } from "#catalog/queries/job-media.ts";
import { findMedia } from "#catalog/queries/media.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { changesOf } from "#director/media/volume-state.ts";
import type { Message } from "#proto/common.ts";
import type { JobEnd, JobEvent, JobMediaRow, JobQuestion, VolumeState } from "#proto/job.ts";
import type { JobContext } from "./job-context.ts";
import { phaseOfLetter } from "./status-letter.ts";

/** Which half of a job speaks; where several storage daemons serve it the further ones are "sd2", "sd3" ... */
export type HalfName = "fd" | "sd" | `sd${number}`;

/** What a question and the end of a half lead to. */
export interface HalfListener {
  /** Answers a question of the storage daemon; resolves when the answer is with it. */
  answer(number: number, question: JobQuestion): Promise<void>;
  /** Records how the half ended, before its log is forgotten there. */
  ended(end: JobEnd): Promise<void>;
}

/** Puts the events of one half into the catalog, each exactly once, and shows what they say of the job. */
export class EventSink {
  readonly #context: JobContext;
  readonly #half: HalfName;
  readonly #listener: HalfListener;
  readonly #mediaIds = new Map<string, number>();
  #volIndex: { readonly volume: string; readonly index: number } | null = null;

  constructor(context: JobContext, half: HalfName, listener: HalfListener) {
    this.#context = context;
    this.#half = half;
    this.#listener = listener;
  }

  /** Resolves when the events are safe: they may then be acknowledged. */
  async onEvents(events: readonly JobEvent[]): Promise<void> {
    let pending: JobEvent[] = [];
    for (const event of events) {
      pending.push(event);
      if (event.event?.$case !== "question" && event.event?.$case !== "end") continue;
      // A question or the end counts as applied only after it has been dealt with: a restarted Director meets it again.
      await this.#apply(pending.slice(0, -1));
      if (event.event.$case === "question") await this.#listener.answer(event.number, event.event.value);
      else await this.#listener.ended(event.event.value);
      pending = [event];
    }
    await this.#apply(pending);
  }

  /** A passing fact: how far the half is. */
  onPassing(event: JobEvent): void {
    const { job } = this.#context;
    if (event.event?.$case !== "progress" || this.#half !== "fd") return;
    job.files = event.event.value.files;
    job.bytes = event.event.value.bytes;
    job.errors = event.event.value.errors;
    job.changed();
  }

  async #apply(events: readonly JobEvent[]): Promise<void> {
    if (events.length === 0) return;
    const { desk, leaving } = this.#context;
    const store = async (): Promise<void> => await this.#store(events);
    await (events.some(({ event }) => event?.$case === "volume") ? desk.revisions.inTurn(store, leaving) : store());
    for (const { event } of events) {
      if (event?.$case === "message") this.#message(event.value);
      else if (event?.$case === "state") this.#state(event.value.letter);
    }
  }

  async #store(events: readonly JobEvent[]): Promise<void> {
    const { desk, job, parts, leaving } = this.#context;
    const catalogEvents: CatalogEvent[] = [];
    for (const event of events) catalogEvents.push(await this.#catalogEvent(event));
    const application = { jobId: job.jobId, daemon: this.#half, events: catalogEvents };
    // A catalog that is away for a while (a database server that is restarted) delays the job, it does not end it: the daemons keep their logs.
    await retry(async () => await desk.catalog.applyEvents(application), {
      clock: parts.clock,
      signal: leaving,
      isRetryable: isCatalogAway,
    });
  }

  #message(message: Message): void {
    const { job, messages } = this.#context;
    const received = messages.received(message);
    if (received.type === "Mount" && this.#half !== "fd") {
      job.mountRequest = received.text;
      job.changed();
    }
    messages.deliver(received);
  }

  async #catalogEvent({ number, event }: JobEvent): Promise<CatalogEvent> {
    switch (event?.$case) {
      case "message":
        return this.#context.messages.catalogEvent(number, event.value);
      case "attributes":
        return { event: number, kind: "attributes", batch: event.value };
      case "jobMedia":
        return await this.#jobMedia(number, event.value);
      case "volume":
        return await this.#volume(number, event.value);
      default:
        return { event: number, kind: "none" };
    }
  }

  async #jobMedia(number: number, row: JobMediaRow): Promise<CatalogEvent> {
    const mediaId = await this.#mediaId(row.volume);
    if (mediaId === null) {
      await this.#context.messages.say(
        "Error",
        `Volume "${row.volume}" is not in the catalog; where the job lies on it cannot be recorded.`,
      );
      return { event: number, kind: "none" };
    }
    const { firstIndex, lastIndex, startFile, endFile, startBlock, endBlock } = row;
    const VolIndex = await this.#volIndexOf(row.volume);
    return {
      event: number,
      kind: "jobMedia",
      rows: [
        {
          MediaId: mediaId,
          FirstIndex: firstIndex,
          LastIndex: lastIndex,
          StartFile: startFile,
          EndFile: endFile,
          StartBlock: startBlock,
          EndBlock: endBlock,
          VolIndex,
        },
      ],
    };
  }

  /** Number of the Volume within the job: one more whenever the job goes on to another one. */
  async #volIndexOf(volume: string): Promise<number> {
    const { desk, job } = this.#context;
    if (this.#volIndex === null) this.#volIndex = { volume: "", index: await lastVolIndex(desk.catalog, job.jobId) };
    if (this.#volIndex.volume !== volume) this.#volIndex = { volume, index: this.#volIndex.index + 1 };
    return this.#volIndex.index;
  }

  async #volume(number: number, state: VolumeState): Promise<CatalogEvent> {
    const row = await this.#media(state.volume);
    if (row === null || !this.#context.desk.revisions.accept(state, row)) return { event: number, kind: "none" };
    return { event: number, kind: "media", mediaId: row.MediaId, changes: changesOf(state, row) };
  }

  async #mediaId(volume: string): Promise<number | null> {
    const known = this.#mediaIds.get(volume);
    if (known !== undefined) return known;
    const row = await this.#media(volume);
    if (row !== null) this.#mediaIds.set(volume, row.MediaId);
    return row?.MediaId ?? null;
  }

  async #media(volume: string): Promise<MediaRow | null> {
    return await findMedia(this.#context.desk.catalog, volume);
  }

  /** The storage daemon's waits are the job's; the client's letters matter only while nothing else is said. */
  #state(letter: string): void {
    const { job } = this.#context;
    const phase = phaseOfLetter(letter);
    if (phase === null) return;
    if (
      this.#half === "fd" &&
      job.state.kind === "running" &&
      !["starting", "waitingClient", "transferring"].includes(job.state.phase)
    )
      return;
    if (phase !== "needsMount" && phase !== "needsMedia") job.mountRequest = null;
    job.apply({ kind: "phase", phase });
  }
}

function isCatalogAway(error: unknown): boolean {
  return error instanceof OperatorError && (error.code === "CATALOG_UNREACHABLE" || error.code === "CATALOG_BUSY");
}
