import { OperatorError } from "#lib/errors/operator-error.ts";
import { requireAccess } from "./authorize.ts";
import type { Arguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { selectClient, selectJob, selectPool, selectStorage } from "./prompts.ts";
import type { SwitchKind } from "./services.ts";

const keywords = ["job=?", "jobs", "all", "client=?", "schedule=?", "storage=?", "pool=?"];
const usage = "job=<name> | jobs all | client=<name> | schedule=<name> | storage=<name> | pool=<name>";

/** Switches a resource on again. */
export const enable: Command = {
  name: "enable",
  help: "Switch a Job, Client, Schedule, Storage or Pool on",
  usage,
  keywords,
  run: (context, args) => switchResource(context, args, true),
};

/** Switches a resource off until the Director ends or reads its configuration again. */
export const disable: Command = {
  name: "disable",
  help: "Switch a Job, Client, Schedule, Storage or Pool off",
  usage,
  keywords,
  run: (context, args) => switchResource(context, args, false),
};

async function switchResource(context: CommandContext, args: Arguments, enabled: boolean): Promise<void> {
  const { switches } = context.director;
  const word = enabled ? "enabled" : "disabled";
  const tell = async (kind: SwitchKind, name: string): Promise<void> => {
    switches.set(kind, name, enabled);
    await context.say(`${kind[0]!.toUpperCase()}${kind.slice(1)} "${name}" ${word}\n`);
  };
  if (args.has("jobs")) {
    if (!args.has("all")) throw new OperatorError("KEYWORD_VALUE", `write "jobs all", or job=<name>`);
    for (const name of context.director.config().jobs.keys()) {
      requireAccess(context.operator, { kind: "job", name });
      await tell("job", name);
    }
  } else if (args.has("job")) await tell("job", (await selectJob(context, args)).name);
  else if (args.has("client")) await tell("client", (await selectClient(context, args)).name);
  else if (args.has("storage")) await tell("storage", (await selectStorage(context, args)).name);
  else if (args.has("pool")) await tell("pool", (await selectPool(context, args)).name);
  else if (args.has("schedule")) await tell("schedule", scheduleName(context, args.value("schedule") ?? ""));
  else
    throw new OperatorError(
      "KEYWORD_VALUE",
      "You must enter one of the following keywords: job, client, schedule, storage, or pool.",
    );
}

function scheduleName(context: CommandContext, name: string): string {
  requireAccess(context.operator, { kind: "schedule", name });
  if (!context.director.config().schedules.has(name))
    throw new OperatorError("RESOURCE_UNKNOWN", `Schedule "${name}" not found`);
  return name;
}
