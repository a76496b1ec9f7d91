import { findMedia } from "#catalog/queries/media.ts";
import { findPoolById } from "#catalog/queries/pools.ts";
import type { Arguments } from "./arguments.ts";
import { driveFor, listSlots } from "./changer.ts";
import type { CommandContext } from "./command.ts";
import { selectStorage } from "./prompts.ts";
import { parseSlots } from "./slot-list.ts";

const BORDER = "+------+----------------------+-----------+-----------------+--------------------+\n";

/** What lies in the slots of a changer, and what the catalog knows of it. A `*` behind the slot: the catalog does not have that Volume there. */
export async function slotsStatus(context: CommandContext, args: Arguments): Promise<void> {
  const catalog = await context.catalog();
  const storage = await selectStorage(context, args);
  const drive = await driveFor(context, storage, args);
  const text = args.value("slots") ?? "";
  const contents = await listSlots(context, storage, drive, text === "" ? undefined : parseSlots(text));
  if (contents.length === 0) return await context.say("No Volumes found, or no barcodes.\n");
  await context.say(`${BORDER}| Slot | Volume Name          | Status    | Media Type      | Pool               |\n${BORDER}`);
  for (const { slot, volume } of contents) {
    context.signal.throwIfAborted();
    const media = volume === "" ? null : await findMedia(catalog, volume);
    const pool = media === null ? null : await findPoolById(catalog, media.PoolId);
    const isThere = media !== null && media.InChanger === 1 && media.Slot === slot;
    const cells = [volume.padEnd(20), column(media?.VolStatus, 9), column(media?.MediaType, 15), column(pool?.Name, 18)];
    await context.say(`|${String(slot).padStart(5)}${isThere ? " " : "*"}| ${cells.join(" | ")} |\n`);
  }
  await context.say(BORDER);
}

function column(text: string | undefined, width: number): string {
  return (text ?? "?").padEnd(width);
}
