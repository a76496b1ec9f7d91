import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Command } from "./command.ts";

/** `help` needs the whole table, which holds `help`: the table hands itself over. */
export function makeHelp(table: () => readonly Command[]): Command {
  return {
    name: "help",
    help: "List the commands, or explain one",
    usage: "[<command>]",
    keywords: [],
    words: true,
    async run(context, args) {
      const [word] = args.words;
      const shown = table().filter((command) => !command.name.startsWith("."));
      if (word === undefined) {
        const lines = shown.map((command) => `  ${command.name.padEnd(13)} ${command.help}\n`);
        await context.say(
          `  Command       Description\n  =======       ===========\n${lines.join("")}\nA period at a question leaves the command.\n`,
        );
        return;
      }
      const found =
        table().find((command) => command.name === word.toLowerCase()) ??
        shown.find((command) => command.name.startsWith(word.toLowerCase()));
      if (found === undefined) throw new OperatorError("COMMAND_UNKNOWN", `Can't find ${word} command.`);
      const usage = found.usage === "" ? "no arguments" : found.usage;
      await context.say(
        `  Command       Description\n  =======       ===========\n  ${found.name.padEnd(13)} ${found.help}\n\nArguments:\n\t${usage.replaceAll("\n", "\n\t")}\n`,
      );
    },
  };
}

/** The same for programs: `.help` with usage, `.help all` the names, `.help item=NAME` the usage of one. */
export function dotHelp(table: () => readonly Command[]): Command {
  return {
    name: ".help",
    help: "Help for programs",
    usage: "[all | item=<command>]",
    keywords: ["all", "item="],
    async run(context, args) {
      const shown = table().filter((command) => !command.name.startsWith("."));
      const item = args.value("item");
      if (item !== undefined) await context.say(`${table().find((command) => command.name === item)?.usage ?? ""}\n`);
      else if (args.has("all")) await context.say(shown.map((command) => `${command.name}\n`).join(""));
      else await context.say(shown.map((command) => `${command.name} ${command.help} -- ${command.usage}\n`).join(""));
    },
  };
}
