import { listMedia } from "#catalog/queries/media.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { mayAccess, requireAccess } from "./authorize.ts";
import { cellText } from "./catalog-table.ts";
import type { Command, CommandContext } from "./command.ts";
import { overview } from "./overview.ts";
import { visibleNames } from "./prompts.ts";
import { headerText, runningText, terminatedText } from "./status.ts";
import { scheduledText } from "./status-schedule.ts";
import { selectClient, selectStorage } from "./prompts.ts";

/** A command for programs that prints names, one a line. */
function nameList(
  name: string,
  help: string,
  names: (context: CommandContext) => readonly string[] | Promise<readonly string[]>,
): Command {
  return {
    name,
    help,
    usage: "",
    keywords: [],
    run: async (context) => context.say((await names(context)).map((one) => `${one}\n`).join("")),
  };
}

const api: Command = {
  name: ".api",
  help: "Choose how output is rendered: 0 for people, 1 and 2 for programs",
  usage: "0 | 1 | 2",
  keywords: ["api_opts="],
  words: true,
  async run(context, args) {
    const [word = "1"] = args.words;
    if (!["0", "1", "2"].includes(word)) throw new OperatorError("KEYWORD_VALUE", `.api ${word}: 0, 1 or 2 is needed`);
    await context.setApi(Number(word) as 0 | 1 | 2);
  },
};

const jobs: Command = {
  name: ".jobs",
  help: "Names of the Job resources",
  usage: "[type=<letter>]",
  keywords: ["type="],
  async run(context, args) {
    const type = args.value("type");
    const { jobs: all } = context.director.config();
    const letters: Readonly<Record<string, string>> = {
      Backup: "B",
      Restore: "R",
      Verify: "V",
      Admin: "D",
      Copy: "c",
      Migrate: "g",
    };
    const names = visibleNames(context, "job").filter((name) => type === undefined || letters[all.get(name)!.type] === type);
    await context.say(names.map((name) => `${name}\n`).join(""));
  },
};

const levels: Command = {
  name: ".levels",
  help: "Levels of a type of job",
  usage: "[Backup | Restore | Admin]",
  keywords: [],
  words: true,
  async run(context, args) {
    const [type = "Backup"] = args.words;
    await context.say(type.toLowerCase().startsWith("b") ? "Full\nIncremental\nDifferential\n" : "\n");
  },
};

const dotMessages: Command = {
  name: ".messages",
  help: "Pending messages, or nothing",
  usage: "",
  keywords: [],
  async run(context) {
    requireAccess(context.operator, { kind: "command", command: "messages" });
    const { messages } = context.director;
    if (messages.waiting) await context.say(messages.take());
  },
};

const sql: Command = {
  name: ".sql",
  help: "Run one statement; values come separated by tabs",
  usage: 'query="<statement>"',
  keywords: [],
  raw: true,
  async run(context) {
    requireAccess(context.operator, { kind: "sql" });
    const match = /^\S+\s+query=(?:"([\s\S]*)"|([\s\S]*))\s*$/i.exec(context.line);
    const statement = match?.[1]?.replaceAll('\\"', '"') ?? match?.[2];
    if (statement === undefined || statement === "")
      throw new OperatorError("KEYWORD_VALUE", ".sql: query=<statement> is needed");
    const result = await (await context.catalog()).sqlQuery(statement, context.signal);
    if (result.kind === "changed") return await context.say(`${result.rows}\n`);
    for await (const page of result.rows)
      await context.say(page.map((row) => `${row.map((cell) => cellText(cell)).join("\t")}\n`).join(""));
  },
};

const status: Command = {
  name: ".status",
  help: "Facts of a daemon for programs",
  usage:
    "dir [current|last|header|scheduled|running|terminated] | client=<name> [<section> ...] | storage=<name> [<section> ...]",
  keywords: [
    "dir=?",
    "client=?",
    "storage=?",
    "api=",
    "current",
    "last",
    "header",
    "scheduled",
    "running",
    "terminated",
    "devices",
    "volumes",
    "spooling",
    "waitreservation",
  ],
  async run(context, args) {
    const sections = args.names().filter((name) => !["dir", "client", "storage", "api"].includes(name));
    const isApi = context.settings.api === 2 || args.value("api") === "2";
    if (args.has("client")) {
      const client = await selectClient(context, args);
      const { lines } = await context.director.daemons.fileDaemon(client.name).status({ sections, api: isApi }, context.signal);
      await context.say(lines.map((line) => `${line}\n`).join(""));
    } else if (args.has("storage")) {
      const storage = await selectStorage(context, args);
      const { lines } = await context.director.daemons
        .storageDaemon(storage.name)
        .status({ sections, api: isApi }, context.signal);
      await context.say(lines.map((line) => `${line}\n`).join(""));
    } else if (args.has("dir"))
      await directorSections(context, sections.length === 0 ? ["header", "scheduled", "running", "terminated"] : sections);
    else throw new OperatorError("KEYWORD_VALUE", "1900 Bad .status command, missing arguments.");
  },
};

async function directorSections(context: CommandContext, sections: readonly string[]): Promise<void> {
  const { engine } = context.director;
  for (const section of sections) {
    if (section === "header") await context.say(headerText(context));
    else if (section === "scheduled") await context.say(await scheduledText(context));
    else if (section === "running") await context.say(runningText(context));
    else if (section === "terminated") await context.say(terminatedText(context));
    else if (section === "current" || section === "last") {
      const shown = (section === "current" ? engine.running() : engine.terminated().slice(-1)).filter((job) =>
        mayAccess(context.operator, { kind: "job", name: job.name }),
      );
      await context.say(
        `1000 OK .status\n${shown.map((job) => `JobId=${job.jobId} JobStatus=${job.status} JobErrors=${job.errors}\n`).join("")}`,
      );
    } else throw new OperatorError("KEYWORD_VALUE", "1900 Bad .status command, wrong argument.");
  }
}

const defaults: Command = {
  name: ".defaults",
  help: "Defaults of a resource, key=value",
  usage: "job=<name> | client=<name> | storage=<name> | pool=<name>",
  keywords: ["job=", "client=", "storage=", "pool="],
  async run(context, args) {
    const config = context.director.config();
    const [kind] = args.names() as ("job" | "client" | "storage" | "pool")[];
    if (kind === undefined) throw new OperatorError("KEYWORD_VALUE", ".defaults: job=, client=, storage= or pool= is needed");
    const name = args.value(kind)!;
    requireAccess(context.operator, { kind, name });
    const facts = { job: jobDefaults, client: clientDefaults, storage: storageDefaults, pool: poolDefaults }[kind](
      config,
      name,
    );
    if (facts === undefined) throw new OperatorError("RESOURCE_UNKNOWN", `${kind} "${name}" not found`);
    await context.say(facts.map(([key, value]) => `${key}=${value}\n`).join(""));
  },
};

type Config = ReturnType<CommandContext["director"]["config"]>;
type Facts = readonly (readonly [string, string | number])[] | undefined;

function jobDefaults(config: Config, name: string): Facts {
  const job = config.jobs.get(name);
  if (job === undefined) return undefined;
  return [["job", job.name], ["pool", job.pool.name], ["messages", job.messages.name], ["client", job.client.name], ["storage", job.storage[0]?.name ?? job.pool.storage[0]?.name ?? ""], ["where", job.where ?? ""], ["level", job.level ?? ""], ["type", job.type], ["fileset", job.fileSet.name], ["enabled", job.enabled ? 1 : 0], ["catalog", job.client.catalog.name], ["priority", job.priority]]; // prettier-ignore
}

function clientDefaults(config: Config, name: string): Facts {
  const client = config.clients.get(name);
  if (client === undefined) return undefined;
  return [["client", client.name], ["address", client.address ?? ""], ["fdport", client.fdPort], ["file_retention", client.fileRetention], ["job_retention", client.jobRetention], ["autoprune", client.autoPrune ? 1 : 0], ["catalog", client.catalog.name]]; // prettier-ignore
}

function storageDefaults(config: Config, name: string): Facts {
  const storage = config.storages.get(name);
  if (storage === undefined) return undefined;
  return [["storage", storage.name], ["address", storage.address], ["enabled", storage.enabled ? 1 : 0], ["media_type", storage.mediaType], ["sdport", storage.sdPort], ["device", storage.device.join(",")]]; // prettier-ignore
}

function poolDefaults(config: Config, name: string): Facts {
  const pool = config.pools.get(name);
  if (pool === undefined) return undefined;
  const flag = (value: boolean): number => (value ? 1 : 0);
  return [["pool", pool.name], ["pool_type", pool.poolType], ["label_format", pool.labelFormat ?? ""], ["use_volume_once", flag(pool.useVolumeOnce)], ["purge_oldest_volume", flag(pool.purgeOldestVolume)], ["recycle_oldest_volume", flag(pool.recycleOldestVolume)], ["recycle_current_volume", flag(pool.recycleCurrentVolume)], ["max_volumes", pool.maximumVolumes], ["vol_retention", pool.volumeRetention], ["vol_use_duration", pool.volumeUseDuration], ["max_vol_jobs", pool.maximumVolumeJobs], ["max_vol_files", pool.maximumVolumeFiles], ["max_vol_bytes", pool.maximumVolumeBytes], ["auto_prune", flag(pool.autoPrune)], ["recycle", flag(pool.recycle)], ["file_retention", pool.fileRetention], ["job_retention", pool.jobRetention]]; // prettier-ignore
}

async function volumeNames(context: CommandContext): Promise<string[]> {
  requireAccess(context.operator, { kind: "sql" });
  return (await listMedia(await context.catalog())).map((volume) => volume.VolumeName);
}

function mayNames(context: CommandContext, kind: "schedule" | "catalog", names: Iterable<string>): string[] {
  return [...names].filter((name) => mayAccess(context.operator, { kind, name }));
}

/** Commands for programs, in the order in which abbreviations are resolved. */
export const dotCommands: readonly Command[] = [
  api,
  nameList(".clients", "Names of the Client resources", (context) => visibleNames(context, "client")),
  nameList(".catalogs", "Names of the Catalog resources", (context) =>
    mayNames(context, "catalog", context.director.config().catalogs.keys()),
  ),
  defaults,
  { name: ".exit", help: "Leave the console", usage: "", keywords: [], run: async () => "quit" },
  nameList(".filesets", "Names of the FileSet resources", (context) => visibleNames(context, "fileSet")),
  jobs,
  levels,
  dotMessages,
  nameList(".msgs", "Names of the Messages resources", (context) => [...context.director.config().messages.keys()]),
  overview,
  nameList(".pools", "Names of the Pool resources", (context) => visibleNames(context, "pool")),
  { name: ".quit", help: "Leave the console", usage: "", keywords: [], run: async () => "quit" },
  nameList(".schedule", "Names of the Schedule resources", (context) =>
    mayNames(context, "schedule", context.director.config().schedules.keys()),
  ),
  sql,
  status,
  nameList(".storage", "Names of the Storage resources", (context) => visibleNames(context, "storage")),
  nameList(".volstatus", "Statuses of Volumes", () => ["Append", "Full", "Used", "Recycle", "Purged", "Cleaning", "Error"]),
  nameList(".media", "Names of the Volumes", volumeNames),
  nameList(".mediatypes", "Media Types of the Storage resources", (context) => {
    const { storages } = context.director.config();
    return [...new Set(visibleNames(context, "storage").map((name) => storages.get(name)!.mediaType))];
  }),
  nameList(".actiononpurge", "What may be done to a purged Volume", () => ["None", "Truncate"]),
  nameList(".types", "Types of jobs", () => ["Backup", "Restore", "Admin"]),
];
