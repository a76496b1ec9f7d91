import type { ErrorCode } from "./codes.ts";

/** What an OperatorError carries besides its code and text. */
export interface OperatorErrorOptions {
  /** What to do about it: a command to type, a directive to set, a file to look at. */
  readonly hint?: string;
  /** The failure below this one. */
  readonly cause?: unknown;
}

/**
 * The world failed (a file, a peer, a Volume, a configuration), and an operator can understand why. `message` names what is
 * involved; `code` is stable and documented; `hint` says what to do. Programming errors are never of this class.
 */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: OperatorErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** One line for a person: the text of the error and of what caused it, then the hint. Never a stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const parts = [error.message];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!parts.some((part) => part.includes((cause as Error).message))) parts.push(cause.message);
  }
  const text = parts.join(": ");
  return error instanceof OperatorError && error.hint !== undefined ? `${text} (${error.hint})` : text;
}
