import type { Appender } from "../mount/appender.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { DeviceWish } from "../reserve/choose-device.ts";
import type { JobRef } from "#proto/common.ts";
import type { Reservation, ReservationWaiter } from "../reserve/reservations.ts";
import type { SessionKey } from "../volume/block.ts";
import type { Changes } from "./changes.ts";
import type { VerifyPool } from "../store/verify-pool.ts";

/** What a job needs of the daemon around it. */
export interface JobSurroundings {
  /** The daemon's name in messages. */
  readonly name: string;
  /** How long a file daemon may take to come (back). */
  readonly clientWaitMs: number;
  /** How long an operator request may stand open. */
  readonly operatorWaitMs: number;
  /** Notified when an operator did something, or a Volume became free. */
  readonly poke: Changes;
  reserve(wish: DeviceWish, waiter: ReservationWaiter, signal: AbortSignal): Promise<Reservation>;
  appenderOf(device: string): Appender;
  hostOf(device: string): DeviceHost;
  /** The same for a name that may be nobody's. */
  findHost(device: string): DeviceHost | undefined;
  /** Who verifies the chunks that come. */
  readonly verifiers: VerifyPool;
  /** Where the job's attributes are spooled. */
  spoolPath(ref: JobRef, session: SessionKey): string;
  /** A file of the job's collected data. */
  dataSpoolPath(ref: JobRef, device: string, segment: number): string;
  logError(text: string, error: unknown): void;
}

/** A batch as the wire gave it; a Buffer is a Uint8Array that may lie in a larger one. */
export function wholeBatch(batch: Buffer): Uint8Array {
  return new Uint8Array(batch.buffer, batch.byteOffset, batch.byteLength);
}
