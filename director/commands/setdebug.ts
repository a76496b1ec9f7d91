import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { SetDebugRequest } from "#proto/common.ts";
import type { Arguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { askInteger, chooseOne, selectClient, selectStorage, visibleNames } from "./prompts.ts";

/** Highest debug level. */
const LEVEL_MAX = 1000;

/** Sets how much the daemons tell of what they do. */
export const setdebug: Command = {
  name: "setdebug",
  help: "Set the debug level of a daemon",
  usage: "level=<0-1000> [trace=0|1] [tags=<list>] [hangup=<n>] dir | client=<name> | storage=<name> | all",
  keywords: ["level=", "trace=", "tags=", "hangup=", "options=", "dir|director=?", "client|fd=?", "storage|sd=?", "all"],
  async run(context, args) {
    const request = await requestOf(context, args);
    const target = await targetOf(context, args);
    if (target === "dir" || target === "all")
      context.director.setDebug(request.level, { trace: request.trace, tags: request.tags });
    const clients =
      target === "client"
        ? [(await selectClient(context, args)).name]
        : target === "all"
          ? visibleNames(context, "client")
          : [];
    const storages =
      target === "storage"
        ? [(await selectStorage(context, args)).name]
        : target === "all"
          ? visibleNames(context, "storage")
          : [];
    const failed: string[] = [];
    for (const name of clients)
      await told(
        context,
        failed,
        () => context.director.daemons.fileDaemon(name).setDebug(request, context.signal),
        `Client ${name}`,
      );
    for (const name of storages)
      await told(
        context,
        failed,
        () => context.director.daemons.storageDaemon(name).setDebug(request, context.signal),
        `Storage ${name}`,
      );
    if (failed.length > 0) context.fail(1);
  },
};

async function requestOf(context: CommandContext, args: Arguments): Promise<SetDebugRequest> {
  const hangup = args.value("hangup");
  if (hangup !== undefined && !/^-?\d{1,9}$/.test(hangup))
    throw new OperatorError("KEYWORD_VALUE", `hangup=${hangup} is no number`);
  const level =
    args.integer("level") ?? (hangup === undefined ? await askInteger(context, "Enter new debug level: ", { min: 0 }) : 0);
  if (level > LEVEL_MAX) throw new OperatorError("KEYWORD_VALUE", `level=${level} is above ${LEVEL_MAX}`);
  const trace = args.flag("trace");
  return { level, ...(trace === undefined ? {} : { trace }), tags: args.value("tags") ?? "", hangup: Number(hangup ?? 0) };
}

async function targetOf(context: CommandContext, args: Arguments): Promise<"dir" | "client" | "storage" | "all"> {
  for (const target of ["all", "dir", "client", "storage"] as const) if (args.has(target)) return target;
  const at = await chooseOne(context, {
    title: "Available daemons are:",
    prompt: "Select daemon type to set debug level",
    choices: ["Director", "Storage", "Client", "All"],
  });
  return (["dir", "storage", "client", "all"] as const)[at]!;
}

async function told(context: CommandContext, failed: string[], set: () => Promise<void>, who: string): Promise<void> {
  try {
    await set();
    await context.say(`2000 OK setdebug ${who}\n`);
  } catch (error) {
    if (!(error instanceof OperatorError) || context.signal.aborted) throw error;
    failed.push(who);
    await context.say(`${describeError(error)}\n`);
  }
}
