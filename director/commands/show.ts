import type { ResourceBase, ResourceTable } from "#lib/config/define-resource.ts";
import { showResource } from "#lib/config/print.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { directorTables } from "../config/resources.ts";
import type { DirectorConfig } from "../config/load.ts";
import type { SwitchKind } from "./services.ts";
import { mayAccess, requireAccess, type AccessRequest } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";

interface ShownType {
  readonly word: string;
  readonly all: (config: DirectorConfig) => ReadonlyMap<string, ResourceBase & { readonly name: string }>;
  readonly access?: Extract<AccessRequest, { name: string }>["kind"];
}

const types: readonly ShownType[] = [
  { word: "directors", all: (config) => new Map([[config.director.name, config.director]]) },
  { word: "clients", all: (config) => config.clients, access: "client" },
  { word: "jobs", all: (config) => config.jobs, access: "job" },
  { word: "jobdefs", all: (config) => config.jobDefs },
  { word: "storages", all: (config) => config.storages, access: "storage" },
  { word: "schedules", all: (config) => config.schedules, access: "schedule" },
  { word: "filesets", all: (config) => config.fileSets, access: "fileSet" },
  { word: "pools", all: (config) => config.pools, access: "pool" },
  { word: "catalogs", all: (config) => config.catalogs, access: "catalog" },
  { word: "messages", all: (config) => config.messages },
  { word: "consoles", all: (config) => config.consoles },
  { word: "counters", all: (config) => config.counters },
];

/** Bacula's words: `job=` and `jobs`, `storage` and `storages`. */
const keywords = types.map(({ word }) =>
  word === "messages" || word === "jobdefs" ? `${word}=?` : `${word}|${word.replace(/s$/, "")}=?`,
);

/** Resources of the configuration in force, every directive with its value. Passwords are not shown. */
export const show: Command = {
  name: "show",
  help: "Show resources of the configuration",
  usage: `${types.map(({ word }) => word).join(" | ")} | <type>=<name> | disabled | all [search=<text>]`,
  keywords: [...keywords, "disabled", "all", "search|match="],
  async run(context, args) {
    if (args.has("disabled")) return await showDisabled(context);
    const search = args.value("search")?.toLowerCase();
    const chosen =
      args.has("all") || (args.names().length === 1 && search !== undefined)
        ? types
        : types.filter((type) => args.has(type.word));
    if (chosen.length === 0)
      throw new OperatorError("KEYWORD_VALUE", "show: say what to show", {
        hint: "e.g. show jobs, show client=NAME, show all",
      });
    for (const type of chosen) await showType(context, type, args.value(type.word), search);
  },
};

async function showType(
  context: CommandContext,
  type: ShownType,
  name: string | undefined,
  search: string | undefined,
): Promise<void> {
  const resources = type.all(context.director.config());
  if (name !== undefined && name !== "") {
    requireSeen(context, type, name);
    const found = resources.get(name);
    if (found === undefined) throw new OperatorError("RESOURCE_UNKNOWN", `Resource ${name} not found`);
    return await context.say(textOf(found));
  }
  for (const resource of resources.values()) {
    if (!sees(context, type, resource.name)) continue;
    const text = textOf(resource);
    if (search === undefined || text.toLowerCase().includes(search)) await context.say(text);
  }
}

/** Types that no ACL is about are for those who may do everything. */
function sees(context: CommandContext, type: ShownType, name: string): boolean {
  return type.access === undefined
    ? mayAccess(context.operator, { kind: "sql" })
    : mayAccess(context.operator, { kind: type.access, name });
}

function requireSeen(context: CommandContext, type: ShownType, name: string): void {
  requireAccess(context.operator, type.access === undefined ? { kind: "sql" } : { kind: type.access, name });
}

function textOf(resource: ResourceBase): string {
  const table = (directorTables as readonly ResourceTable[]).find((one) => one.path === resource.origin.resourceType)!;
  return showResource(table, resource);
}

async function showDisabled(context: CommandContext): Promise<void> {
  const config = context.director.config();
  const kinds: readonly (readonly [
    SwitchKind,
    string,
    ReadonlyMap<string, { readonly name: string; readonly enabled: boolean }>,
  ])[] = [
    ["job", "Jobs", config.jobs],
    ["client", "Clients", config.clients],
    ["storage", "Storage", config.storages],
    ["pool", "Pools", config.pools],
    ["schedule", "Schedules", config.schedules],
  ];
  for (const [kind, word, resources] of kinds) {
    const off = [...resources.values()].filter(
      (one) =>
        !context.director.switches.enabled(kind, one.name, one.enabled) &&
        mayAccess(context.operator, { kind, name: one.name }),
    );
    await context.say(
      off.length === 0 ? `No disabled ${word}.\n` : `Disabled ${word}:\n${off.map((one) => `   ${one.name}\n`).join("")}`,
    );
  }
}
