import { OperatorError } from "#lib/errors/operator-error.ts";
import { INSIDE, type Drive } from "./drive.ts";
import { whileTelling } from "./told-lines.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { DeviceReply } from "#proto/stored.ts";
import type { Inspection } from "../device/device-protocol.ts";
import type { OperatorsTable } from "../mount/operate.ts";

/** A drive whose medium is moved at an operator's word. */
interface DriveHost {
  readonly host: DeviceHost;
  readonly drive: Drive;
  readonly table: OperatorsTable;
}

const NEVER = new AbortController().signal;

/** An operator's command as the cause of a move. */
const operator = (tell: (line: string) => void, volume = "") => ({ volume, client: "", job: "", tell });

/**
 * Makes a drive usable again, with the medium of `slot` in it if one is named, and lets waiting jobs look anew. What was changed by hand
 * is looked at anew too.
 */
export async function* mountDrive({ host, drive, table }: DriveHost, slot: number): AsyncGenerator<DeviceReply> {
  if (drive.isHeld && slot > 0 && drive.slot !== slot) {
    yield busy(host, table);
    return;
  }
  const wasUnmounted = drive.isUnmounted;
  drive.isUnmounted = false;
  if (!drive.isHeld) drive.forget();
  try {
    const found = yield* inspecting(host, drive, slot > 0 ? slot : INSIDE);
    const title = `Device "${host.name}" (${host.settings.archiveDevice})`;
    if (found.kind === "labeled")
      yield { line: `3001 ${title} is mounted with Volume "${found.label.volume}"`, ok: true, volume: undefined };
    else if (found.kind === "missing" && slot === 0)
      yield { line: `3002 ${title} is mounted. It holds no medium.`, ok: true, volume: undefined };
    else
      yield {
        line: `3902 Cannot mount Volume on Storage ${title} because: ${whyNot(found)}`,
        ok: false,
        volume: undefined,
      };
  } catch (error) {
    drive.isUnmounted = wasUnmounted;
    throw error;
  } finally {
    table.reservations.setBlocked(host.name, drive.isUnmounted);
    table.poke.notify();
  }
}

/** Takes the medium out of a drive and the drive out of use, until it is mounted again. Jobs that wait for it go on waiting. */
export async function* unmountDrive({ host, drive, table }: DriveHost): AsyncGenerator<DeviceReply> {
  const title = `Device "${host.name}" (${host.settings.archiveDevice})`;
  if (drive.isHeld) {
    yield busy(host, table);
    return;
  }
  if (drive.isUnmounted) {
    yield { line: `3901 ${title} is already unmounted.`, ok: true, volume: undefined };
    return;
  }
  drive.isUnmounted = true; // first, so that no job takes the drive in between
  try {
    yield* whileTelling(async (tell) => await drive.empty(operator(tell)));
  } catch (error) {
    drive.isUnmounted = false;
    if (!(error instanceof OperatorError) || error.code !== "DRIVE_BUSY") throw error;
    yield busy(host, table);
    return;
  } finally {
    table.reservations.setBlocked(host.name, drive.isUnmounted);
  }
  yield { line: `3002 ${title} unmounted.`, ok: true, volume: undefined };
}

/** Puts the medium of a drive back into its slot; the drive stays usable. */
export async function* releaseDrive({ host, drive, table }: DriveHost): AsyncGenerator<DeviceReply> {
  const title = `Device "${host.name}" (${host.settings.archiveDevice})`;
  if (drive.isHeld || table.reservations.useOf(host.name).kind !== "idle") {
    yield { line: `3918 ${title} is busy.`, ok: false, volume: undefined };
    return;
  }
  yield* whileTelling(async (tell) => await drive.empty(operator(tell)));
  table.poke.notify();
  yield { line: `3022 ${title} released.`, ok: true, volume: undefined };
}

/**
 * Brings the medium that a command is about into the drive, and answers with what keeps it there. `slot` 0: the one that is in it.
 * DRIVE_BUSY, DRIVE_UNMOUNTED, CHANGER_FAILED, CHANGER_LATE.
 */
export async function* bringForOperator(drive: Drive, slot: number, volume: string): AsyncGenerator<DeviceReply, Disposable> {
  const wish = slot > 0 ? slot : INSIDE;
  if (drive.isHeld && slot > 0 && drive.slot !== slot)
    throw new OperatorError("DRIVE_BUSY", `drive "${drive.name}" is in use with Volume "${drive.volume}"`);
  return yield* whileTelling(async (tell) => await drive.take({ ...operator(tell, volume), slot: wish }, NEVER));
}

/** What is in the drive, or in a slot. */
export async function* inspecting(host: DeviceHost, drive: Drive, slot: number): AsyncGenerator<DeviceReply, Inspection> {
  using _ = yield* whileTelling(async (tell) => await drive.take({ ...operator(tell), slot }, NEVER));
  const found = await host.call("inspect", { volume: drive.volume });
  if (found.kind === "labeled") drive.saw(found.label.volume, found.label.pool);
  else drive.saw("", "");
  if (found.kind === "missing") drive.doubtSlot();
  return found;
}

/** Why no Volume can be had from what was found. */
export function whyNot(found: Exclude<Inspection, { readonly kind: "labeled" }>): string {
  if (found.kind === "missing") return "the drive holds no medium";
  return found.bytes === 0 ? "the medium is blank" : found.reason;
}

function busy(host: DeviceHost, table: OperatorsTable): DeviceReply {
  const use = table.reservations.useOf(host.name);
  const doing = use.kind === "read" ? `readers=${use.jobs}` : `writers=${use.kind === "append" ? use.jobs : 0}`;
  return {
    line: `3937 Device "${host.name}" (${host.settings.archiveDevice}) is busy with ${doing}.`,
    ok: false,
    volume: undefined,
  };
}
