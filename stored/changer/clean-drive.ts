import { OperatorError } from "#lib/errors/operator-error.ts";
import { whileTelling } from "./told-lines.ts";
import type { Changer } from "./changer.ts";
import type { Drive } from "./drive.ts";
import type { DeviceOperation } from "../config/device.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { DeviceReply, MediumRequest } from "#proto/stored.ts";
import type { OperatorsTable } from "../mount/operate.ts";

/** Beginning of the barcodes of cleaning cartridges, if the operator names none. */
const CLEANING_PREFIX = "CLN";

/** Refuses what Allowed Operations of the device leaves out. OPERATION_NOT_ALLOWED. */
export function requireAllowed(host: DeviceHost, operation: DeviceOperation): void {
  if (host.settings.forbidden?.includes(operation) !== true) return;
  throw new OperatorError("OPERATION_NOT_ALLOWED", `device "${host.name}" is not allowed to ${operation} (Allowed Operations)`);
}

/** Refuses what changes media on a device that is not to be used (Enabled = no). OPERATION_NOT_ALLOWED. */
export function requireEnabled(host: DeviceHost): void {
  if (host.settings.isEnabled) return;
  throw new OperatorError("OPERATION_NOT_ALLOWED", `device "${host.name}" is disabled (Enabled = no)`);
}

/** Puts a cleaning cartridge into a drive and takes it out again: the one of the slot or barcode that is asked for, else the first. */
export async function* cleanDrive(
  host: DeviceHost,
  request: Pick<MediumRequest, "slot" | "volume">,
  table: OperatorsTable,
): AsyncGenerator<DeviceReply> {
  requireAllowed(host, "clean");
  const { drive } = host;
  const changer = drive?.changer;
  if (drive === undefined || changer === undefined)
    throw new OperatorError("CHANGER_NONE", `${host.title} has no changer that could load a cleaning cartridge`);
  if (table.reservations.useOf(host.name).kind !== "idle")
    throw new OperatorError("DRIVE_BUSY", `${host.title} is in use by jobs`);
  using _ = table.reservations.takeAlone(host.name);
  yield* whileTelling(async (tell) => {
    const cartridge = await findCartridge(changer, drive, request);
    const cause = { volume: cartridge.barcode, client: "", job: "", tell };
    const signal = new AbortController().signal;
    (await drive.take({ ...cause, slot: cartridge.number }, signal))[Symbol.dispose]();
    drive.saw(cartridge.barcode, "");
    await drive.empty(cause);
  });
  yield { line: `3000 OK clean. Device "${host.name}" (${host.settings.archiveDevice})`, ok: true, volume: undefined };
}

async function findCartridge(
  changer: Changer,
  drive: Drive,
  request: Pick<MediumRequest, "slot" | "volume">,
): Promise<{ readonly number: number; readonly barcode: string }> {
  using _ = await changer.turn.acquire();
  const places = await changer.list(drive);
  const isWanted =
    request.volume === "" ? (code: string) => code.startsWith(CLEANING_PREFIX) : (code: string) => code === request.volume;
  const found =
    request.slot > 0 ? places.find((place) => place.number === request.slot) : places.find((place) => isWanted(place.barcode));
  if (found === undefined)
    throw new OperatorError("VOLUME_NOT_FOUND", `changer "${changer.name}" has no cleaning cartridge`, {
      hint: `their barcodes begin with ${CLEANING_PREFIX}; else name one: slot=<n> or volume=<barcode>`,
    });
  if (found.barcode !== "" && !isWanted(found.barcode) && !found.barcode.startsWith(CLEANING_PREFIX))
    throw new OperatorError(
      "VOLUME_WRONG_LABEL",
      `slot ${found.number} holds "${found.barcode}", which is no cleaning cartridge`,
    );
  return found;
}
