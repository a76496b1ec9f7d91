import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Command } from "./command.ts";
import { showDeviceLines } from "./device-lines.ts";
import { introduce } from "./introduce.ts";
import { deviceOf } from "./changer.ts";
import { selectStorage } from "./prompts.ts";

/**
 * Sends the Volumes and the store of a storage to another one. Ctrl-C ends it at both; the former replica stays, and what was
 * received of the new one is thrown away.
 */
export const replicate: Command = {
  name: "replicate",
  help: "Send a btrfs storage to a second storage daemon",
  usage: "storage=<name> to=<name> [device=<name>] [todevice=<name>]",
  keywords: ["storage=", "to=", "device=", "todevice=", "yes"],
  async run(context, args) {
    const storage = await selectStorage(context, args);
    const to = await selectStorage(context, args, "to");
    const device = args.value("device") ?? deviceOf(storage);
    const called = { storage: to, device: args.value("todevice") ?? deviceOf(to) };
    if (to.name === storage.name && called.device === device)
      throw new OperatorError("VALUE_REFUSED", `Storage "${to.name}" cannot be replicated to itself`, {
        hint: "name another storage with to=",
      });
    if (context.settings.api !== 2)
      await context.say(
        `Connecting to Storage daemon ${storage.name} at ${storage.address}:${storage.sdPort} and ${to.name} at ${to.address}:${to.sdPort} ...\n`,
      );
    const peer = await introduce(context, storage, called);
    const replies = context.director.daemons.storageDaemon(storage.name).replicate({ device, to: peer }, context.signal);
    await showDeviceLines(context, replies, "replicate");
  },
};
