import { describeError } from "#lib/errors/operator-error.ts";
import { relocation } from "#lib/files/relocate.ts";
import { relocationRules } from "../restore/relocation.ts";
import type { CommandContext } from "./command.ts";
import { askText, chooseOne } from "./prompts.ts";

const relocationChoices = [
  "Strip prefix",
  "Add prefix",
  "Add file suffix",
  "Enter a regexp",
  "Test filename manipulation",
  "Use this ?",
] as const;

/** Asks for parts of a relocation until the operator is content; answers the rules. */
export async function askRelocation(context: CommandContext, before: string): Promise<string> {
  const parts: { stripPrefix?: string; addPrefix?: string; addSuffix?: string } = {};
  let own: string | undefined = before === "" ? undefined : before;
  const shown = (text: string | undefined): string => (text === undefined || text === "" ? "*None*" : text);
  for (;;) {
    const rules = own ?? relocationRules(parts);
    await context.say(
      `strip_prefix=${shown(parts.stripPrefix)} add_prefix=${shown(parts.addPrefix)} add_suffix=${shown(parts.addSuffix)}${own === undefined ? "" : ` regexwhere=${own}`}\n`,
    );
    const at = await chooseOne(context, {
      title: "This will replace your current Where value",
      prompt: "Select parameter to modify",
      choices: relocationChoices,
    });
    if (at === 5) return rules;
    if (at === 4) await testRelocation(context, rules);
    else if (at === 3) own = await askRules(context);
    else {
      const text = await askText(
        context,
        [
          "Please enter the path prefix to strip: ",
          "Please enter the path prefix to add (/ for none): ",
          "Please enter the file suffix to add: ",
        ][at]!,
        "",
      );
      own = undefined;
      parts[(["stripPrefix", "addPrefix", "addSuffix"] as const)[at]!] = text;
    }
  }
}

async function askRules(context: CommandContext): Promise<string | undefined> {
  const rules = await askText(context, "Please enter a valid regexp (!from!to!): ", "");
  try {
    relocation("", rules);
    return rules === "" ? undefined : rules;
  } catch (error) {
    await context.say(`${describeError(error)}\n`);
    return undefined;
  }
}

async function testRelocation(context: CommandContext, rules: string): Promise<void> {
  const { nameOf, byteStringOf } = await import("#lib/base/byte-string.ts");
  const { place } = relocation("", rules);
  for (;;) {
    const name = await askText(context, "Please enter filename to test: ", "");
    if (name === "") return;
    const moved = place(byteStringOf(name));
    await context.say(`${name} -> ${moved === undefined ? "(not restored)" : nameOf(moved)}\n`);
  }
}
