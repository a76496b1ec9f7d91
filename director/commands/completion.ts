import { keywordNames } from "./arguments.ts";
import { mayAccess, type Operator } from "./authorize.ts";
import type { DirectorConfig } from "../config/load.ts";
import { findCommand } from "./dispatch.ts";
import { commandTable } from "./table.ts";

/** Words offered for one line. */
const WORDS_MAX = 1000;

/** Words that may stand at the end of the line: commands, keywords of the command, names of resources behind `keyword=`. */
export function completeLine(line: string, config: DirectorConfig, operator: Operator): string[] {
  const words = line.trimStart().split(/\s+/);
  const last = words.at(-1) ?? "";
  const offered = words.length <= 1 ? commandNames(last, operator) : argumentWords(words[0]!, last, config, operator);
  return offered.filter((word) => word.toLowerCase().startsWith(last.toLowerCase())).slice(0, WORDS_MAX);
}

function commandNames(beginning: string, operator: Operator): string[] {
  const named = commandTable
    .map((command) => command.name)
    .filter((name) => mayAccess(operator, { kind: "command", command: name }));
  return named.filter((name) => name.startsWith(".") === beginning.startsWith("."));
}

function argumentWords(word: string, last: string, config: DirectorConfig, operator: Operator): string[] {
  const command = findCommand(word);
  if (command === undefined || !mayAccess(operator, { kind: "command", command: command.name })) return [];
  if (command.name === "help") return commandNames("", operator);
  const equals = last.indexOf("=");
  if (equals < 0) return keywordNames(command);
  const keyword = last.slice(0, equals).toLowerCase();
  return valuesFor(keyword, config, operator).map(
    (value) => `${last.slice(0, equals)}=${/\s/.test(value) ? `"${value}"` : value}`,
  );
}

function valuesFor(keyword: string, config: DirectorConfig, operator: Operator): string[] {
  const kinds = {
    job: [config.jobs, "job"],
    restorejob: [config.jobs, "job"],
    client: [config.clients, "client"],
    restoreclient: [config.clients, "restoreClient"],
    storage: [config.storages, "storage"],
    heal: [config.storages, "storage"],
    to: [config.storages, "storage"],
    pool: [config.pools, "pool"],
    fileset: [config.fileSets, "fileSet"],
    catalog: [config.catalogs, "catalog"],
    schedule: [config.schedules, "schedule"],
  } as const;
  const kind = kinds[keyword as keyof typeof kinds];
  if (kind !== undefined) return [...kind[0].keys()].filter((name) => mayAccess(operator, { kind: kind[1], name }));
  if (keyword === "level") return ["Full", "Incremental", "Differential"];
  if (keyword === "replace") return ["always", "ifnewer", "ifolder", "never"];
  return [];
}
