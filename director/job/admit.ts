import type { QueueReason } from "./job-state.ts";

/** What admission must know of a job. Limits are Maximum Concurrent Jobs of the resources it uses; 0 means no limit. */
export interface AdmissionFacts {
  readonly jobId: number;
  readonly priority: number;
  readonly allowMixedPriority: boolean;
  /** Not before this moment, unix milliseconds. */
  readonly notBeforeMs: number;
  readonly job: Slot;
  /** Null for jobs without a client (Admin). */
  readonly client: Slot | null;
  /** Storages written or read; none for Admin. */
  readonly storages: readonly StorageSlot[];
  /** Of a queued job: Storages of which any one will do, in order of preference. It is admitted to the first that has room. */
  readonly choices?: readonly StorageSlot[];
  /** The choice with the fewest jobs comes first (Storage Group Policy = LeastUsed). */
  readonly prefersLeastUsed?: boolean;
}

export interface Slot {
  readonly name: string;
  readonly limit: number;
}

export interface StorageSlot extends Slot {
  readonly use: "read" | "write";
  /** Maximum Concurrent Read Jobs; 0: no limit of its own. */
  readonly readLimit: number;
}

export type AdmissionVerdict =
  | {
      readonly kind: "admit";
      readonly jobId: number;
      /** Which of its choices it got. */
      readonly storage?: string;
    }
  | { readonly kind: "wait"; readonly jobId: number; readonly reason: QueueReason };

export interface Admission {
  /** One verdict for each queued job, in queue order. */
  readonly verdicts: readonly AdmissionVerdict[];
  /** When the next start time comes, unix milliseconds; null if no job waits for its time. */
  readonly wakeMs: number | null;
}

/**
 * Decides which queued jobs may start now. Jobs of the lowest priority number go first, in queue order; a job with a higher
 * number waits until none with a lower one is running or ready. A lower number joins running higher ones only if it and all of
 * them allow mixed priorities.
 */
export function admit(
  queued: readonly AdmissionFacts[],
  running: readonly AdmissionFacts[],
  directorLimit: number,
  nowMs: number,
): Admission {
  const verdicts = new Map<number, AdmissionVerdict>();
  const inUse = [...running];
  const ready = queued.filter((job) => job.notBeforeMs <= nowMs);
  const byPriority = ready.toSorted((a, b) => a.priority - b.priority);
  // The best number that still wants to run: whoever stands behind it waits for it.
  let blockedAbove = Infinity;
  for (const job of byPriority) {
    const choice = choose(job, inUse);
    const placed = choice === undefined ? job : { ...job, storages: [...job.storages, choice] };
    const reason = whyNot(placed, inUse, { directorLimit, blockedAbove });
    if (reason === null) inUse.push(placed);
    blockedAbove = Math.min(blockedAbove, job.priority);
    const { jobId } = job;
    const admitted = { kind: "admit", jobId, ...(choice === undefined ? {} : { storage: choice.name }) } as const;
    verdicts.set(jobId, reason === null ? admitted : { kind: "wait", jobId, reason });
  }
  const later = queued.filter((job) => job.notBeforeMs > nowMs);
  for (const job of later) verdicts.set(job.jobId, { kind: "wait", jobId: job.jobId, reason: "startTime" });
  return {
    verdicts: queued.map((job) => verdicts.get(job.jobId)!),
    wakeMs: later.length === 0 ? null : Math.min(...later.map((job) => job.notBeforeMs)),
  };
}

/** The Storage that the job would get now: one with room before one without; undefined where it has no choice. */
function choose(job: AdmissionFacts, inUse: readonly AdmissionFacts[]): StorageSlot | undefined {
  const users = ({ name }: StorageSlot): number =>
    inUse.filter((other) => other.storages.some((used) => used.name === name)).length;
  const choices = job.choices ?? [];
  const inOrder = job.prefersLeastUsed === true ? choices.toSorted((a, b) => users(a) - users(b)) : choices;
  return inOrder.find((storage) => !isStorageFull(storage, inUse)) ?? inOrder[0];
}

function whyNot(
  job: AdmissionFacts,
  inUse: readonly AdmissionFacts[],
  bounds: { directorLimit: number; blockedAbove: number },
): QueueReason | null {
  if (job.priority > bounds.blockedAbove || !fitsPriorities(job, inUse)) return "priority";
  if (isFull(bounds.directorLimit, inUse.length)) return "maxJobs";
  if (isFull(job.job.limit, inUse.filter((other) => other.job.name === job.job.name).length)) return "jobResource";
  const client = job.client;
  if (client !== null && isFull(client.limit, inUse.filter((other) => other.client?.name === client.name).length))
    return "clientResource";
  if (job.storages.some((storage) => isStorageFull(storage, inUse))) return "storageResource";
  return null;
}

function fitsPriorities(job: AdmissionFacts, inUse: readonly AdmissionFacts[]): boolean {
  return inUse.every((other) => {
    if (other.priority === job.priority) return true;
    if (other.priority < job.priority) return false;
    return job.allowMixedPriority && inUse.every((each) => each.allowMixedPriority);
  });
}

function isStorageFull(storage: StorageSlot, inUse: readonly AdmissionFacts[]): boolean {
  const users = inUse.flatMap((other) => other.storages.filter((used) => used.name === storage.name));
  if (isFull(storage.limit, users.length)) return true;
  return storage.use === "read" && isFull(storage.readLimit, users.filter((used) => used.use === "read").length);
}

function isFull(limit: number, used: number): boolean {
  return limit > 0 && used >= limit;
}
