import { must } from "#lib/base/assert.ts";
import { reportTime } from "#lib/base/local-time.ts";
import { reportLevel } from "./level-words.ts";
import type { AdmissionFacts, StorageSlot } from "./admit.ts";
import { poolOfLevel, prefersLeastUsed, storageChoices, type Chosen, type EffectiveJob } from "./effective-job.ts";
import { nextState, type JobState, type JobTransition } from "./job-state.ts";
import type { JobView } from "./job-view.ts";
import { statusWords } from "./status-letter.ts";
import type { PoolResource } from "#director/config/pool.ts";
import type { StorageResource } from "#director/config/storage.ts";

/** What identifies a job and when it was wished. */
export interface JobIdentity {
  readonly jobId: number;
  /** Unique job name. */
  readonly job: string;
  /** Unix milliseconds. */
  readonly scheduledMs: number;
}

/** Why a job is to be stopped; the reason of its abort signal. */
export class JobCanceled extends Error {
  override readonly name = "JobCanceled";
  readonly by: string;
  constructor(by: string) {
    super(`canceled by ${by}`);
    this.by = by;
  }
}

/** One job of the Director, from its submission to its end: its state, and the numbers that `status` shows. */
export class DirectorJob {
  readonly identity: JobIdentity;
  readonly effective: EffectiveJob;
  /** Level that is run in the end. */
  level: string;
  pool: Chosen<PoolResource>;
  /** Where it is written or read; settled when the job starts, if it has a choice. */
  storage: Chosen<StorageResource>;
  /** Storages of which any will do, `storage` among them. */
  choices: readonly Chosen<StorageResource>[];
  /** Unix milliseconds. */
  startedMs: number | null = null;
  endedMs: number | null = null;
  /** Files and bytes dealt with so far; the client's numbers. */
  files = 0;
  bytes = 0;
  readBytes = 0;
  errors = 0;
  /** What an operator is asked to do for it. */
  mountRequest: string | null = null;
  /** Daemons of a running job whose connection is lost, and since when; unix milliseconds. */
  readonly #unheard = new Map<string, number>();
  readonly #abort = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  readonly #watchers = new Set<() => void>();
  #state: JobState = { kind: "created" };

  constructor(identity: JobIdentity, effective: EffectiveJob) {
    this.identity = identity;
    this.effective = effective;
    this.level = effective.level;
    this.pool = poolOfLevel(effective, effective.level);
    this.choices = storageChoices(effective, this.pool.resource);
    this.storage = must(this.choices[0], "a Storage");
  }

  get jobId(): number {
    return this.identity.jobId;
  }

  get state(): JobState {
    return this.#state;
  }

  /** Aborts when the job is canceled; the reason is a JobCanceled. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Resolves when the job has ended and everything about it is recorded. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Takes the job to its next state and tells those who watch. */
  apply(event: JobTransition): void {
    const before = this.#state;
    this.#state = nextState(before, event);
    if (this.#state === before) return;
    if (this.#state.kind === "canceling") this.#abort.abort(new JobCanceled(this.#state.by));
    if (this.#state.kind === "ended") this.#ended.resolve();
    this.changed();
  }

  /** The connection to a daemon of the job is lost since this moment (unix milliseconds), or is there: null. */
  heard(daemon: string, lostSinceMs: number | null): void {
    if (lostSinceMs === null) this.#unheard.delete(daemon);
    else if (!this.#unheard.has(daemon)) this.#unheard.set(daemon, lostSinceMs);
  }

  /** Says which daemons do not answer; empty if all do. */
  get unheardWords(): string {
    return [...this.#unheard].map(([daemon, sinceMs]) => `, ${daemon} not heard since ${reportTime(sinceMs)}`).join("");
  }

  /** Calls `watcher` at every change until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** Something that `status` shows has changed. */
  changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** It runs from this moment on; unix milliseconds. */
  begin(nowMs: number): void {
    this.startedMs = nowMs;
    this.changed();
  }

  /** Settles the level, and with it Pool and Storage. */
  setLevel(level: string): void {
    this.level = level;
    this.pool = poolOfLevel(this.effective, level);
    this.choices = storageChoices(this.effective, this.pool.resource);
    this.storage = this.#choice(this.storage.resource.name) ?? must(this.choices[0], "a Storage");
  }

  /** Settles the Storage, one of its choices; another name changes nothing. */
  useStorage(name: string): void {
    this.storage = this.#choice(name) ?? this.storage;
    this.changed();
  }

  #choice(name: string): Chosen<StorageResource> | undefined {
    return this.choices.find(({ resource }) => resource.name === name);
  }

  /** What admission counts. `isOn`: whether a Storage is switched on. */
  admissionFacts(isOn: (storage: StorageResource) => boolean = () => true): AdmissionFacts {
    const { job, client, type, priority, notBeforeMs } = this.effective;
    const isAdmin = type === "D";
    const use: "read" | "write" = type === "R" ? "read" : "write";
    const slot = (each: StorageResource): StorageSlot => ({
      name: each.name,
      limit: each.maximumConcurrentJobs,
      readLimit: each.maximumConcurrentReadJobs,
      use,
    });
    const on = this.choices.map(({ resource }) => resource).filter(isOn);
    const hasChoice = this.state.kind === "queued" && on.length > 0 && this.choices.length > 1;
    const storages = [...(hasChoice ? [] : [this.storage.resource]), ...this.effective.furtherStorages].map(slot);
    return {
      jobId: this.jobId,
      priority,
      allowMixedPriority: job.allowMixedPriority,
      notBeforeMs,
      job: { name: job.name, limit: job.maximumConcurrentJobs },
      client: isAdmin ? null : { name: client.name, limit: client.maximumConcurrentJobs },
      storages: isAdmin ? [] : storages,
      ...(hasChoice ? { choices: on.map(slot), prefersLeastUsed: prefersLeastUsed(this.effective, this.pool.resource) } : {}),
    };
  }

  view(): JobView {
    const { effective, identity } = this;
    const words = statusWords(this.#state);
    return {
      jobId: identity.jobId,
      job: identity.job,
      name: effective.job.name,
      type: effective.type,
      level: this.level,
      status: words.letter,
      statusText: this.#state.kind === "ended" ? words.text : words.text + this.unheardWords,
      priority: effective.priority,
      client: effective.client.name,
      fileset: effective.fileset.name,
      pool: this.pool.resource.name,
      storage: this.storage.resource.name,
      comment: effective.comment,
      scheduledMs: identity.scheduledMs,
      startedMs: this.startedMs,
      endedMs: this.endedMs,
      files: this.files,
      bytes: this.bytes,
      errors: this.errors,
      mountRequest: this.#waitsForOperator ? this.mountRequest : null,
    };
  }

  /** Whether the job stands still until an operator does something. */
  get #waitsForOperator(): boolean {
    const state = this.#state;
    return state.kind === "running" && (state.phase === "needsMount" || state.phase === "needsMedia");
  }

  /** Level in words, for %l. */
  get levelWord(): string {
    return reportLevel(this.level);
  }
}
