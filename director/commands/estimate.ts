import { randomUUID } from "node:crypto";
import { findClient } from "#catalog/queries/clients.ts";
import { listFileSetsOfClient } from "#catalog/queries/filesets.ts";
import type { Catalog } from "#catalog/catalog.ts";
import { decodeName } from "#lib/base/byte-name.ts";
import { expandPercentCodes } from "#lib/config/percent-codes.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { filesetMd5 } from "../config/file-set.ts";
import { accurateChunks, accurateJobIds } from "../job/accurate-list.ts";
import { levelFacts } from "../job/catalog-rows.ts";
import { effectiveJob, type EffectiveJob } from "../job/effective-job.ts";
import { fileSetMessage } from "../job/fileset-message.ts";
import { decideLevel, type LevelDecision, type RunLevel } from "../job/level.ts";
import { requireAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { commas, displayName } from "./format.ts";
import { selectJob } from "./prompts.ts";
import { requestFromArguments } from "./run.ts";

/** Asks a client what a job would save, without saving it. */
export const estimate: Command = {
  name: "estimate",
  help: "Count what a job would save",
  usage: "job=<name> [client=<name>] [fileset=<name>] [level=<level>] [accurate=yes|no] [listing]",
  keywords: ["job=", "client|fd=", "fileset=", "level=", "accurate=", "listing"],
  async run(context, args) {
    const job = await selectJob(context, args, "job", (one) => one.type === "Backup");
    if (job.type !== "Backup") throw new OperatorError("VALUE_REFUSED", `Job "${job.name}" is no Backup`);
    // Without a level everything is counted, whatever level the Job has.
    const effective = effectiveJob({ level: "F", ...requestFromArguments(context, job.name, args) }, context.director.config());
    requireAccess(context.operator, { kind: "client", name: effective.client.name });
    requireAccess(context.operator, { kind: "fileSet", name: effective.fileset.name });
    const catalog = await context.catalog();
    const decision = await levelOf(context, catalog, effective);
    if (decision.upgradedFrom !== null) await context.say(`${decision.messages.join("\n")}\n`);
    const { client } = effective;
    await context.say(`Connecting to Client ${client.name} at ${client.address ?? client.name}:${client.fdPort}\n`);
    const accurate =
      effective.isAccurate && decision.level !== "F" ? await accurateOf(catalog, effective, decision.level) : null;
    await tellEstimate(context, effective, decision, { listing: args.has("listing"), accurate });
  },
};

/** The level that the job would run at now, and since when it would save. Nothing is recorded. */
async function levelOf(context: CommandContext, catalog: Catalog, effective: EffectiveJob): Promise<LevelDecision> {
  const asked = effective.level as RunLevel;
  const rules = {
    maxFullIntervalMs: effective.job.maxFullInterval * 1000,
    maxDiffIntervalMs: effective.job.maxDiffInterval * 1000,
  };
  const client = await findClient(catalog, effective.client.name);
  const versions = client === null ? [] : await listFileSetsOfClient(catalog, client.ClientId);
  const md5 = filesetMd5(effective.fileset);
  const fileSet = versions.find(
    (row) => row.FileSet === effective.fileset.name && (effective.fileset.ignoreFileSetChanges || row.MD5 === md5),
  );
  const none = {
    lastFull: null,
    lastDifferential: null,
    lastGood: null,
    failedLevel: null,
    ranBefore: fileSet === undefined && versions.length > 0,
  };
  const known = client !== null && fileSet !== undefined;
  const facts = known
    ? await levelFacts(
        catalog,
        { name: effective.job.name, clientId: client.ClientId, fileSetId: fileSet.FileSetId },
        effective.job.rerunFailedLevels,
      )
    : none;
  return decideLevel(asked, facts, rules, context.director.now());
}

/** A catalog and the jobs in it that an accurate estimate compares with. */
interface AccurateSource {
  readonly catalog: Catalog;
  readonly jobIds: readonly number[];
}

async function accurateOf(catalog: Catalog, effective: EffectiveJob, level: string): Promise<AccurateSource | null> {
  const client = await findClient(catalog, effective.client.name);
  if (client === null) return null;
  const of = { clientId: client.ClientId, fileSet: effective.fileset.name, jobName: effective.job.name };
  return { catalog, jobIds: await accurateJobIds(catalog, of, level) };
}

async function tellEstimate(
  context: CommandContext,
  effective: EffectiveJob,
  decision: LevelDecision,
  { listing, accurate }: { readonly listing: boolean; readonly accurate: AccurateSource | null },
): Promise<void> {
  const values = {
    Client: effective.client.name,
    Director: context.director.config().director.name,
    JobName: effective.job.name,
    FileSet: effective.fileset.name,
    Level: decision.level,
  };
  const fileset = await fileSetMessage(effective.fileset, (command) => expandPercentCodes(command, values), context.signal);
  // Two estimates at a time must not take one another's list.
  const job = { job: `${effective.job.name}.estimate.${randomUUID()}`, jobId: 0 };
  const daemon = context.director.daemons.fileDaemon(effective.client.name);
  if (accurate !== null) {
    const { catalog, jobIds } = accurate;
    await daemon.sendAccurate(accurateChunks(catalog, job, jobIds, context.signal), context.signal);
  }
  const request = {
    job,
    listing,
    work: {
      level: decision.level,
      sinceUs: decision.sinceMs === null ? 0 : decision.sinceMs * 1000,
      fileset,
      accurate: accurate !== null,
      allowCompression: effective.storage.resource.allowCompression,
      maxBytes: 0, // all that there is, also beyond the job's limit
    },
  };
  let answered = false;
  for await (const reply of daemon.estimate(request, context.signal)) {
    if (reply.lines.length > 0) await context.say(reply.lines.map((line) => `${displayName(decodeName(line))}\n`).join(""));
    if (reply.files === undefined) continue;
    answered = true;
    await context.say(`2000 OK estimate files=${commas(reply.files)} bytes=${commas(reply.bytes ?? 0)}\n`);
    if ((reply.errors ?? 0) > 0) await context.say(`${commas(reply.errors!)} files could not be looked at.\n`);
  }
  if (!answered)
    throw new OperatorError("VALUE_REFUSED", `Client "${effective.client.name}" ended the estimate without a result`);
}
