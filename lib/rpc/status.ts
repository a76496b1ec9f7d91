import { Metadata, status as Status } from "@grpc/grpc-js";
import { errorCodes, type ErrorCode } from "#lib/errors/codes.ts";
import { OperatorError, describeError } from "#lib/errors/operator-error.ts";

/*
 * The only place that maps errors to gRPC status and back. An OperatorError travels as status ABORTED (or the nearest standard
 * status) with its code in "nocturne-code" and its hint in "nocturne-hint-bin"; nothing else of an error leaves the process.
 */

const CODE_KEY = "nocturne-code";
const HINT_KEY = "nocturne-hint-bin";
const TEXT_LENGTH_MAX = 2048;

/** A status as grpc-js takes it. */
export interface GrpcStatus {
  readonly code: Status;
  readonly details: string;
  readonly metadata: Metadata;
}

const statusOfCode: Partial<Record<ErrorCode, Status>> = {
  CANCELED: Status.CANCELLED,
  TIMED_OUT: Status.DEADLINE_EXCEEDED,
  RPC_REFUSED: Status.UNAUTHENTICATED,
  RPC_SESSION_UNKNOWN: Status.UNAUTHENTICATED,
  RPC_CERTIFICATE_REFUSED: Status.PERMISSION_DENIED,
  RPC_NOT_ALLOWED: Status.PERMISSION_DENIED,
  RPC_TOO_MANY_LOGINS: Status.RESOURCE_EXHAUSTED,
  RPC_MESSAGE_TOO_LARGE: Status.RESOURCE_EXHAUSTED,
  RPC_BUSY: Status.RESOURCE_EXHAUSTED,
  RPC_MESSAGE_INVALID: Status.INVALID_ARGUMENT,
  RPC_VERSION: Status.FAILED_PRECONDITION,
  RPC_STOPPING: Status.UNAVAILABLE,
  JOB_UNKNOWN: Status.NOT_FOUND,
};

/** The status under which an error leaves a handler. What is not an OperatorError says only that something failed. */
export function toStatus(error: unknown): GrpcStatus {
  const metadata = new Metadata();
  if (!(error instanceof OperatorError)) {
    return { code: Status.INTERNAL, details: "internal error", metadata };
  }
  metadata.set(CODE_KEY, error.code);
  if (error.hint !== undefined) metadata.set(HINT_KEY, Buffer.from(clip(error.hint), "utf8"));
  const text =
    error.cause === undefined
      ? error.message
      : describeError(new OperatorError(error.code, error.message, { cause: error.cause }));
  return { code: statusOfCode[error.code] ?? Status.ABORTED, details: clip(text), metadata };
}

interface StatusLike {
  readonly code?: number;
  readonly details?: string;
  readonly metadata?: Metadata;
}

/** The error that a call's status stands for; `who` names the far side in the text. */
export function fromStatus(failure: unknown, who: string): OperatorError {
  if (failure instanceof OperatorError) return failure;
  const { code, details, metadata } = (failure ?? {}) as StatusLike;
  if (code === undefined) return new OperatorError("RPC_PEER_FAILED", `${who}: the call failed`, { cause: failure });
  const sent = metadata?.get(CODE_KEY)[0];
  if (typeof sent === "string" && Object.hasOwn(errorCodes, sent)) {
    const hint = metadata?.get(HINT_KEY)[0];
    return new OperatorError(
      sent as ErrorCode,
      clip(details ?? ""),
      Buffer.isBuffer(hint) ? { hint: clip(hint.toString("utf8")) } : {},
    );
  }
  return ofPlainStatus(code, clip(details ?? ""), who);
}

/** A status that the transport made, not a handler. */
function ofPlainStatus(code: number, details: string, who: string): OperatorError {
  switch (code) {
    case Status.CANCELLED:
      return new OperatorError("CANCELED", `${who}: the call was canceled`);
    case Status.DEADLINE_EXCEEDED:
      return new OperatorError("TIMED_OUT", `${who} did not answer in time`);
    case Status.UNAVAILABLE:
      return new OperatorError("RPC_CONNECTION_LOST", `the connection to ${who} is lost: ${details}`);
    case Status.RESOURCE_EXHAUSTED:
      return /larger than max/.test(details)
        ? new OperatorError("RPC_MESSAGE_TOO_LARGE", `${who}: ${details}`)
        : new OperatorError("RPC_BUSY", `${who}: ${details}`);
    case Status.UNIMPLEMENTED:
      return new OperatorError("RPC_VERSION", `${who} does not offer this call: ${details}`);
    case Status.INTERNAL:
      if (/deserializ|parsing|decompress/i.test(details)) return new OperatorError("RPC_MESSAGE_INVALID", `${who}: ${details}`);
      if (/RST_STREAM|connection|GOAWAY/i.test(details))
        return new OperatorError("RPC_CONNECTION_LOST", `the connection to ${who} is lost: ${details}`);
      return new OperatorError("RPC_PEER_FAILED", `${who} failed: ${details}`);
    default:
      return new OperatorError("RPC_PEER_FAILED", `${who} failed: ${details || `status ${code}`}`);
  }
}

const retryable: ReadonlySet<ErrorCode> = new Set([
  "RPC_UNREACHABLE",
  "RPC_CONNECTION_LOST",
  "RPC_SESSION_UNKNOWN",
  "RPC_STOPPING",
  "RPC_BUSY",
  "RPC_TOO_MANY_LOGINS",
  "TIMED_OUT",
]);

/** Whether dialling again later may help. False for wrong passwords, wrong versions and whatever a handler decided. */
export function isRetryable(error: unknown): boolean {
  return error instanceof OperatorError && retryable.has(error.code);
}

/** A text fit for a header: well-formed, one line, bounded. */
function clip(text: string): string {
  const line = text.toWellFormed().replaceAll(/[\r\n]+/g, " ");
  return line.length <= TEXT_LENGTH_MAX ? line : `${line.slice(0, TEXT_LENGTH_MAX - 3)}...`;
}
