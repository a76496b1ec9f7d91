import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { INSIDE } from "./drive.ts";
import type { DeviceHost } from "../device/device-host.ts";

/** A Volume that is wanted in a device, and for whom. */
export interface VolumeWanted {
  readonly volume: string;
  /** Where it lies in the changer; 0: not known, or not there. */
  readonly slot: number;
  readonly client: string;
  readonly job: string;
  tell(line: string): void;
}

/** Why a medium could not be brought, and whether only a person can help. */
export interface NotBrought {
  readonly reason: string;
  readonly needsOperator: boolean;
  /** Another job has it: nobody need do anything. */
  readonly isInUse: boolean;
}

const NOTHING: Disposable = { [Symbol.dispose]: () => {} };

/**
 * Brings a Volume's medium into the device and keeps it there until the answer is disposed of. A directory of Volumes has them all at
 * hand. Whether it is the right medium its label says. Rejects only when the signal aborts, or for what is no operator's business.
 */
export async function bringMedium(
  host: DeviceHost,
  wanted: VolumeWanted,
  signal: AbortSignal,
): Promise<Disposable | NotBrought> {
  const { drive } = host;
  if (drive === undefined) return NOTHING;
  try {
    return await drive.take(wanted, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof OperatorError)) throw error;
    // A drive in the way may do for another Volume; an empty slot too. A changer that hangs, or is unmounted, does for none.
    const needsOperator = error.code === "CHANGER_LATE" || error.code === "DRIVE_UNMOUNTED";
    const isInUse = error.code === "DRIVE_BUSY";
    return {
      isInUse,
      needsOperator,
      reason: needsOperator ? pleaseMount(host, wanted, describeError(error)) : describeError(error),
    };
  }
}

/**
 * The same for a Volume that is to be read. Later attempts look first into the drive, where an operator may have put it, and do not trust
 * the slot that was told at the start of the job.
 */
export async function bringForRead(
  host: DeviceHost,
  wanted: VolumeWanted,
  isFirst: boolean,
  signal: AbortSignal,
): Promise<Disposable | NotBrought> {
  if (host.drive === undefined || isFirst) return await bringMedium(host, wanted, signal);
  const inside = await labelInside(host, { client: wanted.client, jobName: wanted.job, signal });
  return await bringMedium(host, { ...wanted, slot: inside === wanted.volume ? INSIDE : 0 }, signal);
}

/** The label of the medium that is in the drive now; undefined if there is none that can be read. Nothing is loaded for this. */
export async function labelInside(
  host: DeviceHost,
  search: { readonly jobName: string; readonly client: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const { drive } = host;
  if (drive === undefined || drive.isUnmounted) return undefined;
  const wanted = { volume: "", slot: INSIDE, client: search.client, job: search.jobName, tell: () => {} };
  const place = await bringMedium(host, wanted, search.signal);
  if (!isBrought(place)) return undefined;
  using _ = place;
  const found = await host.call("inspect", { volume: drive.volume });
  if (found.kind !== "labeled") return undefined;
  drive.saw(found.label.volume, found.label.pool);
  return found.label.volume;
}

/** True if a medium was brought. */
export function isBrought(answer: Disposable | NotBrought): answer is Disposable {
  return Symbol.dispose in answer;
}

/** Asks a person for a Volume. */
export function pleaseMount(host: DeviceHost, wanted: Pick<VolumeWanted, "volume" | "job">, why: string): string {
  return [
    `Job ${wanted.job} is waiting. Please mount Volume "${wanted.volume}" for:`,
    `    Storage:      "${host.name}" (${host.settings.archiveDevice})`,
    `    Media type:   ${host.settings.mediaType}`,
    `    Reason:       ${why}`,
  ].join("\n");
}
