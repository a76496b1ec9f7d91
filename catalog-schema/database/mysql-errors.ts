import { OperatorError } from "#lib/errors/operator-error.ts";
import { DuplicateKeyError } from "./sqlite-client.ts";

/**
 * A failure that may pass: the connection was lost, or the database chose this transaction to end a deadlock. A unit of work that can
 * be repeated as a whole should be.
 */
export class TransientError extends OperatorError {
  /** The connection is gone; false: only the transaction is. */
  readonly isLost: boolean;
  /** The statement was never sent: to send it again is harmless whatever it does. */
  readonly isUnsent: boolean;

  constructor(message: string, kind: "lost" | "unsent" | "conflict", cause?: unknown) {
    super(kind === "conflict" ? "CATALOG_BUSY" : "CATALOG_UNREACHABLE", message, { cause });
    this.isLost = kind !== "conflict";
    this.isUnsent = kind === "unsent";
  }
}

interface DriverError {
  readonly code?: string;
  readonly errno?: number;
  readonly message?: string;
  readonly fatal?: boolean;
}

const ER_DUP_ENTRY = 1062;
/** Lock wait timeout, deadlock, Galera's certification conflicts, TiDB's write conflicts. */
const conflicts: ReadonlySet<number> = new Set([1205, 1213, 1020, 8002, 8022, 9007]);
/** Server shuts down, too many connections, node not ready (Galera), read-only after fail-over, killed. */
const losses: ReadonlySet<number> = new Set([
  1040, 1047, 1053, 1077, 1080, 1129, 1152, 1158, 1159, 1160, 1161, 1290, 1927, 3024, 4031,
]);
const lossCodes: ReadonlySet<string> = new Set([
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR",
  "PROTOCOL_ENQUEUE_AFTER_QUIT",
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOENT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ENOTFOUND",
  "EADDRNOTAVAIL",
]);
const fullDisk: ReadonlySet<number> = new Set([1021, 1114]);
const damaged: ReadonlySet<number> = new Set([126, 127, 1034, 1194, 1195, 1712]);

/** What an operator should read about a failure of MySQL; `where` names database and server. */
export function mysqlError(error: unknown, where: string): Error {
  if (!(error instanceof Error) || error instanceof OperatorError || error instanceof DuplicateKeyError) return error as Error;
  const { code, errno, message } = error as DriverError;
  const text = `catalog ${where}: ${message === undefined || message === "" ? String(code) : message}`;
  if (errno === ER_DUP_ENTRY) return new DuplicateKeyError(text);
  if (text.includes("Can't add new command")) return new TransientError(text, "unsent", error);
  if (errno !== undefined && conflicts.has(errno)) return new TransientError(text, "conflict", error);
  if ((errno !== undefined && losses.has(errno)) || (code !== undefined && lossCodes.has(code)))
    return new TransientError(text, "lost", error);
  if (errno !== undefined && fullDisk.has(errno)) return new OperatorError("CATALOG_DISK_FULL", text, { cause: error });
  if (errno !== undefined && damaged.has(errno)) return new OperatorError("CATALOG_DAMAGED", text, { cause: error });
  if (code !== undefined && /^ER_|^HANDSHAKE|^[A-Z]+_/.test(code))
    return new OperatorError("CATALOG_REFUSED", text, { cause: error });
  return error;
}
