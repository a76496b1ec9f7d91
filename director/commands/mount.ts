import { OperatorError } from "#lib/errors/operator-error.ts";
import type { DeviceReply } from "#proto/stored.ts";
import { deviceOf, driveFor } from "./changer.ts";
import { runningJob } from "./cancel.ts";
import type { Arguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { named, selectStorage } from "./prompts.ts";

const keywords = ["storage=", "drive=", "slot=", "device=", "jobid=", "job=", "ujobid="];
const usage = "storage=<name> [drive=<n>] [slot=<n>] [device=<name>] | jobid=<n> | job=<name>";

/** Asks a storage daemon to look at the Volume in a drive. */
export const mount: Command = {
  name: "mount",
  help: "Mount a Volume",
  usage,
  keywords,
  run: (context, args) => deviceCommand(context, args, "mount"),
};

/** Asks a storage daemon to let go of a drive. */
export const unmount: Command = {
  name: "unmount",
  help: "Unmount a Volume",
  usage,
  keywords,
  run: (context, args) => deviceCommand(context, args, "unmount"),
};

/** The same, as old hands type it. */
export const umount: Command = { ...unmount, name: "umount", help: "Unmount a Volume: the same as unmount" };

/** Rewinds and frees a drive, which stays usable. */
export const release: Command = {
  name: "release",
  help: "Release a drive",
  usage,
  keywords,
  run: (context, args) => deviceCommand(context, args, "release"),
};

async function deviceCommand(context: CommandContext, args: Arguments, what: "mount" | "unmount" | "release"): Promise<void> {
  const job = runningJob(context, args);
  const storage = job === undefined ? await selectStorage(context, args) : named.storage(context, job.storage);
  const daemon = context.director.daemons.storageDaemon(storage.name);
  const request = {
    device: args.value("device") ?? deviceOf(storage),
    slot: args.integer("slot") ?? 0,
    drive: await driveFor(context, storage, args),
  };
  await context.say(`Connecting to Storage daemon ${storage.name} at ${storage.address}:${storage.sdPort} ...\n`);
  await tellReplies(context, daemon[what](request, context.signal));
  context.director.engine.mediaChanged();
}

/** Shows the lines of a storage daemon as they come. Answers its last reply; throws DEVICE_COMMAND_FAILED if that says it went wrong. */
export async function tellReplies(
  context: CommandContext,
  replies: AsyncIterable<DeviceReply>,
): Promise<DeviceReply | undefined> {
  let last: DeviceReply | undefined;
  for await (const reply of replies) {
    last = reply;
    if (reply.line !== "") await context.say(`${reply.line}\n`);
  }
  if (last?.ok === false) throw new OperatorError("DEVICE_COMMAND_FAILED", "the storage daemon could not do it");
  return last;
}
