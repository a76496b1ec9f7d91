import { OperatorError } from "#lib/errors/operator-error.ts";
import type { DedupRequest } from "#proto/stored.ts";
import type { StorageResource } from "../config/storage.ts";
import type { Arguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { showDeviceLines } from "./device-lines.ts";
import { introduce } from "./introduce.ts";
import { deviceOf } from "./changer.ts";
import { chooseOne, named, selectStorage } from "./prompts.ts";

const ACTIONS = ["status", "scrub", "vacuum", "verify", "init"] as const;
type Action = (typeof ACTIONS)[number];

const EXPLAINED: Readonly<Record<Action, string>> = {
  status: "Show what the store holds",
  scrub: "Read and check every chunk",
  vacuum: "Free what no saved job refers to",
  verify: "Check that every chunk that saved jobs refer to is there",
  init: "Make a new, empty store",
};

/** Care for the store of chunks of a storage. */
export const dedup: Command = {
  name: "dedup",
  help: "Look after a deduplicating store",
  usage: `status|scrub|vacuum|verify|init storage=<name> [device=<name>]
scrub [lookonly] [heal=<storage with a replica>]
vacuum [livepercent=<n>]`,
  keywords: [...ACTIONS, "storage=", "device=", "heal=", "lookonly", "livepercent=", "yes"],
  async run(context, args) {
    const action = await actionOf(context, args);
    requireFitting(action, args);
    const livePercent = livePercentOf(args);
    const storage = await selectStorage(context, args);
    const device = args.value("device") ?? deviceOf(storage);
    const healFrom = args.has("heal") ? await healer(context, args, storage, device) : undefined;
    const request: DedupRequest = { device, action, lookOnly: args.has("lookonly"), healFrom, livePercent };
    if (context.settings.api !== 2)
      await context.say(`Connecting to Storage daemon ${storage.name} at ${storage.address}:${storage.sdPort} ...\n`);
    const replies = context.director.daemons.storageDaemon(storage.name).dedup(request, context.signal);
    await showDeviceLines(context, replies, "dedup");
  },
};

async function actionOf(context: CommandContext, args: Arguments): Promise<Action> {
  const given = ACTIONS.filter((action) => args.has(action));
  if (given.length > 1)
    throw new OperatorError("KEYWORD_VALUE", `dedup: ${given.join(" and ")} are two works`, { hint: "give one" });
  if (given[0] !== undefined) return given[0];
  const at = await chooseOne(context, {
    title: "You have the following choices:",
    prompt: "Choose what to do with the store",
    choices: ACTIONS.map((action) => EXPLAINED[action]),
    words: ACTIONS,
  });
  return ACTIONS[at]!;
}

/** Options that mean nothing to the work at hand are refused: somebody meant another one. */
function requireFitting(action: Action, args: Arguments): void {
  for (const [option, of] of [
    ["heal", "scrub"],
    ["lookonly", "scrub"],
    ["livepercent", "vacuum"],
  ] as const) {
    if (args.has(option) && action !== of)
      throw new OperatorError("KEYWORD_VALUE", `dedup ${action}: ${option} is an option of ${of}`);
  }
  if (args.has("heal") && args.has("lookonly"))
    throw new OperatorError("KEYWORD_VALUE", "dedup scrub: lookonly changes nothing, and so cannot heal");
}

function livePercentOf(args: Arguments): number {
  const percent = args.integer("livepercent", 1) ?? 0;
  if (percent > 100) throw new OperatorError("KEYWORD_VALUE", `livepercent=${percent} is more than 100`);
  return percent;
}

/** The storage with the second copy, introduced to the one that is to be mended. */
async function healer(context: CommandContext, args: Arguments, storage: StorageResource, device: string) {
  const other = named.storage(context, args.value("heal")!);
  const called = { storage: other, device: deviceOf(other) };
  if (other.name === storage.name && called.device === device)
    throw new OperatorError("VALUE_REFUSED", `Storage "${other.name}" cannot be healed from itself`);
  return await introduce(context, storage, called);
}
