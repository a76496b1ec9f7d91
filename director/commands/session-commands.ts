import type { Command } from "./command.ts";
import { dayTime } from "./format.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { mayAccess } from "./authorize.ts";
import { chooseOne } from "./prompts.ts";

/** Leaves the console. */
export const quit: Command = {
  name: "quit",
  help: "Leave the console",
  usage: "",
  keywords: [],
  run: async () => "quit",
};

/** The same. */
export const exit: Command = { ...quit, name: "exit" };

/** Time of the Director. */
export const time: Command = {
  name: "time",
  help: "Show the time of the Director",
  usage: "",
  keywords: [],
  run: async (context) => context.say(`${dayTime(context.director.now())}\n`),
};

/** Version of the Director. */
export const version: Command = {
  name: "version",
  help: "Show the version of the Director",
  usage: "",
  keywords: [],
  run: async (context) => context.say(`${context.director.config().director.name} Version: ${context.director.version}\n`),
};

/** Messages at each prompt instead of a hint that there are some. */
export const autodisplay: Command = {
  name: "autodisplay",
  help: "Show messages as they come",
  usage: "on | off",
  keywords: ["on", "off"],
  async run(context, args) {
    context.settings.autoDisplay = onOrOff(args, "autodisplay");
  },
};

/** Mount after label. */
export const automount: Command = {
  name: "automount",
  help: "Mount a Volume after it was labelled",
  usage: "on | off",
  keywords: ["on", "off"],
  async run(context, args) {
    context.settings.autoMount = onOrOff(args, "automount");
  },
};

/** For programs that drive the console: `wait` tells an exit status, nothing is announced. */
export const gui: Command = {
  name: "gui",
  help: "Answer a program instead of a person",
  usage: "on | off",
  keywords: ["on", "off"],
  async run(context, args) {
    context.settings.gui = onOrOff(args, "gui");
  },
};

/** Pending messages. */
export const messages: Command = {
  name: "messages",
  help: "Show pending messages",
  usage: "",
  keywords: [],
  async run(context) {
    const { messages: pending } = context.director;
    await context.say(pending.waiting ? pending.take() : "You have no messages.\n");
  },
};

/** Chooses the catalog. */
export const use: Command = {
  name: "use",
  help: "Choose the catalog",
  usage: "catalog=<name>",
  keywords: ["catalog="],
  async run(context, args) {
    const wanted = args.value("catalog");
    const seen = [...context.director.config().catalogs.keys()].filter((name) =>
      mayAccess(context.operator, { kind: "catalog", name }),
    );
    if (wanted !== undefined && !seen.includes(wanted))
      throw new OperatorError("RESOURCE_UNKNOWN", `Catalog "${wanted}" not found`);
    const name =
      wanted ??
      seen[
        await chooseOne(context, {
          title: "The defined Catalog resources are:",
          prompt: "Select Catalog resource",
          choices: seen,
          automatic: "Catalog",
        })
      ]!;
    context.settings.catalog = name;
    context.settings.catalogTold = true;
    await context.say(`Using Catalog "${name}"\nUsing Catalog name=${name} DB=${context.director.catalog(name).description}\n`);
  },
};

/** Reads the configuration again. */
export const reload: Command = {
  name: "reload",
  help: "Read the configuration again",
  usage: "",
  keywords: [],
  async run(context) {
    await context.director.reload();
    await context.say("The configuration was read again.\n");
  },
};

function onOrOff(args: { has(name: string): boolean }, command: string): boolean {
  if (args.has("on") === args.has("off")) throw new OperatorError("KEYWORD_VALUE", `${command}: on or off is needed`);
  return args.has("on");
}
