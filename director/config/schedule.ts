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
import { bool, chooseWord, isValue, parseBool, quote, resourceName, text } from "#lib/config/directive-types.ts";
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
      const { overrides, rest } = readOverrides(statement.words, context);
      const words = splitWords(rest);
      const first = words[0]?.text.toLowerCase();
      const level = jobLevels.find((name) => name.toLowerCase() === first);
      if (level !== undefined) overrides["level"] = level;
      const times = parseRunTimes(level === undefined ? words : words.slice(1));
      return appended(before, [{ overrides: overrides as RunOverrides, times }]);
    },
    print: (value) => value.map((spec) => ({ value: printSpec(spec) })),
    json: (value) => value.map((spec) => ({ ...Object.fromEntries(overrideTexts(spec)), when: formatRunTimes(spec.times) })),
    resolve: (value, lookup) => value.map((spec) => ({ ...spec, overrides: resolveOverrides(spec.overrides, lookup) })),
  };
}

/** Takes the `key = value` pairs off the front. The lexer may have glued words to a value: `Full 1st` is one token. */
function readOverrides(
  words: readonly Token[],
  context: ParseContext,
): { overrides: Record<string, unknown>; rest: readonly Token[] } {
  const overrides: Record<string, unknown> = {};
  let rest = words;
  while (rest[1]?.kind === "=") {
    const [name, , value] = rest;
    const keys = splitWords([name!]);
    const key = overrideOfWord.get(name!.text.toLowerCase());
    if (key === undefined) {
      throw new ConfigMistake(`"${keys.at(-1)?.text ?? name!.text}" cannot be set here`, {
        at: name!.at,
        hint: didYouMean(name!.text, Object.keys(OVERRIDES)),
      });
    }
    if (value === undefined || !isValue(value)) throw new ConfigMistake(`a value is expected after ${key} =`, { at: name!.at });
    const [head, tail] = cutWord(value);
    overrides[key] = readOverride(OVERRIDES[key], head, context);
    rest = tail === undefined ? rest.slice(3) : [tail, ...rest.slice(3)];
    if (rest[0]?.kind === ",") rest = rest.slice(1);
  }
  return { overrides, rest };
}

function readOverride(kind: OverrideKind, value: Token, context: ParseContext): unknown {
  if (typeof kind === "object") return { type: kind.reference, name: value.text, at: value.at } satisfies Reference<string>;
  if (kind === "level") return chooseWord(value.text, jobLevels);
  if (kind === "bool") return parseBool(value.text, context);
  if (kind === "priority") {
    if (!/^[0-9]{1,9}$/.test(value.text) || Number(value.text) === 0)
      throw new ConfigMistake(`"${value.text}" is not a priority`, { at: value.at });
    return Number(value.text);
  }
  try {
    return parseDuration(value.text);
  } catch (error) {
    throw new ConfigMistake(error instanceof Error ? error.message : String(error), { at: value.at });
  }
}

/** The first word of a token and what is left of it. Quoted tokens are whole. */
function cutWord(token: Token): readonly [Token, Token | undefined] {
  if (token.kind === "quoted") return [token, undefined];
  const match = /^(\S+)(\s+)(\S[\s\S]*)$/.exec(token.raw);
  if (match === null) return [token, undefined];
  const [, head, blank, tail] = match;
  const at = { ...token.at, column: token.at.column + head!.length + blank!.length };
  const kind = /=/.test(tail!) ? "string" : "identifier";
  return [
    { kind: "string", text: head!, raw: head!, at: token.at },
    { kind, text: tail!.replaceAll(/\s/g, ""), raw: tail!, at },
  ];
}

function splitWords(tokens: readonly Token[]): readonly RunWord[] {
  return tokens.flatMap((token) => {
    if (token.kind === ",") return [];
    if (!isValue(token))
      throw new ConfigMistake(`unexpected ${shown(token)}`, { at: token.at, hint: "key = value pairs stand before the dates" });
    const written = token.kind === "quoted" ? token.text : token.raw;
    return [...written.matchAll(/\S+/g)].map((match) => ({
      text: match[0],
      at: { ...token.at, column: token.at.column + match.index },
    }));
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
  },
  { description: "When jobs run by themselves." },
);

export interface ScheduleResource extends ResourceOf<typeof scheduleTable> {}
