import { judgeJob } from "./judge-job.ts";
import { limitFor, type Limits } from "./limits.ts";
import type { ClientFacts, Overview, StorageFacts, VolumeFacts, WaitingFacts } from "./overview.ts";
import { badness, worst, type ClientReport, type JobReport, type Problem, type Report, type StorageReport } from "./report.ts";
import { ageText, sizeText } from "./words.ts";

const DAY_S = 86_400;

/** A device in use is looked at each ten minutes; after so many days without it something is wrong. */
const SILENT_DAYS = 2;

/** Judges a whole site. Pure: all times are by the Director's clock. */
export function judge(overview: Overview, limits: Limits): Report {
  const { now } = overview.site;
  const jobs = Map.groupBy(
    overview.jobs.map((job) => judgeJob(job, limits, now)),
    ({ facts }) => facts.client,
  );
  const clients = overview.clients
    .map((client) => judgeClient(client, jobs.get(client.client) ?? []))
    .toSorted((one, other) => badness(other.state) - badness(one.state));
  const storages = overview.storages.map((storage) => judgeStorage(storage, limits, now));
  const problems = [
    ...clients.flatMap((client) => client.problems),
    ...storages.flatMap((storage) => storage.problems),
    ...overview.volumes.map(volumeProblem),
    ...overview.waiting.map((job) => waitingProblem(job, now)),
  ].toSorted((one, other) => badness(other.state) - badness(one.state));
  const { site, pools, volumes, waiting } = overview;
  return { site, state: worst(problems.map(({ state }) => state)), problems, clients, storages, pools, volumes, waiting };
}

/** The part of an overview that is about some clients: media belong to the site, and are left out. */
export function ofClients(overview: Overview, isWanted: (client: string) => boolean): Overview {
  return {
    site: overview.site,
    clients: overview.clients.filter(({ client }) => isWanted(client)),
    jobs: overview.jobs.filter(({ client }) => isWanted(client)),
    storages: [],
    pools: [],
    volumes: [],
    waiting: overview.waiting.filter(({ client }) => isWanted(client)),
  };
}

function judgeClient(facts: ClientFacts, found: readonly JobReport[]): ClientReport {
  const jobs = found.toSorted((one, other) => badness(other.state) - badness(one.state));
  const backups = jobs.filter((job) => job.facts.type === "B");
  const noJob: Problem = { state: "WARNING", kind: "noJob", subject: facts.client, text: "no backup job is configured for it" };
  const problems = [
    ...(backups.length === 0 && facts.isEnabled ? [noJob] : []),
    ...(facts.isEnabled ? jobs.flatMap((job) => job.problems) : []),
  ];
  const newest = backups
    .filter((job) => job.ageSeconds !== null)
    .reduce<JobReport | null>((best, job) => (best === null || job.ageSeconds! < best.ageSeconds! ? job : best), null);
  return { facts, state: worst(problems.map(({ state }) => state)), jobs, newest, problems };
}

function judgeStorage(facts: StorageFacts, limits: Limits, now: number): StorageReport {
  const problems = facts.isEnabled ? storageProblems(facts, limits, now) : [];
  return { facts, state: worst(problems.map(({ state }) => state)), problems };
}

/** A device whose room is not known (a tape, one that nobody has asked yet) has no problem. */
function storageProblems(facts: StorageFacts, limits: Limits, now: number): Problem[] {
  const { storage, device, day, totalBytes, freeBytes, bytesPerDay, fullInDays } = facts;
  if (day === null || totalBytes === null || freeBytes === null) return [];
  const subject = `${storage}/${device}`;
  const limit = (kind: keyof Limits): number => limitFor(limits, kind, [storage, subject]);
  const problems: Problem[] = [];
  const silentDays = Math.floor(now / DAY_S) - day;
  if (silentDays >= SILENT_DAYS)
    problems.push({
      state: "WARNING",
      kind: "storageSilent",
      subject,
      text: `its room was not told for ${silentDays} days`,
    });
  const percent = totalBytes === 0 ? 100 : (freeBytes / totalBytes) * 100;
  const room = `${sizeText(freeBytes)} of ${sizeText(totalBytes)} are free`;
  const fullState = below(percent, limit("warn-free"), limit("crit-free"));
  if (fullState !== null) problems.push({ state: fullState, kind: "storageFull", subject, text: room });
  const fillState = fullInDays === null ? null : below(fullInDays, limit("warn-days-left"), limit("crit-days-left"));
  if (fillState !== null)
    problems.push({
      state: fillState,
      kind: "storageFills",
      subject,
      text: `full in ${fullInDays} ${fullInDays === 1 ? "day" : "days"}: ${room}, and ${sizeText(bytesPerDay ?? 0)} a day are taken up`,
    });
  return problems;
}

/** Bad when less than the limit is left; 0: no limit. */
function below(value: number, warn: number, crit: number): Problem["state"] | null {
  if (value < crit) return "CRITICAL";
  return value < warn ? "WARNING" : null;
}

function volumeProblem(facts: VolumeFacts): Problem {
  const damage = facts.badBlocks > 0 ? `${facts.badBlocks} damaged blocks were found in it` : "";
  const status = facts.status === "Error" ? "it is in Error" : "";
  const text = [status, damage].filter((part) => part !== "").join(", and ");
  return { state: "WARNING", kind: "volume", subject: facts.volume, text: `${text} (Pool ${facts.pool})` };
}

function waitingProblem({ jobId, job, client, since, request }: WaitingFacts, now: number): Problem {
  const asked = request.split("\n").find((line) => line.trim() !== "") ?? "";
  return {
    state: "WARNING",
    kind: "waiting",
    subject: client === "" ? job : `${client}/${job}`,
    text: `JobId ${jobId} waits for an operator, ${ageText(now - since)} after its start: ${asked.trim()}`,
  };
}
