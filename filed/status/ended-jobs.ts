import { readFile, rename, writeFile } from "node:fs/promises";

/** A job that has ended, for `status client`. */
export interface EndedJob {
  readonly jobId: number;
  readonly job: string;
  /** "B" or "R". */
  readonly type: string;
  readonly level: string;
  readonly files: number;
  readonly bytes: number;
  readonly errors: number;
  /** JobStatus letter. */
  readonly status: string;
  readonly endedMs: number;
}

const KEPT = 10;

/** The last jobs of the daemon, kept in a file over restarts. A damaged or missing file is an empty list. */
export class EndedJobs {
  readonly #path: string;
  #jobs: EndedJob[];
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, jobs: EndedJob[]) {
    this.#path = path;
    this.#jobs = jobs;
  }

  static async open(path: string): Promise<EndedJobs> {
    return new EndedJobs(path, await readJobs(path));
  }

  /** Oldest first. */
  get all(): readonly EndedJob[] {
    return this.#jobs;
  }

  /** Adds a job and writes the file; a file that cannot be written only costs memory of the past. */
  async add(job: EndedJob): Promise<void> {
    this.#jobs = [...this.#jobs, job].slice(-KEPT);
    const text = JSON.stringify(this.#jobs);
    this.#writing = this.#writing
      .then(async () => {
        await writeFile(`${this.#path}.new`, text, { mode: 0o600 });
        await rename(`${this.#path}.new`, this.#path);
      })
      .catch(() => {});
    await this.#writing;
  }
}

async function readJobs(path: string): Promise<EndedJob[]> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return Array.isArray(value) ? value.filter(isEndedJob).slice(-KEPT) : [];
  } catch {
    return [];
  }
}

function isEndedJob(value: unknown): value is EndedJob {
  const job = value as EndedJob | null;
  return (
    typeof job === "object" &&
    job !== null &&
    [job.jobId, job.files, job.bytes, job.errors, job.endedMs].every((number) => typeof number === "number") &&
    [job.job, job.type, job.level, job.status].every((text) => typeof text === "string")
  );
}
