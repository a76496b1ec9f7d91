import { Mutex } from "#lib/base/lock.ts";

/** The room that the jobs of one device have together for collected data, and the turn to write it to the device. */
export class SpoolBudget {
  /** Most bytes of all jobs; 0: no limit. */
  readonly bytesMax: number;
  /** Most bytes of one job unless it says otherwise; 0: no limit. */
  readonly jobBytesMax: number;
  /** Held by the job whose data goes to the device: runs of different jobs are not mixed. */
  readonly turn = new Mutex();
  #bytes = 0;
  #jobs = 0;
  #jobsEver = 0;
  #bytesPeak = 0;

  constructor(options: { readonly bytesMax: number; readonly jobBytesMax: number }) {
    this.bytesMax = options.bytesMax;
    this.jobBytesMax = options.jobBytesMax;
  }

  /** Bytes that lie in spool files now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Jobs that spool now, jobs that have since the start, and the most bytes that lay there at once: for status. */
  get counts(): { readonly jobs: number; readonly jobsEver: number; readonly bytesPeak: number } {
    return { jobs: this.#jobs, jobsEver: this.#jobsEver, bytesPeak: this.#bytesPeak };
  }

  /** Whether so many bytes more are allowed. */
  fits(bytes: number): boolean {
    return this.bytesMax === 0 || this.#bytes + bytes <= this.bytesMax;
  }

  take(bytes: number): void {
    this.#bytes += bytes;
    this.#bytesPeak = Math.max(this.#bytesPeak, this.#bytes);
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** A job begins to spool. */
  jobBegins(): void {
    this.#jobs += 1;
    this.#jobsEver += 1;
  }

  jobEnds(): void {
    this.#jobs -= 1;
  }
}
