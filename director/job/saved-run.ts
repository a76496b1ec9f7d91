import { catalogTime } from "#lib/base/local-time.ts";
import { Mutex } from "#lib/base/lock.ts";
import type { CatalogWriter } from "#catalog/catalog.ts";
import { saveRunningJob } from "#catalog/queries/jobs.ts";
import type { GivenVolume } from "#director/media/volume-claims.ts";
import type { JobEnd } from "#proto/job.ts";
import type { RunRequest } from "./run-request.ts";
import type { HalfEnd } from "./two-halves.ts";

/** How far a job had come: what a restarted Director does with it depends on this. */
export type RunStage =
  /** Not begun: it is queued again. */
  | "queued"
  /** Daemons may or may not know it: it is stopped there and ends in error. */
  | "starting"
  /** Both daemons work on it: it is followed to its end. */
  | "running";

/** What a restarted Director needs of a job, kept in the catalog while the job is not over. */
export interface SavedRun {
  readonly version: 1;
  readonly stage: RunStage;
  readonly job: string;
  readonly scheduledMs: number;
  readonly startedMs: number | null;
  readonly request: RunRequest;
  readonly level: string;
  /** Storage of a job that had a choice, once it is settled. */
  readonly storage?: string;
  readonly upgradedFrom: string | null;
  readonly sinceMs: number | null;
  readonly fileSetCreateTime: string;
  readonly clientUname: string;
  readonly volSessionId: number;
  readonly volSessionTime: number;
  readonly fdEnd: HalfEnd | null;
  readonly sdEnd: HalfEnd | null;
  /** Restore from several Storages: how the parts of the storage half ended that have, by their names. */
  readonly sdPartEnds?: Readonly<Record<string, JobEnd>>;
  /** Volumes it was given to write to: its storage daemon may be about to write there before the catalog knows. */
  readonly volumes?: readonly GivenVolume[];
  /** Errors and warnings that the Director itself reported for the job. */
  readonly directorErrors: number;
}

/** The saved run of one job: changed here, stored in the catalog with every change, one after the other: an older one must not come last. */
export class RunRecord {
  readonly jobId: number;
  #run: SavedRun;
  readonly #saves = new Mutex();
  #isClosed = false;
  /** The request as JSON: it never changes and may hold a long plan. */
  readonly #request: string;

  constructor(jobId: number, run: SavedRun) {
    this.jobId = jobId;
    this.#run = run;
    this.#request = JSON.stringify(run.request);
  }

  get run(): SavedRun {
    return this.#run;
  }

  /** Changes what is saved; resolves when it is stored. */
  async change(catalog: CatalogWriter, changes: Partial<Omit<SavedRun, "request">>, nowMs: number): Promise<void> {
    this.#run = { ...this.#run, ...changes };
    using _turn = await this.#saves.acquire();
    if (this.#isClosed) return;
    const { request: _request, ...rest } = this.#run;
    const State = `${JSON.stringify(rest).slice(0, -1)},"request":${this.#request}}`;
    await saveRunningJob(catalog, { JobId: this.jobId, State, UpdatedAt: catalogTime(nowMs) });
  }

  /** The job has ended: nothing is stored from here on, lest the next Director takes it up again. */
  async close(): Promise<void> {
    using _turn = await this.#saves.acquire();
    this.#isClosed = true;
  }
}

/** The run of a job that was only submitted. */
export function newRun(job: string, request: RunRequest, scheduledMs: number, level: string): SavedRun {
  return {
    version: 1, stage: "queued", job, scheduledMs, startedMs: null, request, level, upgradedFrom: null, sinceMs: null, fileSetCreateTime: "", clientUname: "",
    volSessionId: 0, volSessionTime: 0, fdEnd: null, sdEnd: null, directorErrors: 0,
  }; // prettier-ignore
}

/** Reads a saved run; null if this release cannot read it. */
export function parseSavedRun(text: string): SavedRun | null {
  try {
    const run = JSON.parse(text) as Partial<SavedRun> | null;
    return run !== null && run.version === 1 && typeof run.job === "string" && typeof run.request === "object"
      ? (run as SavedRun)
      : null;
  } catch {
    return null;
  }
}
