import type { Catalog } from "#catalog/catalog.ts";
import { findClient } from "#catalog/queries/clients.ts";
import { findMediaById, listMedia } from "#catalog/queries/media.ts";
import { listPools } from "#catalog/queries/pools.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { must } from "#lib/base/assert.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Judged, Verdict } from "../retention/judge.ts";
import type { RetentionParts } from "../retention/parts.ts";
import { judgeFiles } from "../retention/prune-files.ts";
import { judgeAllJobs } from "../retention/prune-jobs.ts";
import { judgeVolumes, ownTimeOfVolume, whyNotPrunable } from "../retention/prune-volumes.ts";
import type { Arguments } from "./arguments.ts";
import { mayAccess, requireAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";
import { commas, levelWord } from "./format.ts";
import type { OutputRow } from "./output.ts";
import { poolOfCatalog, retentionParts } from "./retention-parts.ts";
import { selectVolume } from "./select-rows.ts";

/** Volumes that are judged together. */
const VOLUMES_PER_PORTION = 200;

/** Farthest moment that is looked at, in days. */
const DAYS_MAX = 36_500;

const text = (name: string) => ({ name, number: false });
const number = (name: string) => ({ name, number: true });

/**
 * Shows what pruning would do at a moment: each job, whether it goes, when and why; then each Volume. Nothing is changed. For a day to come it is as if
 * no job ran until then.
 */
export async function simulate(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const days = args.integer("days") ?? 0;
  if (days > DAYS_MAX) throw new OperatorError("KEYWORD_VALUE", `days=${days} is too far; at most ${DAYS_MAX}`);
  const nowMs = context.director.now() + days * 86_400_000;
  await context.say(
    `Simulation for ${catalogTime(nowMs)}${days > 0 ? ", as if no Job ran until then" : ""}. Nothing is changed.\n`,
  );
  const parts = retentionParts(context, catalog);
  if (args.value("volume") === undefined) await simulateJobs(context, parts, args, nowMs);
  await simulateVolumes(context, parts, args, nowMs);
}

async function simulateJobs(context: CommandContext, parts: RetentionParts, args: Arguments, nowMs: number): Promise<void> {
  const pool = await poolOfCatalog(context, parts.catalog, args);
  const ask = {
    ...(await clientAsk(context, parts.catalog, args)),
    ...(pool === null ? {} : { poolId: pool.PoolId }),
    nowMs,
    isWhole: true,
  };
  const sums = { jobs: 0, bytes: 0, files: 0 };
  const pages = async function* (): AsyncGenerator<readonly OutputRow[]> {
    for await (const judged of judgeAllJobs(parts, ask, context.signal)) {
      const seen = judged.filter(({ job }) => mayAccess(context.operator, { kind: "job", name: job.name }));
      for (const { job, verdict } of seen) {
        if (verdict.kind !== "goes") continue;
        sums.jobs++;
        sums.bytes += job.bytes;
      }
      yield seen.map((one) => jobRow(one));
    }
  };
  const columns = [
    number("JobId"),
    text("Job"),
    text("Level"),
    text("StartTime"),
    number("JobBytes"),
    text("Goes"),
    text("When"),
    text("Why"),
  ];
  await context.table({ name: "simulation", columns, vertical: false }, pages());
  for await (const page of judgeFiles(parts, ask, context.signal))
    sums.files += page.filter(
      ({ job, verdict }) => verdict.kind === "goes" && mayAccess(context.operator, { kind: "job", name: job.name }),
    ).length;
  await context.say(
    `Jobs that would go: ${commas(sums.jobs)} (${commas(sums.bytes)} bytes). Jobs whose file records would go: ${commas(sums.files)}.\n`,
  );
}

async function clientAsk(context: CommandContext, catalog: Catalog, args: Arguments): Promise<{ clientId?: number }> {
  const name = args.value("client");
  if (name === undefined) return {};
  requireAccess(context.operator, { kind: "client", name });
  const row = await findClient(catalog, name);
  if (row === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Client "${name}"`);
  return { clientId: row.ClientId };
}

function jobRow({ job, verdict }: Judged): OutputRow {
  const goes = { goes: "yes", needed: "kept", stays: "no" }[verdict.kind];
  return [
    String(job.jobId),
    job.name,
    levelWord(job.level, job.type),
    job.start ?? "",
    String(job.bytes),
    goes,
    whenText(verdict),
    verdict.why,
  ];
}

function whenText(verdict: Verdict): string {
  if (verdict.kind === "goes") return "now";
  return verdict.kind === "stays" && verdict.untilMs !== null ? catalogTime(verdict.untilMs) : "";
}

async function simulateVolumes(context: CommandContext, parts: RetentionParts, args: Arguments, nowMs: number): Promise<void> {
  const volumes = await volumesAsked(context, parts.catalog, args);
  const pages = async function* (): AsyncGenerator<readonly OutputRow[]> {
    for (let at = 0; at < volumes.length; at += VOLUMES_PER_PORTION) {
      const portion = volumes.slice(at, at + VOLUMES_PER_PORTION);
      const whyNot = new Map<number, string | null>();
      for (const volume of portion) whyNot.set(volume.MediaId, await whyNotPrunable(parts, volume));
      const prunable = portion.filter((volume) => whyNot.get(volume.MediaId) === null);
      const { judged, jobsOf } = await judgeVolumes(parts, prunable, nowMs, context.signal);
      const byId = new Map(judged.map((one) => [one.job.jobId, one]));
      yield portion.map((volume) =>
        volumeRow(
          volume,
          whyNot.get(volume.MediaId) ?? null,
          (jobsOf.get(volume.MediaId) ?? []).flatMap((id) => byId.get(id) ?? []),
        ),
      );
    }
  };
  const columns = [
    text("VolumeName"),
    text("VolStatus"),
    number("VolBytes"),
    number("Jobs"),
    number("JobsToGo"),
    text("Free"),
    text("Why"),
  ];
  await context.table({ name: "simulated volumes", columns, vertical: false }, pages());
}

async function volumesAsked(context: CommandContext, catalog: Catalog, args: Arguments): Promise<readonly MediaRow[]> {
  if (args.value("volume") !== undefined) {
    const { MediaId } = await selectVolume(context, catalog, args.value("volume"));
    return [must(await findMediaById(catalog, MediaId), "the Volume just found")];
  }
  const names = new Map((await listPools(catalog)).map((row) => [row.PoolId, row.Name]));
  const pool = args.value("pool");
  return (await listMedia(catalog)).filter((row) => {
    const name = names.get(row.PoolId) ?? "";
    return mayAccess(context.operator, { kind: "pool", name }) && (pool === undefined || name === pool);
  });
}

function volumeRow(volume: MediaRow, whyNot: string | null, jobs: readonly Judged[]): OutputRow {
  const going = jobs.filter(({ verdict }) => verdict.kind === "goes").length;
  const [free, why] = whyNot === null ? freeText(volume, jobs) : ["", whyNot];
  return [volume.VolumeName, volume.VolStatus, String(volume.VolBytes), String(jobs.length), String(going), free, why];
}

/** When a Volume becomes free, and what that depends on. */
function freeText(volume: MediaRow, jobs: readonly Judged[]): readonly [string, string] {
  const staying = jobs.filter(({ verdict }) => verdict.kind !== "goes");
  if (jobs.length === 0)
    return [catalogTime(ownTimeOfVolume(volume)), "no Job is on it; Volume Retention since the last write"];
  if (staying.length === 0) return ["now", "all its Jobs go"];
  const latest = staying.reduce((one, two) => (untilOf(two.verdict) > untilOf(one.verdict) ? two : one));
  return [whenText(latest.verdict), `JobId ${latest.job.jobId}: ${latest.verdict.why}`];
}

function untilOf(verdict: Verdict): number {
  return verdict.kind === "stays" && verdict.untilMs !== null ? verdict.untilMs : Infinity;
}
