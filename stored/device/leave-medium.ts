import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import type { Medium } from "./device.ts";

/** Writes the file marks with which a tape is left; answers why that could not be done. All blocks on it can be read without them. */
export function finishTape(medium: Medium): string | undefined {
  try {
    medium.tape?.finishTape();
    const notes = medium.tape?.takeNotes() ?? [];
    return notes.length === 0 ? undefined : notes.join("; ");
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return describeError(error);
  }
}

/** Closes a medium after something worse has happened to it. */
export function closeAnyway(medium: Medium): void {
  try {
    medium.close();
  } catch {
    // the failure before this one is told
  }
}
