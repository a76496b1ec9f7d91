import type { FileSetInclude } from "#director/config/file-set.ts";
import type { RunScript } from "#director/config/run-script.ts";
import type { RunOverrides, RunSpec } from "#director/config/schedule.ts";
import type { RunTimes, TimesOfDay } from "#lib/config/run-times.ts";

type Json = Readonly<Record<string, unknown>>;

/** Directives that Bacula's programs write in another shape than ours; `json` is what our table makes of the value. */
export function baculaShape(resourceType: string, key: string, value: unknown, json: unknown): unknown {
  switch (`${resourceType}/${key}`) {
    case "Schedule/run":
      return (value as readonly RunSpec[]).flatMap(runsOf);
    case "Job/runScripts":
    case "JobDefs/runScripts":
      return (value as readonly RunScript[]).map(scriptOf);
    case "FileSet/include":
      return (value as readonly FileSetInclude[]).map((block, index) => includeOf(block, (json as readonly Json[])[index]!));
    case "FileSet/exclude":
      return { File: value };
    case "Messages/routes":
      return (json as readonly Json[]).map(routeOf);
  }
  return json;
}

/**
 * Lists of numbers; days, months and weeks of the month from 0. Bacula has one minute a line: a line with several is several there. The
 * last week of the month, which Bacula does not know, is 6.
 */
function runsOf(spec: RunSpec): readonly Json[] {
  return hoursByMinute(spec.times.times).map(([minute, hours]) => ({
    ...overridesOf(spec.overrides),
    Hour: hours,
    Minute: minute,
    ...datesOf(spec.times),
  }));
}

function overridesOf(overrides: RunOverrides): Json {
  const entries = Object.entries(overrides).map(([key, value]: [string, unknown]) => {
    const isResource = typeof value === "object" && value !== null && "name" in value;
    return [key[0]!.toUpperCase() + key.slice(1), isResource ? value.name : value] as const;
  });
  return Object.fromEntries(entries);
}

function hoursByMinute(times: TimesOfDay): readonly (readonly [minute: number, hours: readonly number[]])[] {
  if (times.kind === "hourly") return times.minutes.map((minute) => [minute, numbers(0, 23)]);
  const byMinute = Map.groupBy(times.minutesOfDay, (at) => at % 60);
  return [...byMinute].map(([minute, all]) => [minute, all.map((at) => Math.floor(at / 60))]);
}

function datesOf(times: RunTimes): Json {
  const from0 = (values: readonly number[] | undefined, most: number) => values?.map((value) => value - 1) ?? numbers(0, most);
  return {
    Day: from0(times.monthDays, 30),
    ...(times.lastDay ? { LastDay: 1 } : {}),
    Month: from0(times.months, 11),
    DayOfWeek: times.weekDays ?? numbers(0, 6),
    WeekOfMonth: from0(times.weeksOfMonth, 5),
    WeekOfYear: times.weeksOfYear ?? numbers(0, 53),
  };
}

function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function scriptOf(script: RunScript): Json {
  const { target } = script;
  return {
    RunsWhen: script.runsWhen,
    ...(script.runsOnSuccess ? {} : { RunsOnSuccess: false }),
    ...(script.runsOnFailure ? { RunsOnFailure: true } : {}),
    ...(script.failJobOnError ? {} : { FailJobOnError: false }),
    RunsOnClient: target.kind === "client" ? (target.name ?? true) : false,
    [script.kind === "console" ? "Console" : "Command"]: script.command,
  };
}

function includeOf(block: FileSetInclude, json: Json): Json {
  return {
    File: block.files,
    ...(block.plugins.length === 0 ? {} : { Plugin: block.plugins }),
    ...(block.excludeDirContaining.length === 0 ? {} : { ExcludeDirContaining: block.excludeDirContaining }),
    ...(block.options.length === 0 ? {} : { Options: (json["Options"] as readonly Json[]).map(optionsOf) }),
  };
}

/** Options that stand at their default are left out: it is not known which of them are written. */
const OPTION_DEFAULTS: Json = { OneFs: true, Recurse: true, HardLinks: true, CheckFileChanges: true, StripPath: 0 };

function optionsOf(options: Json): Json {
  const entries = Object.entries(options).flatMap(([word, value]) => {
    if (value === (OPTION_DEFAULTS[word] ?? false)) return [];
    return [[word, optionValue(word, value)] as const];
  });
  return Object.fromEntries(entries);
}

function optionValue(word: string, value: unknown): unknown {
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (word === "Signature") return capital(String(value));
  if (word !== "Compression") return value;
  const { algorithm, level } = value as { readonly algorithm: string; readonly level?: number };
  return level === undefined || (algorithm === "gzip" && level === 6) ? capital(algorithm) : `${capital(algorithm)}${level}`;
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1).toLowerCase();
}

/** `all` leaves out debug and saved messages, which Bacula's programs say. */
function routeOf(route: Json): Json {
  const types = route["types"] as readonly string[];
  const left = ["Debug", "Saved"].filter((type) => !types.includes(type)).map((type) => `!${type}`);
  const addresses = route["addresses"] as readonly string[];
  return {
    Type: route["destination"],
    MsgTypes: types[0] === "All" ? ["All", ...left, ...types.slice(1)] : types,
    ...(addresses.length === 0 ? {} : { Where: addresses }),
    ...(route["command"] === undefined ? {} : { Command: route["command"] }),
  };
}
