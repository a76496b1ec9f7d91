import type { KeyRing } from "#lib/pki/key-ring.ts";
import type { ReplacePolicy } from "./replace-policy.ts";
import type { RestoreCounts, RestoreNote } from "./restore-place.ts";

/** What a writer thread of a restore is started with. `where` is a byte string. */
export interface WriterStart {
  readonly where: string;
  readonly regexWhere: string;
  readonly replace: ReplacePolicy;
  readonly numericIds: boolean;
  readonly prefixLinks: boolean;
  /** Do not compare data with its digests. */
  readonly ignoresDigests?: boolean | undefined;
  /** What opens encrypted data and checks signatures. */
  readonly keys?: KeyRing | undefined;
}

/** The last steps of a restore, each when all threads have done the one before. */
export const finalSteps = ["endFile", "makeLinks", "openUnknownDirectories", "setDirectories"] as const;

/** The last steps of one of its sessions, where the order of sessions counts. */
export const sessionSteps = ["endSessionFile", "makeSessionLinks"] as const;

/** A method of FileRestorer. */
export type WriterStep = (typeof finalSteps)[number] | (typeof sessionSteps)[number];

/** Into a writer thread. `session`: whose records or step; FileIndexes count within it. `jobId` of the saved job; 0: not known. */
export type ToWriter =
  /** So many bytes of a shared buffer are records, from `offset` on. `number`: what the answer calls them by. */
  | {
      readonly kind: "records";
      readonly session: string;
      readonly jobId: number;
      readonly number: number;
      readonly buffer: ArrayBuffer;
      readonly offset: number;
      readonly bytes: number;
    }
  | { readonly kind: "step"; readonly session: string; readonly jobId: number; readonly step: WriterStep };

/** Out of a writer thread. Counts are totals. */
export type FromWriter =
  /** The records of this number are not read any more. */
  | { readonly kind: "written"; readonly number: number; readonly counts: RestoreCounts }
  | { readonly kind: "note"; readonly note: RestoreNote; readonly text: string }
  | { readonly kind: "stepDone"; readonly step: WriterStep; readonly counts: RestoreCounts }
  | { readonly kind: "failed"; readonly text: string };
