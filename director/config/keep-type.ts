import { formatDuration, parseDuration } from "#lib/base/duration.ts";
import type { DirectiveType } from "#lib/config/define-resource.ts";
import { isValue } from "#lib/config/directive-types.ts";
import { shown, type Statement } from "#lib/config/parser.ts";
import { ConfigMistake } from "#lib/config/problem.ts";
import { EMPTY_KEEP, KEEP_PERIODS, keepText, type KeepRule } from "../retention/keep-rules.ts";

/** Most backups that one part of a rule counts. */
const COUNT_MAX = 100_000;

const HINT = 'write e.g. "7 daily, 4 weekly, 12 monthly, 3 yearly"; also hourly, last N, minimum age TIME';

/** `Keep = last 3, 24 hourly, 7 daily, 4 weekly, 12 monthly, 3 yearly, minimum age 2 days`. */
export function keepRule(): DirectiveType<KeepRule> {
  return {
    label: "list of what is kept",
    repeats: "refuse",
    braces: "never",
    parse: (statement) => parseKeep(statement),
    print: (value) => [{ value: keepText(value, formatDuration) }],
    json: (value) => value,
  };
}

function parseKeep(statement: Statement): KeepRule {
  const rule: Record<keyof KeepRule, number> = { ...EMPTY_KEEP };
  for (const part of partsOf(statement)) {
    const [name, value] = readPart(part, statement);
    if (rule[name] > 0) throw new ConfigMistake(`"${name}" is written twice`, { at: statement.valueAt });
    rule[name] = value;
  }
  return rule;
}

/** Words between commas, quoted or not, with one blank between them. */
function partsOf(statement: Statement): readonly string[] {
  const parts: string[] = [""];
  for (const word of statement.words) {
    if (word.kind === ",") parts.push("");
    else if (isValue(word)) parts[parts.length - 1] += ` ${word.kind === "quoted" ? word.text : word.raw}`;
    else throw new ConfigMistake(`unexpected ${shown(word)}`, { at: word.at, hint: HINT });
  }
  return parts.flatMap((part) => part.split(",")).map((part) => part.trim().toLowerCase());
}

function readPart(part: string, statement: Statement): readonly [keyof KeepRule, number] {
  const mistake = (why: string) => new ConfigMistake(`"${part}" ${why}`, { at: statement.valueAt, hint: HINT });
  const age = /^minimum ?age (.+)$/.exec(part);
  if (age !== null) {
    try {
      return ["minimumAge", parseDuration(age[1]!)];
    } catch (error) {
      throw mistake(error instanceof Error ? error.message : String(error));
    }
  }
  const counted = /^(?:last (\d{1,9})|(\d{1,9}) ?([a-z]+))$/.exec(part);
  if (counted === null) throw mistake("is no part of a Keep rule");
  const name = counted[1] === undefined ? counted[3]! : "last";
  const count = Number(counted[1] ?? counted[2]);
  if (name !== "last" && !KEEP_PERIODS.some((period) => period === name)) throw mistake("names no period");
  if (count < 1 || count > COUNT_MAX) throw mistake(`counts ${count}; 1 to ${COUNT_MAX} is allowed`);
  return [name as keyof KeepRule, count];
}
