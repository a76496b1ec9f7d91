import { OperatorError } from "#lib/errors/operator-error.ts";
import { sameSecret } from "#lib/auth/secret-compare.ts";
import { AppendJob } from "./append-job.ts";
import { storageJobEnd } from "./job-end.ts";
import { JobVoice } from "./job-voice.ts";
import { ReadJob } from "./read-job.ts";
import type { CallPeer } from "#lib/rpc/call.ts";
import type { DataOpen } from "#proto/data.ts";
import type { JobLog } from "#lib/job-log/job-log.ts";
import type { JobRef } from "#proto/common.ts";
import type { JobSurroundings } from "./job-surroundings.ts";
import type { SessionCounter } from "./session-counter.ts";
import type { StartStorageJobReply, StartStorageJobRequest } from "#proto/stored.ts";
import type { StorageJob, StorageJobFacts } from "./storage-job.ts";

/** The store of job logs, as far as jobs need it (lib/job-log/store.ts). */
export interface LogStore {
  readonly logs: ReadonlyMap<string, JobLog>;
  create(job: JobRef): Promise<JobLog>;
  get(job: string): JobLog | undefined;
}

/** A job that has ended, as the status shows it. */
export interface TerminatedJob extends StorageJobFacts {
  readonly ref: JobRef;
  readonly endMs: number;
}

/** How long an ended job can still be asked for its end by a file daemon whose connection was cut at the wrong moment. */
const ENDED_KEPT_MS = 600_000;

/** Ended jobs that the status shows. */
const TERMINATED_MAX = 10;

/** Jobs at one time, those included that wait because of Maximum Concurrent Jobs: each has a log, timers and buffers. */
const JOBS_MAX = 1000;

/** Devices that a job may name. */
const REQUEST_DEVICES_MAX = 100;

/** All jobs of the daemon: those that run, and for a while those that have ended. */
export class StorageJobs {
  readonly #store: LogStore;
  readonly #sessions: SessionCounter;
  readonly #around: JobSurroundings;
  readonly #running = new Map<string, StorageJob>();
  readonly #ended = new Map<string, StorageJob>();
  readonly #runs = new Set<Promise<void>>();
  readonly #replies = new Map<string, StartStorageJobReply>();
  #terminated: TerminatedJob[] = [];
  #count = 0;

  constructor(store: LogStore, sessions: SessionCounter, around: JobSurroundings) {
    this.#store = store;
    this.#sessions = sessions;
    this.#around = around;
  }

  /** Jobs that run now, oldest first. */
  get running(): readonly StorageJob[] {
    return [...this.#running.values()];
  }

  /** Jobs that ended last, oldest first. */
  get terminated(): readonly TerminatedJob[] {
    return this.#terminated;
  }

  /** Jobs since the start of the daemon. */
  get count(): number {
    return this.#count;
  }

  /** Ends, in their logs, the jobs that the last run of the daemon left behind. To be called before jobs are started. */
  async endAbandoned(): Promise<void> {
    for (const log of this.#store.logs.values()) {
      if (log.hasEnded) continue;
      const voice = new JobVoice(log, this.#around.name);
      voice.say(
        "fatal",
        "The storage daemon was restarted while the job was running. What it has written cannot be relied upon.",
      );
      await log.end(storageJobEnd(voice, { id: 0, time: 0 }, { status: "f" }));
    }
  }

  /** Starts the storage half of a job; a job that is known already is not started again. */
  async start(request: StartStorageJobRequest): Promise<StartStorageJobReply> {
    const ref = checkedRef(request);
    const known = this.#replies.get(ref.job);
    if (known !== undefined) return { ...known, known: true };
    if (this.#store.get(ref.job) !== undefined) return { known: true, volSessionId: 0, volSessionTime: this.#sessions.time };
    if (this.#running.size >= JOBS_MAX)
      throw new OperatorError("DEVICE_BUSY", `the storage daemon has ${JOBS_MAX} jobs that run or wait`);
    const session = this.#sessions.next();
    const reply = { known: false, volSessionId: session.id, volSessionTime: session.time };
    this.#replies.set(ref.job, reply);
    try {
      const log = await this.#store.create(ref);
      this.#launch(this.#make(request, ref, session, log));
    } catch (error) {
      this.#replies.delete(ref.job);
      throw error;
    }
    return reply;
  }

  /** Cancels a job; JOB_UNKNOWN if there is none. */
  cancel(ref: JobRef | undefined, isIncomplete: boolean): void {
    const job = this.#running.get(ref?.job ?? "");
    if (job !== undefined) return job.cancel(isIncomplete);
    if (this.#store.get(ref?.job ?? "") === undefined)
      throw new OperatorError("JOB_NOT_FOUND", `the storage daemon has no job "${(ref?.job ?? "").slice(0, 200)}"`);
  }

  /** The job that a file daemon names, when it proves its right to it; else JOB_KEY_WRONG, which tells nothing about what exists. */
  admit(open: DataOpen | undefined, peer: CallPeer): StorageJob {
    const name = open?.job?.job ?? "";
    const job = this.#running.get(name) ?? this.#ended.get(name);
    const isRight = job !== undefined && open !== undefined && sameSecret(job.key, open.key) && isPinned(job, peer);
    if (!isRight) throw new OperatorError("JOB_KEY_WRONG", `${peer.address} may not serve job "${name.slice(0, 200)}"`);
    return job;
  }

  /** Ends what runs, as an error, and waits until that is written down. */
  async stop(): Promise<void> {
    for (const job of this.#running.values()) job.failed(new OperatorError("CANCELED", "the storage daemon is being stopped"));
    await Promise.allSettled(this.#runs);
  }

  #make(
    request: StartStorageJobRequest,
    ref: JobRef,
    session: { readonly id: number; readonly time: number },
    log: JobLog,
  ): StorageJob {
    const { work } = request;
    if (work?.$case === "append") return new AppendJob(request, work.value, ref, session, log, this.#around);
    const bootstrap = work?.value.bootstrap ?? { entries: [] };
    return new ReadJob(request, bootstrap, ref, session, log, this.#around);
  }

  #launch(job: StorageJob): void {
    const { job: name } = job.ref;
    this.#count += 1;
    this.#running.set(name, job);
    const run = job.run().finally(() => {
      this.#runs.delete(run);
      this.#running.delete(name);
      this.#ended.set(name, job);
      this.#terminated = [...this.#terminated, { ...job.facts, ref: job.ref, endMs: Date.now() }].slice(-TERMINATED_MAX);
      this.#around.poke.notify();
      setTimeout(() => {
        this.#ended.delete(name);
        this.#replies.delete(name);
      }, ENDED_KEPT_MS).unref();
    });
    this.#runs.add(run);
  }
}

/** Checks what a Director sent before anything is made of it. */
function checkedRef(request: StartStorageJobRequest): JobRef {
  const { job } = request;
  const name = job?.job ?? "";
  if (
    job === undefined ||
    !/^[^\s/\0]{1,127}$/.test(name) ||
    !Number.isSafeInteger(job.jobId) ||
    job.jobId < 0 ||
    job.jobId > 0xffffffff
  ) {
    throw new OperatorError("JOB_REQUEST_INVALID", `"${name.slice(0, 200)}" with JobId ${job?.jobId} does not name a job`);
  }
  if (request.key.byteLength < 16)
    throw new OperatorError("JOB_REQUEST_INVALID", `job "${name}" comes with a key of ${request.key.byteLength} bytes`);
  if (request.devices.length === 0 || request.devices.length > REQUEST_DEVICES_MAX) {
    throw new OperatorError("JOB_REQUEST_INVALID", `job "${name}" names ${request.devices.length} devices`);
  }
  if (request.work === undefined)
    throw new OperatorError("JOB_REQUEST_INVALID", `job "${name}" says neither what to append nor what to read`);
  return job;
}

function isPinned(job: StorageJob, peer: CallPeer): boolean {
  return job.clientCertificateSha256.byteLength === 0 || sameSecret(job.clientCertificateSha256, peer.certificateSha256);
}
