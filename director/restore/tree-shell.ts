import { splitLine } from "../commands/arguments.ts";
import { LeavePrompt, type CommandContext } from "../commands/command.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { cwdLine, treeCommands, type TreeEnd, type TreePlace, type TreeTalk } from "./tree-commands.ts";
import type { RestoreTree } from "./tree.ts";

const GREETING = `
You are now entering file selection mode where you add (mark) and
remove (unmark) the files that are to be restored. Nothing is marked at
first, unless "all" was given with the command.
Enter "done" to leave this mode.

`;

/** Lets the operator mark files until `done` or `quit`. `.` and the end of input count as `quit`. */
export async function runTreeShell(
  context: CommandContext,
  tree: RestoreTree,
  options: { readonly autoParent: boolean },
): Promise<TreeEnd> {
  const place: TreePlace = { tree, directory: tree.root };
  const talk: TreeTalk = {
    say: (text) => context.say(text),
    progress: (text, done, total) => context.progress(text, done, total),
    signal: context.signal,
    autoParent: options.autoParent,
  };
  await context.say(`${GREETING}${cwdLine(place)}`);
  for (;;) {
    const line = await askLine(context);
    if (line === null) return "quit";
    const end = await runTreeLine(place, line, talk);
    if (end !== undefined) return end;
  }
}

async function askLine(context: CommandContext): Promise<string | null> {
  try {
    return await context.ask({ prompt: "$ " });
  } catch (error) {
    if (error instanceof LeavePrompt) return null;
    throw error;
  }
}

/** One line of the tree shell. What the operator did wrong is told, not thrown. */
export async function runTreeLine(place: TreePlace, line: string, talk: TreeTalk): Promise<TreeEnd | undefined> {
  try {
    const [word, ...words] = splitTreeLine(line);
    if (word === undefined) return undefined;
    const command =
      treeCommands.find((one) => one.name === word.toLowerCase()) ??
      treeCommands.find((one) => one.name.startsWith(word.toLowerCase()));
    if (command === undefined) {
      await talk.say(`Invalid command "${word}".  Enter "done" to exit.\n`);
      return undefined;
    }
    return (await command.run(place, words, talk)) ?? undefined;
  } catch (error) {
    if (!(error instanceof OperatorError) || talk.signal.aborted) throw error;
    await talk.say(`${describeError(error)}\n`);
    return undefined;
  }
}

/** Words of a line; a backslash is kept for the wildcards, quotes are not. */
function splitTreeLine(line: string): string[] {
  return splitLine(line.replaceAll("\\", "\\\\"));
}
