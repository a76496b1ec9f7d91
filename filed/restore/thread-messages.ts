import type { RestoreCounts, RestoreNote } from "#lib/files/restore-place.ts";
import type { ReplacePolicy } from "#lib/files/replace-policy.ts";

/** What a writer thread of a restore is started with. `where` is a byte string. */
export interface WriterStart {
  readonly where: string;
  readonly regexWhere: string;
  readonly replace: ReplacePolicy;
  readonly numericIds: boolean;
  readonly prefixLinks: boolean;
}

/** The last steps of a restore, each when all threads have done the one before. */
export const finalSteps = ["endFile", "makeLinks", "openUnknownDirectories", "setDirectories"] as const;
export type FinalStep = (typeof finalSteps)[number];

/** Into a writer thread. */
export type ToWriter =
  /** The first `bytes` of the buffer are records. */
  | { readonly kind: "records"; readonly buffer: ArrayBuffer; readonly bytes: number }
  /** Another session begins: FileIndexes start anew. */
  | { readonly kind: "session" }
  | { readonly kind: "step"; readonly step: FinalStep };

/** Out of a writer thread. Counts are totals. */
export type FromWriter =
  /** The buffer comes back to be used again. */
  | { readonly kind: "written"; readonly buffer: ArrayBuffer; readonly counts: RestoreCounts }
  | { readonly kind: "note"; readonly note: RestoreNote; readonly text: string }
  | { readonly kind: "stepDone"; readonly step: FinalStep; readonly counts: RestoreCounts }
  | { readonly kind: "failed"; readonly text: string };
