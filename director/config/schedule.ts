import {
  appended,
  defineResource,
  directive,
  type DirectiveType,
  type Lookup,
  type ParseContext,
  type Reference,
  type ResourceOf,
} from "#lib/config/define-resource.ts";
import { bool, chooseWord, isValue, oneOf, parseBool, quote, resourceName, text } from "#lib/config/directive-types.ts";
import { didYouMean } from "#lib/config/did-you-mean.ts";
import type { Token } from "#lib/config/lexer.ts";
import { shown } from "#lib/config/parser.ts";
import { ConfigMistake } from "#lib/config/problem.ts";
import { formatRunTimes, parseRunTimes, type RunTimes, type RunWord } from "#lib/config/run-times.ts";
import { formatDuration, parseDuration } from "#lib/base/duration.ts";
import { jobLevels, type JobLevel } from "./job.ts";
import type { MessagesResource } from "#lib/config/message-routes.ts";
import type { PoolResource } from "./pool.ts";
import type { StorageResource } from "./storage.ts";

/** What a Run line changes of the job that it starts. What is not written is undefined. */
export interface RunOverrides {
  readonly level?: JobLevel;
  readonly pool?: PoolResource;
  readonly fullPool?: PoolResource;
  readonly incrementalPool?: PoolResource;
  readonly differentialPool?: PoolResource;
  readonly virtualFullPool?: PoolResource;
  readonly nextPool?: PoolResource;
  readonly storage?: StorageResource;
  readonly messages?: MessagesResource;
  readonly priority?: number;
  readonly spoolData?: boolean;
  readonly writePartAfterJob?: boolean;
  /** Seconds. */
  readonly maxRunSchedTime?: number;
  readonly accurate?: boolean;
}

/** One Run line of a Schedule. */
export interface RunSpec {
  readonly overrides: RunOverrides;
  readonly times: RunTimes;
}

/** Words of one Run line; every class of dates written out one by one needs fewer. */
const RUN_WORDS_MAX = 500;

type OverrideKey = keyof RunOverrides;
type OverrideKind = { readonly reference: string } | "level" | "priority" | "bool" | "time";

const OVERRIDES: Record<OverrideKey, OverrideKind> = {
  level: "level",
  pool: { reference: "Pool" },
  fullPool: { reference: "Pool" },
  incrementalPool: { reference: "Pool" },
  differentialPool: { reference: "Pool" },
  virtualFullPool: { reference: "Pool" },
  nextPool: { reference: "Pool" },
  storage: { reference: "Storage" },
  messages: { reference: "Messages" },
  priority: "priority",
  spoolData: "bool",
  writePartAfterJob: "bool",
  maxRunSchedTime: "time",
  accurate: "bool",
};
const overrideOfWord = new Map(Object.keys(OVERRIDES).map((key) => [key.toLowerCase(), key as OverrideKey]));
overrideOfWord.set("vfullpool", "virtualFullPool");
const levelOfWord = new Map(jobLevels.map((level) => [level.toLowerCase(), level]));

/** `[key=value ...] [level] [dates and times]`. */
function runSpecs(): DirectiveType<readonly RunSpec[]> {
  return {
    label: "run specification",
    repeats: "append",
    braces: "never",
    empty: [],
    parse(statement, context, before) {
      if (statement.words.length > RUN_WORDS_MAX)
        throw new ConfigMistake(`a Run line has at most ${RUN_WORDS_MAX} words`, { at: statement.at });
      const { overrides, rest } = readOverrides(splitWords(statement.words), context);
      const times = parseRunTimes(dateWords(rest), (message, at) => context.warn(message, at));
      return appended(before, [{ overrides, times }]);
    },
    print: (value) => value.map((spec) => ({ value: printSpec(spec) })),
    json: (value) => value.map((spec) => ({ ...Object.fromEntries(overrideTexts(spec)), when: formatRunTimes(spec.times) })),
    resolve: (value, lookup) => value.map((spec) => ({ ...spec, overrides: resolveOverrides(spec.overrides, lookup) })),
  };
}

/** Takes `key = value` pairs and bare levels off the front, in any order, as Bacula does; of two alike the last one counts. */
function readOverrides(words: readonly Token[], context: ParseContext): { overrides: RunOverrides; rest: readonly Token[] } {
  const overrides: Record<string, unknown> = {};
  let rest = words;
  for (;;) {
    const [word, next, value] = rest;
    const level = word === undefined ? undefined : levelOfWord.get(word.text.toLowerCase());
    if (next?.kind === "=") {
      const key = overrideKey(word!);
      if (value === undefined || !isValue(value))
        throw new ConfigMistake(`a value is expected after ${word!.text} =`, { at: word!.at });
      overrides[key] = readOverride(OVERRIDES[key], value, context);
      rest = rest.slice(3);
      if (rest[0]?.kind === ",") rest = rest.slice(1);
    } else if (level !== undefined) {
      overrides["level"] = level;
      rest = rest.slice(1);
    } else return { overrides: overrides as RunOverrides, rest };
  }
}

function overrideKey(word: Token): OverrideKey {
  const key = overrideOfWord.get(word.text.toLowerCase());
  if (key !== undefined) return key;
  throw new ConfigMistake(`"${word.text}" cannot be set here`, {
    at: word.at,
    hint: didYouMean(word.text, Object.keys(OVERRIDES)) ?? "a Run line changes level, pools, storage, messages, priority, ...",
  });
}

function readOverride(kind: OverrideKind, value: Token, context: ParseContext): unknown {
  if (typeof kind === "object") return { type: kind.reference, name: value.text, at: value.at } satisfies Reference<string>;
  try {
    if (kind === "level") return chooseWord(value.text, jobLevels);
    if (kind === "bool") return parseBool(value.text, context);
    if (kind === "time") return parseDuration(value.text);
  } catch (error) {
    if (!(error instanceof ConfigMistake) && !(error instanceof RangeError)) throw error;
    throw new ConfigMistake(error.message, { at: value.at, hint: error instanceof ConfigMistake ? error.hint : undefined });
  }
  if (!/^[0-9]{1,9}$/.test(value.text) || Number(value.text) === 0)
    throw new ConfigMistake(`"${value.text}" is not a priority`, { at: value.at, hint: "a whole number from 1" });
  return Number(value.text);
}

/**
 * One token a word. The lexer joins words of letters to one name ("Full Pool" is "FullPool" to other directives); in a Run line blanks
 * part words: "Full Pool = P" is the level Full and the Pool P.
 */
function splitWords(tokens: readonly Token[]): readonly Token[] {
  return tokens.flatMap((token) => {
    if (token.kind === "quoted" || !isValue(token)) return [token];
    return [...token.raw.matchAll(/\S+/g)].map(({ 0: word, index }): Token => {
      return { kind: "string", text: word, raw: word, at: { ...token.at, column: token.at.column + index } };
    });
  });
}

/** Words of dates and times; in quotes several may stand together. */
function dateWords(tokens: readonly Token[]): readonly RunWord[] {
  return tokens.flatMap((token, index) => {
    if (token.kind === ",") return [];
    if (tokens[index + 1]?.kind === "=")
      throw new ConfigMistake(`unexpected ${shown(token)} =`, {
        at: token.at,
        hint: "key = value pairs stand before the dates",
      });
    if (!isValue(token)) throw new ConfigMistake(`unexpected ${shown(token)}`, { at: token.at });
    return [...token.text.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: token.at }));
  });
}

function resolveOverrides(overrides: RunOverrides, lookup: Lookup): RunOverrides {
  const resolved = Object.entries(overrides).map(([key, value]) => {
    const isReference = typeof OVERRIDES[key as OverrideKey] === "object";
    return [key, isReference ? lookup(value as unknown as Reference<string>) : value];
  });
  return Object.fromEntries(resolved.filter(([, value]) => value !== undefined)) as RunOverrides;
}

function overrideTexts(spec: RunSpec): readonly (readonly [string, string])[] {
  return Object.entries(spec.overrides).map(([key, value]) => {
    const keyword = key[0]!.toUpperCase() + key.slice(1);
    if (typeof value === "boolean") return [keyword, value ? "yes" : "no"];
    if (key === "maxRunSchedTime") return [keyword, quote(formatDuration(value as number))];
    if (typeof value === "object") return [keyword, quote((value as { name: string }).name)];
    return [keyword, String(value)];
  });
}

function printSpec(spec: RunSpec): string {
  return [...overrideTexts(spec).map(([key, value]) => `${key}=${value}`), formatRunTimes(spec.times)].join(" ");
}

/** The Schedule resource: when jobs run by themselves. */
export const scheduleTable = defineResource(
  "Schedule",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name by which jobs refer to it." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    run: directive(runSpecs(), {
      acts: true,
      description: "When jobs of this schedule start, and what is different for them then.",
    }),
    enabled: directive(bool(), { default: true, acts: true, description: "Lets the schedule start jobs." }),
    missedRuns: directive(oneOf("Report", "RunOnce", "Ignore"), {
      default: "Report",
      acts: true,
      description:
        "What happens to runs that came due while the Director did not run: they are named in its messages, or each job that missed runs is besides run once, or nothing.",
    }),
  },
  { description: "When jobs run by themselves." },
);

export interface ScheduleResource extends ResourceOf<typeof scheduleTable> {}
