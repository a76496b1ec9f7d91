import { OperatorError, describeError } from "#lib/errors/operator-error.ts";

/** Failures of a sync after which nobody knows what is on the medium. */
const notDurable: ReadonlySet<string> = new Set(["DEVICE_IO_FAILED", "DEVICE_PROGRAM_FAILED"]);

/** Whether an error says that nobody knows what is on the medium. */
export function isDurabilityFailure(error: unknown): boolean {
  return error instanceof OperatorError && notDurable.has(error.code);
}

/** What the jobs on a Volume are told that could not be closed durably. DEVICE_IO_FAILED */
export function asDurabilityFailure(volume: string, error: unknown): OperatorError {
  return new OperatorError("DEVICE_IO_FAILED", `Volume "${volume}" could not be made durable: ${describeError(error)}`, {
    cause: error,
  });
}
