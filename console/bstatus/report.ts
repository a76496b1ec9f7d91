import type { ClientFacts, JobFacts, PoolFacts, SiteFacts, StorageFacts, VolumeFacts, WaitingFacts } from "./overview.ts";

/** States as monitoring systems know them. */
export type State = "OK" | "WARNING" | "CRITICAL" | "UNKNOWN";

/** Exit statuses of the states. */
export const EXIT_STATUS: Readonly<Record<State, number>> = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 };

/** From good to bad; UNKNOWN is said only where nothing at all is known. */
const RANKS: readonly State[] = ["OK", "UNKNOWN", "WARNING", "CRITICAL"];

/** What a problem is about, for machines. */
export type ProblemKind =
  | "never"
  | "overdue"
  | "old"
  | "failing"
  | "running"
  | "noJob"
  | "waiting"
  | "volume"
  | "storageFull"
  | "storageFills"
  | "storageSilent";

/** One thing that somebody should look at. */
export interface Problem {
  readonly state: "WARNING" | "CRITICAL";
  readonly kind: ProblemKind;
  /** client, client/job, storage/device, or Volume. */
  readonly subject: string;
  readonly text: string;
}

/** One word for a job: its worst problem, or that there is none. */
export type JobCondition = "good" | "running" | "disabled" | "idle" | ProblemKind;

export interface JobReport {
  readonly facts: JobFacts;
  readonly state: State;
  readonly condition: JobCondition;
  /** Seconds since the last good run ended; null: there is none. */
  readonly ageSeconds: number | null;
  readonly problems: readonly Problem[];
}

export interface ClientReport {
  readonly facts: ClientFacts;
  readonly state: State;
  /** Its jobs, the worst first. */
  readonly jobs: readonly JobReport[];
  /** The newest good backup of all its jobs. */
  readonly newest: JobReport | null;
  readonly problems: readonly Problem[];
}

export interface StorageReport {
  readonly facts: StorageFacts;
  readonly state: State;
  readonly problems: readonly Problem[];
}

/** How the site does, judged. */
export interface Report {
  readonly site: SiteFacts;
  readonly state: State;
  /** All problems, the worst first. */
  readonly problems: readonly Problem[];
  readonly clients: readonly ClientReport[];
  readonly storages: readonly StorageReport[];
  readonly pools: readonly PoolFacts[];
  readonly volumes: readonly VolumeFacts[];
  readonly waiting: readonly WaitingFacts[];
}

/** The worst of the states; OK of none. */
export function worst(states: Iterable<State>): State {
  let found: State = "OK";
  for (const state of states) if (badness(state) > badness(found)) found = state;
  return found;
}

/** A number that grows with how bad a state is. */
export function badness(state: State): number {
  return RANKS.indexOf(state);
}
