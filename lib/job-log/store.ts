import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import { systemClock, type Clock } from "#lib/base/clock.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { JobRef } from "#proto/common.ts";
import { GONE_SUFFIX, JobLog } from "./job-log.ts";

/** Where a store tells what an operator should know. */
export interface StoreLog {
  error(text: string, error: unknown): void;
}

/** Options of a store. */
export interface JobLogStoreOptions {
  readonly log: StoreLog;
  readonly clock?: Clock;
}

const REF_FILE = "job.json";
const DAMAGED_SUFFIX = ".damaged";

/** How long a log that has ended waits for its Director. */
const KEPT_AFTER_END_MS = 30 * 24 * 3_600_000;

const JOB_NAME_BYTES_MAX = 127;

/** Least time between two lines that say a log's disk refuses. */
const TROUBLE_GAP_MS = 60_000;

/** All job logs of a daemon: a directory with one sub-directory for each. */
export class JobLogStore implements AsyncDisposable {
  readonly #directory: string;
  readonly #options: JobLogStoreOptions;
  readonly #logs = new Map<string, JobLog>();
  readonly #creating = new Set<string>();

  private constructor(directory: string, options: JobLogStoreOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /** Opens the store and every log in it. A damaged log is put aside under another name and reported; its job is then unknown. */
  static async open(directory: string, options: JobLogStoreOptions): Promise<JobLogStore> {
    makeDirectory(directory, 0o700);
    const store = new JobLogStore(directory, options);
    for (const name of (await readdir(directory)).toSorted()) {
      const path = join(directory, name);
      if (name.endsWith(GONE_SUFFIX) || name.endsWith(NEW_SUFFIX)) await rm(path, { recursive: true, force: true });
      else if (!name.endsWith(DAMAGED_SUFFIX)) await store.#load(path);
    }
    await store.#forgetOld();
    return store;
  }

  /** The logs that exist, by job name. */
  get logs(): ReadonlyMap<string, JobLog> {
    return this.#logs;
  }

  /** The log of a job; undefined if there is none (any more). */
  get(job: string): JobLog | undefined {
    return this.#logs.get(job);
  }

  /** Makes the log of a new job; it is on disk when this resolves. Throws JOB_LOG_EXISTS, RPC_MESSAGE_INVALID. */
  async create(job: JobRef): Promise<JobLog> {
    if (job.job === "" || Buffer.byteLength(job.job) > JOB_NAME_BYTES_MAX)
      throw new OperatorError("RPC_MESSAGE_INVALID", `"${job.job}" is no valid job name`);
    if (this.#logs.has(job.job) || this.#creating.has(job.job))
      throw new OperatorError("JOB_LOG_EXISTS", `job ${job.job} is known here already`);
    this.#creating.add(job.job);
    void this.#forgetOld();
    try {
      const path = join(this.#directory, directoryName(job.job));
      await this.#make(path, job);
      return await this.#open(path, job);
    } finally {
      this.#creating.delete(job.job);
    }
  }

  /** Writes what waits in every log and closes the files. */
  async close(): Promise<void> {
    await Promise.all([...this.#logs.values()].map((log) => log.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A log that ended long ago is wanted by nobody: its Director has the end without having said so, or is gone for good. */
  async #forgetOld(): Promise<void> {
    const oldMs = (this.#options.clock ?? systemClock).nowMs() - KEPT_AFTER_END_MS;
    for (const log of [...this.#logs.values()]) {
      if (!log.hasEnded || log.isFollowed || log.changedAtMs > oldMs) continue;
      await log
        .remove()
        .catch((error: unknown) =>
          this.#options.log.error(`the old log of job ${log.job.job} cannot be removed: ${describeError(error)}`, error),
        );
    }
  }

  /** The directory appears under its name when it is whole. */
  async #make(path: string, job: JobRef): Promise<void> {
    const fresh = path + NEW_SUFFIX;
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { mode: 0o700 });
    await using file = await open(join(fresh, REF_FILE), "wx", 0o600);
    await file.writeFile(JSON.stringify({ job: job.job, jobId: job.jobId }));
    await file.sync();
    await syncDirectory(fresh);
    await rename(fresh, path);
    await syncDirectory(this.#directory);
  }

  async #load(path: string): Promise<void> {
    try {
      await this.#open(path, parseRef(await readFile(join(path, REF_FILE), "utf8")));
    } catch (error) {
      this.#options.log.error(`the job log ${path} cannot be used and is put aside: ${describeError(error)}`, error);
      await rename(path, path + DAMAGED_SUFFIX);
    }
  }

  async #open(path: string, job: JobRef): Promise<JobLog> {
    const clock = this.#options.clock ?? systemClock;
    let toldAtMs = Number.NEGATIVE_INFINITY;
    const log = await JobLog.open({
      directory: path,
      job,
      clock,
      trouble: (error) => {
        if (clock.monotonicMs() - toldAtMs < TROUBLE_GAP_MS) return;
        toldAtMs = clock.monotonicMs();
        this.#options.log.error(
          `the log of job ${job.job} cannot be written; it is tried again until it works: ${describeError(error)}`,
          error,
        );
      },
      gone: () => this.#logs.delete(job.job),
    });
    this.#logs.set(job.job, log);
    return log;
  }
}

const NEW_SUFFIX = ".new";

/** Job names may hold any character; directories are named by what is safe of them, and made unique by a digest. */
function directoryName(job: string): string {
  const safe = job.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^\.+/, "_");
  return `${safe.slice(0, 100)}-${createHash("sha256").update(job).digest("hex").slice(0, 12)}`;
}

function parseRef(text: string): JobRef {
  const value: unknown = JSON.parse(text);
  if (
    typeof value === "object" &&
    value !== null &&
    "job" in value &&
    "jobId" in value &&
    typeof value.job === "string" &&
    typeof value.jobId === "number"
  ) {
    return { job: value.job, jobId: value.jobId };
  }
  throw new OperatorError("JOB_LOG_DAMAGED", `${REF_FILE} does not name a job`);
}
