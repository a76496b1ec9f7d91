import type { JobOutcome, JobState, QueueReason, RunPhase } from "./job-state.ts";

/** The letter and the words by which scripts and people know a state. */
interface StatusWords {
  /** Bacula's JobStatus letter. */
  readonly letter: string;
  /** What `status` prints behind the job. */
  readonly text: string;
}

const QUEUED: Record<QueueReason, StatusWords> = {
  startTime: { letter: "t", text: "is waiting for its start time" },
  priority: { letter: "p", text: "is waiting for higher priority jobs to finish" },
  maxJobs: { letter: "d", text: "is waiting on max total jobs" },
  jobResource: { letter: "j", text: "is waiting on max Job jobs" },
  clientResource: { letter: "c", text: "is waiting on max Client jobs" },
  storageResource: { letter: "s", text: "is waiting on max Storage jobs" },
};

const RUNNING: Record<RunPhase, StatusWords> = {
  starting: { letter: "R", text: "is running" },
  waitingStorage: { letter: "S", text: "is waiting on Storage" },
  waitingClient: { letter: "F", text: "is waiting on Client" },
  transferring: { letter: "R", text: "is running" },
  needsMount: { letter: "M", text: "is waiting for a mount request" },
  needsMedia: { letter: "m", text: "is waiting for an appendable Volume" },
  needsDevice: { letter: "q", text: "is waiting for a device" },
  despooling: { letter: "l", text: "SD despooling Data" },
  committing: { letter: "L", text: "SD committing Data" },
  despoolingAttributes: { letter: "a", text: "SD despooling Attributes" },
  insertingAttributes: { letter: "i", text: "Dir inserting Attributes" },
};

const OUTCOME: Record<JobOutcome, StatusWords> = {
  ok: { letter: "T", text: "OK" },
  warnings: { letter: "W", text: "OK -- with warnings" },
  error: { letter: "E", text: "Error" },
  fatal: { letter: "f", text: "Fatal Error" },
  canceled: { letter: "A", text: "Canceled" },
  incomplete: { letter: "I", text: "Incomplete" },
};

/** Letter and words of a state. */
export function statusWords(state: JobState): StatusWords {
  switch (state.kind) {
    case "created":
      return { letter: "C", text: "is waiting execution" };
    case "queued":
      return state.reason === null ? { letter: "C", text: "is waiting execution" } : QUEUED[state.reason];
    case "running":
      return RUNNING[state.phase];
    case "canceling":
      return { letter: "A", text: "has been canceled" };
    case "ended":
      return OUTCOME[state.outcome];
  }
}

/** JobStatus letter of an outcome. */
export function outcomeLetter(outcome: JobOutcome): string {
  return OUTCOME[outcome].letter;
}

/** The outcome that a JobStatus letter of an ended job stands for; null for a letter of a job that has not ended. */
export function outcomeOfLetter(letter: string): JobOutcome | null {
  const found = Object.entries(OUTCOME).find(([, words]) => words.letter === letter);
  return found === undefined ? null : (found[0] as JobOutcome);
}

/** The phase that a daemon's state letter stands for; null for a letter that says nothing of a phase. */
export function phaseOfLetter(letter: string): RunPhase | null {
  if (letter === "R") return "transferring";
  const found = Object.entries(RUNNING).find(([, words]) => words.letter === letter);
  return found === undefined ? null : (found[0] as RunPhase);
}

/** What reports print as "FD termination status" and "SD termination status" for a letter. */
export function terminationWords(letter: string): string {
  if (letter === "") return ""; // the half never began
  return TERMINATION[letter] ?? `Unknown Job termination status=${letter}`;
}

const TERMINATION: Readonly<Record<string, string>> = {
  C: "Created",
  R: "Running",
  B: "Blocked",
  T: "OK",
  I: "Incomplete job",
  E: "Error",
  f: "Error",
  e: "Non-fatal error",
  W: "OK -- with warnings",
  A: "Canceled",
  D: "Verify differences",
  F: "Waiting on FD",
  S: "Wait on SD",
  m: "Wait for new Volume",
  M: "Waiting for mount",
  s: "Waiting for Storage resource",
  j: "Waiting for Job resource",
  c: "Waiting for Client resource",
  d: "Waiting on Max Jobs",
  t: "Waiting for Start Time",
  p: "Waiting on Priority",
  L: "SD committing Data",
  l: "SD despooling Data",
  a: "SD despooling Attributes",
  i: "Dir inserting Attributes",
};
