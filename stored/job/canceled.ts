import { OperatorError } from "#lib/errors/operator-error.ts";

/** The reason with which a job's signal is aborted when the operator or the Director ends it. */
export class Canceled extends OperatorError {
  /** The job is to become Incomplete instead of Canceled. */
  readonly isIncomplete: boolean;

  constructor(isIncomplete: boolean) {
    super("CANCELED", isIncomplete ? "the job was stopped" : "the job was canceled");
    this.isIncomplete = isIncomplete;
  }
}
