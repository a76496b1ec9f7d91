import type { CarriedError } from "#lib/errors/carried-error.ts";
import type { Victim } from "./plan.ts";
import type { PressureKnown } from "./pressure-facts.ts";

/** What the thread that plans is asked: what goes next on the Volumes of these Storages, first to last. */
export interface PlanQuestion {
  /** Storages, by name. */
  readonly storages: readonly string[];
  readonly known: PressureKnown;
  /** Steps at most. */
  readonly steps: number;
}

/** The next steps; each as if those before it were taken. */
export interface Plan {
  readonly steps: readonly Victim[];
  /** Why nothing follows the last step; undefined: more does. */
  readonly end: string | undefined;
}

/** What the thread answers. */
export type PlanReply = { readonly plan: Plan } | { readonly error: CarriedError };
