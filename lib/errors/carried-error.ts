import { OperatorError, describeError } from "./operator-error.ts";
import type { ErrorCode } from "./codes.ts";

/** An error on its way between threads. */
export interface CarriedError {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Makes an error that can be sent to another thread; its causes become part of its text. */
export function carried(error: unknown): CarriedError {
  if (error instanceof OperatorError)
    return { code: error.code, message: describeError(new Error(error.message, { cause: error.cause })), hint: error.hint };
  return { code: undefined, message: error instanceof Error ? (error.stack ?? error.message) : String(error), hint: undefined };
}

/** The error as it was in the other thread. */
export function uncarried(error: CarriedError): Error {
  if (error.code === undefined) return new Error(error.message);
  return new OperatorError(error.code, error.message, error.hint === undefined ? {} : { hint: error.hint });
}
