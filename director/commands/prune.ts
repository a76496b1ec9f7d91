import type { Catalog } from "#catalog/catalog.ts";
import { listClients } from "#catalog/queries/clients.ts";
import { listStoragesOfClient } from "#catalog/queries/storages.ts";
import { pruneEvents, pruneLooseLog, pruneStatistics } from "#catalog/queries/statistics.ts";
import type { ClientRow } from "#catalog/schema/client.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { pruneFiles } from "../retention/prune-files.ts";
import { pruneJobs } from "../retention/prune-jobs.ts";
import { filesPrunedText, jobsPrunedText, keptText } from "../retention/pruned-texts.ts";
import type { Arguments } from "./arguments.ts";
import { mayAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { commas } from "./format.ts";
import { showForecast } from "./prune-forecast.ts";
import { foretellAllPressure, foretellPressure, prunePressure } from "./prune-pressure.ts";
import { simulate } from "./prune-simulate.ts";
import { pruneExpiredVolumes, pruneOneVolume } from "./prune-volume.ts";
import { chooseOne } from "./prompts.ts";
import { tellUpgraded } from "./purge.ts";
import { requireUsablePlaces } from "./usable-places.ts";
import { clientOfCatalog, confirmRetention, poolOfCatalog, retentionParts } from "./retention-parts.ts";

/** Deletes what has expired. */
export const prune: Command = {
  name: "prune",
  help: "Prune expired records from catalog",
  usage: `files|jobs [client=<name> | all] [pool=<name>] [yes] |
volume=<name> [yes] |
expired volume [all] [allpools | pool=<name> | allfrompool pool=<name>] [mediatype=<type>] [limit=<n>] [yes] |
stats [yes] | events [yes] |
simulate|dryrun [days=<n>] [client=<name>] [pool=<name>] [volume=<name>] | forecast |
pressure [simulate|dryrun] [storage=<name>] [limit=<n>]`,
  keywords: [
    "files",
    "jobs",
    "volume|media=?",
    "stats|statistics",
    "events",
    "expired",
    "client=",
    "pool=",
    "all",
    "allpools",
    "allfrompool",
    "mediatype=",
    "limit=",
    "simulate|dryrun",
    "days=",
    "forecast",
    "pressure",
    "storage=",
    "yes",
  ],
  async run(context, args) {
    const catalog = await context.catalog();
    if (args.has("forecast")) return await showForecast(context, catalog);
    if (args.has("pressure"))
      return await (args.has("simulate") ? foretellPressure(context, args) : prunePressure(context, args));
    if (args.has("simulate")) {
      await simulate(context, catalog, args);
      if (!["volume", "client", "pool"].some((what) => args.has(what))) await foretellAllPressure(context, args);
      return;
    }
    switch (await subjectOf(context, args)) {
      case "files":
        return await pruneRecords(context, catalog, args, "File");
      case "jobs":
        return await pruneRecords(context, catalog, args, "Job");
      case "stats":
        return await pruneStats(context, catalog, args);
      case "events":
        return await pruneOldEvents(context, catalog, args);
      case "volume":
        await (args.value("volume") === undefined && wantsMany(args)
          ? pruneExpiredVolumes(context, catalog, args)
          : pruneOneVolume(context, catalog, args));
    }
  },
};

type Subject = "files" | "jobs" | "volume" | "stats" | "events";

async function subjectOf(context: CommandContext, args: Arguments): Promise<Subject> {
  const subjects = ["files", "jobs", "volume", "stats", "events"] as const;
  for (const subject of subjects) if (args.has(subject)) return subject;
  if (wantsMany(args)) return "volume";
  const at = await chooseOne(context, {
    title: "You have the following choices:",
    prompt: "Choose item to prune",
    choices: ["Files", "Jobs", "Volume", "Stats", "Events"],
  });
  return subjects[at]!;
}

function wantsMany(args: Arguments): boolean {
  return args.has("expired") || args.has("all") || args.has("allpools") || args.has("allfrompool");
}

async function pruneRecords(context: CommandContext, catalog: Catalog, args: Arguments, what: "File" | "Job"): Promise<void> {
  const pool = await poolOfCatalog(context, catalog, args);
  const clients = args.has("all") ? await visibleClients(context, catalog) : [await clientOfCatalog(context, catalog, args)];
  const poolResource = pool === null ? undefined : context.director.config().pools.get(pool.Name);
  const ofPool = (what === "Job" ? poolResource?.jobRetention : poolResource?.fileRetention) ?? 0;
  if (what === "Job")
    for (const client of clients)
      await requireUsablePlaces(context, catalog, await listStoragesOfClient(catalog, client.ClientId));
  for (const client of clients) {
    const ofClient = what === "Job" ? client.JobRetention : client.FileRetention;
    const seconds = await confirmRetention(context, args, what, ofPool > 0 ? ofPool : ofClient);
    const ask = {
      clientId: client.ClientId,
      ...(pool === null ? {} : { poolId: pool.PoolId }),
      ...(seconds === null ? {} : { seconds }),
      nowMs: context.director.now(),
    };
    const parts = retentionParts(context, catalog);
    if (what === "File") {
      await context.say(`${filesPrunedText(await pruneFiles(parts, ask, context.signal), client.Name)}\n`);
      continue;
    }
    const pruned = await pruneJobs(parts, ask, context.signal);
    await context.say(`${jobsPrunedText(pruned.removed, client.Name)}\n`);
    for (const line of keptText(pruned)) await context.say(`${line}\n`);
    await tellUpgraded(context, pruned.upgraded);
    if (pruned.removed > 0) context.director.engine.mediaChanged();
  }
}

async function visibleClients(context: CommandContext, catalog: Catalog): Promise<readonly ClientRow[]> {
  return (await listClients(catalog)).filter((row) => mayAccess(context.operator, { kind: "client", name: row.Name }));
}

async function pruneStats(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const configured = context.director.config().director.statisticsRetention;
  const seconds = (await confirmRetention(context, args, "Statistics", configured)) ?? configured;
  await pruneStatistics(catalog, Math.floor(context.director.now() / 1000) - seconds);
  await context.say("Pruned Jobs from JobHisto catalog.\n");
}

async function pruneOldEvents(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const configured = context.director.config().director.eventsRetention;
  const seconds = (await confirmRetention(context, args, "Events", configured)) ?? configured;
  const before = catalogTime(context.director.now() - seconds * 1000);
  const events = await pruneEvents(catalog, before);
  const lines = await pruneLooseLog(catalog, before);
  await context.say(`Pruned ${commas(events)} Events and ${commas(lines)} log lines of no Job from catalog.\n`);
}
