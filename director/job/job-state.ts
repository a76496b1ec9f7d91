import { impossible, invariant } from "#lib/base/assert.ts";

/** Why a queued job is not admitted yet. */
export type QueueReason = "startTime" | "priority" | "maxJobs" | "jobResource" | "clientResource" | "storageResource";

/** What a running job does at the moment. */
export type RunPhase =
  | "starting"
  | "waitingStorage"
  | "waitingClient"
  | "transferring"
  | "needsMount"
  | "needsMedia"
  | "needsDevice"
  | "despooling"
  | "committing"
  | "despoolingAttributes"
  | "insertingAttributes";

/** How a job ended. */
export type JobOutcome = "ok" | "warnings" | "error" | "fatal" | "canceled" | "incomplete";

/** Everything a job of the Director can be. Each state carries only what is true in it. */
export type JobState =
  | { readonly kind: "created" }
  | { readonly kind: "queued"; readonly reason: QueueReason | null }
  | { readonly kind: "running"; readonly phase: RunPhase }
  | { readonly kind: "canceling"; readonly by: string; readonly wasRunning: boolean }
  | { readonly kind: "ended"; readonly outcome: JobOutcome };

/** What happens to a job. */
export type JobTransition =
  | { readonly kind: "queue" }
  | { readonly kind: "holdBack"; readonly reason: QueueReason }
  | { readonly kind: "admit" }
  | { readonly kind: "phase"; readonly phase: RunPhase }
  | { readonly kind: "cancel"; readonly by: string }
  | { readonly kind: "resume" }
  | { readonly kind: "end"; readonly outcome: JobOutcome };

/** The only place where a job changes its state; the picture is docs/job-states.md. */
export function nextState(state: JobState, event: JobTransition): JobState {
  switch (event.kind) {
    case "queue":
      invariant(state.kind === "created", `queue while ${state.kind}`);
      return { kind: "queued", reason: null };
    case "holdBack":
      invariant(state.kind === "queued", `holdBack while ${state.kind}`);
      return { kind: "queued", reason: event.reason };
    case "admit":
      invariant(state.kind === "queued", `admit while ${state.kind}`);
      return { kind: "running", phase: "starting" };
    case "resume":
      invariant(state.kind === "created", `resume while ${state.kind}`);
      return { kind: "running", phase: "transferring" };
    case "phase":
      // A daemon may still tell a phase after the operator's cancel: it changes nothing any more.
      if (state.kind !== "running") return state;
      return state.phase === event.phase ? state : { kind: "running", phase: event.phase };
    case "cancel":
      // Canceling twice, or canceling what has ended in the meantime, changes nothing.
      if (state.kind === "canceling" || state.kind === "ended") return state;
      return { kind: "canceling", by: event.by, wasRunning: state.kind === "running" };
    case "end":
      invariant(state.kind !== "ended", "a job ends once");
      return { kind: "ended", outcome: event.outcome };
    default:
      return impossible(event, "nextState");
  }
}
