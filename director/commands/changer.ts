import { OperatorError } from "#lib/errors/operator-error.ts";
import type { ChangerReply, ChangerRequest } from "#proto/stored.ts";
import { isAutochanger, type StorageResource } from "../config/storage.ts";
import type { Arguments } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { askInteger } from "./prompts.ts";

/** The device to name to the storage daemon: the first of the resource; an autochanger stands for its drives. */
export function deviceOf(storage: StorageResource): string {
  const device = storage.device[0];
  if (device === undefined) throw new OperatorError("RESOURCE_UNKNOWN", `Storage "${storage.name}" names no Device`);
  return device;
}

/** Asks a changer, and shows what it tells. Throws DEVICE_COMMAND_FAILED when it could not. */
export async function askChanger(
  context: CommandContext,
  storage: StorageResource,
  asked: { readonly action: string; readonly drive: number; readonly slot?: number; readonly toSlot?: number },
): Promise<ChangerReply> {
  const request: ChangerRequest = { device: deviceOf(storage), slot: 0, toSlot: 0, ...asked };
  let last: ChangerReply | undefined;
  for await (const reply of context.director.daemons.storageDaemon(storage.name).changer(request, context.signal)) {
    last = reply;
    if (reply.line !== "") await context.say(`${reply.line}\n`);
  }
  if (last?.ok !== true) throw new OperatorError("DEVICE_COMMAND_FAILED", "the storage daemon could not do it");
  return last;
}

/** The drive of `drive=`; for an autochanger with several drives the operator is asked. */
export async function driveFor(context: CommandContext, storage: StorageResource, args: Arguments): Promise<number> {
  const given = args.integer("drive");
  if (given !== undefined) return given;
  if (!isAutochanger(storage)) return 0;
  const { drives } = await askChanger(context, storage, { action: "drives", drive: 0 });
  return drives <= 1 ? 0 : await askInteger(context, "Enter autochanger drive[0]: ", { min: 0, fallback: 0 });
}

/** What lies in a slot: the barcode, or the label where that was read; "" if the slot is empty or nothing is known of its medium. */
export interface SlotContent {
  readonly slot: number;
  readonly volume: string;
}

/** Asks the changer for its slots and what their barcodes are, those among `wanted` if it is given. */
export async function listSlots(
  context: CommandContext,
  storage: StorageResource,
  drive: number,
  wanted: readonly number[] | undefined,
): Promise<SlotContent[]> {
  await context.say(`Connecting to Storage daemon ${storage.name} at ${storage.address}:${storage.sdPort} ...\n`);
  const { slots } = await askChanger(context, storage, { action: "slots", drive });
  await context.say(`Device "${deviceOf(storage)}" has ${slots} slots.\n`);
  const { places } = await askChanger(context, storage, { action: "list", drive });
  const found = places
    .filter((place) => place.kind === "slot")
    .map(({ number, barcode }) => ({ slot: number, volume: barcode }));
  for (const slot of wanted ?? []) if (slot > slots) await context.say(`Slot ${slot} greater than max ${slots} ignored.\n`);
  return found
    .filter(({ slot }) => slot >= 1 && slot <= Math.max(slots, 0) && (wanted === undefined || wanted.includes(slot)))
    .toSorted((a, b) => a.slot - b.slot);
}
