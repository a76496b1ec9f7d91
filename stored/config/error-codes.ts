import { constants } from "node:os";
import { textList } from "#lib/config/directive-types.ts";
import { appended, type DirectiveType } from "#lib/config/define-resource.ts";
import { didYouMean } from "#lib/config/did-you-mean.ts";
import { ConfigMistake } from "#lib/config/problem.ts";

const NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries(constants.errno));

/** Error codes of the system: names (EIO, in any case) or numbers (5), kept as names. What this system does not know is refused. */
export function errorCodes(): DirectiveType<readonly string[]> {
  const type = textList("list of error codes");
  return { ...type, parse: (statement, context, before) => appended(before, type.parse(statement, context, []).map(nameOf)) };
}

function nameOf(text: string): string {
  const upper = text.toUpperCase();
  if (NUMBERS.has(upper)) return upper;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  const byNumber = [...NUMBERS].find(([, value]) => value === number)?.[0];
  if (byNumber !== undefined) return byNumber;
  const hint = didYouMean(upper, [...NUMBERS.keys()]);
  throw new ConfigMistake(`"${text.slice(0, 50)}" is no error code of this system, neither a name like EIO nor a number`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
