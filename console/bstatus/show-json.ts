import { EXIT_STATUS, type ClientReport, type JobReport, type Report, type StorageReport } from "./report.ts";
import { isoTime } from "./words.ts";

/** Number of the shape: fields are only added under one number. Docs: docs/manual/monitoring.md. */
const FORMAT = 1;

/** The report as one JSON document. Times are UTC, ages seconds, sizes bytes; what is not known is null. */
export function showJson(report: Report): string {
  const { site, state, problems, clients, storages, pools, volumes, waiting } = report;
  return `${JSON.stringify(
    {
      format: FORMAT,
      state,
      exitStatus: EXIT_STATUS[state],
      director: { name: site.director, version: site.version, time: isoTime(site.now) },
      problems,
      clients: clients.map(clientJson),
      storages: storages.map(storageJson),
      pools,
      badVolumes: volumes.map(({ lastWritten, ...facts }) => ({ ...facts, lastWritten: isoTime(lastWritten) })),
      waitingJobs: waiting.map(({ since, ...facts }) => ({ ...facts, since: isoTime(since) })),
    },
    undefined,
    2,
  )}\n`;
}

/** What is known when nothing is: why. */
export function showJsonFailure(text: string): string {
  return `${JSON.stringify({ format: FORMAT, state: "UNKNOWN", exitStatus: EXIT_STATUS.UNKNOWN, error: text }, undefined, 2)}\n`;
}

function clientJson({ facts, state, newest, jobs }: ClientReport): object {
  return {
    client: facts.client,
    isEnabled: facts.isEnabled,
    state,
    lastGood: newest === null ? null : { job: newest.facts.job, ...goodJson(newest) },
    goodJobs: facts.goodJobs,
    storedBytes: facts.goodBytes,
    jobs: jobs.map(jobJson),
  };
}

function jobJson(report: JobReport): object {
  const { facts, state, condition } = report;
  return {
    job: facts.job,
    type: facts.type,
    schedule: facts.schedule === "" ? null : facts.schedule,
    isEnabled: facts.isEnabled,
    state,
    condition,
    lastGood: facts.good === null ? null : goodJson(report),
    lastFullEnded: isoTime(facts.fullEnded),
    lastRun: facts.last === null ? null : { ...facts.last, ended: isoTime(facts.last.ended) },
    failures: facts.failures,
    missedRuns: facts.missed,
    missedSince: isoTime(facts.missedSince),
    nextRun: isoTime(facts.nextRun),
    running: facts.running === null ? null : { ...facts.running, since: isoTime(facts.running.since) },
  };
}

function goodJson({ facts: { good }, ageSeconds }: JobReport): object {
  if (good === null) return {};
  return { ...good, started: isoTime(good.started), ended: isoTime(good.ended), ageSeconds };
}

function storageJson({ facts, state }: StorageReport): object {
  const { day, ...rest } = facts;
  return {
    ...rest,
    device: facts.device === "" ? null : facts.device,
    state,
    lookedAtOn: day === null ? null : (isoTime(day * 86_400)?.slice(0, 10) ?? null),
  };
}
