import { catalogTime, reportTime } from "#lib/base/local-time.ts";
import type { JobOutcome } from "./job-state.ts";
import { reportLevel } from "./level-words.ts";
import { terminationLine } from "./outcome.ts";
import type { DedupCounts } from "#proto/job.ts";
import {
  bytesWords,
  chunkCompressionWords,
  compressionWords,
  deduplicationWords,
  elapsedWords,
  newChunksWords,
  rateWords,
  withCommas,
} from "./report-words.ts";
import { terminationWords } from "./status-letter.ts";

/** Who reports: the first line and the second. */
export interface ReportHead {
  readonly director: string;
  readonly version: string;
  /** Date of the release, as `21Nov26`. */
  readonly date: string;
  readonly buildOs: string;
}

/** A resource and where the job got it from: `"File" (From Job resource)`. */
export interface ResourceUse {
  readonly name: string;
  readonly from: string;
}

interface CommonFacts {
  readonly jobId: number;
  readonly job: string;
  readonly outcome: JobOutcome;
  /** Unix milliseconds. */
  readonly scheduledMs: number;
  readonly startMs: number;
  readonly endMs: number;
}

export interface BackupFacts extends CommonFacts {
  readonly level: string;
  readonly upgradedFrom: string | null;
  readonly sinceMs: number | null;
  readonly client: { readonly name: string; readonly uname: string };
  readonly fileset: { readonly name: string; readonly createTime: string };
  readonly pool: ResourceUse;
  readonly catalog: ResourceUse;
  readonly storage: ResourceUse;
  readonly priority: number;
  readonly fdFiles: number;
  readonly sdFiles: number;
  readonly fdBytes: number;
  readonly sdBytes: number;
  readonly readBytes: number;
  readonly hasSnapshot: boolean;
  readonly isEncrypted: boolean;
  readonly isAccurate: boolean;
  readonly volumes: readonly string[];
  readonly volSessionId: number;
  readonly volSessionTime: number;
  readonly lastVolumeBytes: number;
  readonly fdErrors: number;
  readonly sdErrors: number;
  readonly fdStatus: string;
  readonly sdStatus: string;
  /** What a store of chunks made of the job; null where none was used. */
  readonly dedup: DedupFacts | null;
}

/** What a store of chunks made of a job: the counts of both halves. */
export interface DedupFacts extends DedupCounts {
  /** Bytes between client and storage daemon, both directions. */
  readonly networkBytes: number;
}

export interface RestoreFacts extends CommonFacts {
  readonly client: string;
  readonly where: string;
  readonly replace: string;
  readonly filesExpected: number;
  readonly filesRestored: number;
  readonly bytesRestored: number;
  readonly fdErrors: number;
  readonly fdStatus: string;
  readonly sdStatus: string;
}

export type AdminFacts = CommonFacts;

type Field = readonly [label: string, value: string];

/** The report of a Backup. Labels and layout are what scripts look for. */
export function backupReport(head: ReportHead, facts: BackupFacts): string {
  const elapsedMs = facts.endMs - facts.startMs;
  return layOut(firstLine(head), [
    ["Build OS", head.buildOs],
    ["JobId", String(facts.jobId)],
    ["Job", facts.job],
    ["Backup Level", levelWords(facts)],
    ["Client", `"${facts.client.name}" ${facts.client.uname}`],
    ["FileSet", `"${facts.fileset.name}" ${facts.fileset.createTime}`],
    ["Pool", useWords(facts.pool)],
    ["Catalog", useWords(facts.catalog)],
    ["Storage", useWords(facts.storage)],
    ["Scheduled time", reportTime(facts.scheduledMs)],
    ["Start time", reportTime(facts.startMs)],
    ["End time", reportTime(facts.endMs)],
    ["Elapsed time", elapsedWords(elapsedMs)],
    ["Priority", String(facts.priority)],
    ["FD Files Written", withCommas(facts.fdFiles)],
    ["SD Files Written", withCommas(facts.sdFiles)],
    ["FD Bytes Written", bytesWords(facts.fdBytes)],
    ["SD Bytes Written", bytesWords(facts.sdBytes)],
    ["Rate", rateWords(facts.fdBytes, elapsedMs)],
    [
      "Software Compression",
      facts.dedup === null ? compressionWords(facts.fdBytes, facts.readBytes) : chunkCompressionWords(facts.dedup),
    ],
    ...(facts.dedup === null ? [] : dedupFields(facts.dedup)),
    ["Comm Line Compression", "None"],
    ["Snapshot/VSS", yesNo(facts.hasSnapshot)],
    ["Encryption", yesNo(facts.isEncrypted)],
    ["Accurate", yesNo(facts.isAccurate)],
    ["Volume name(s)", facts.volumes.join("|")],
    ["Volume Session Id", String(facts.volSessionId)],
    ["Volume Session Time", String(facts.volSessionTime)],
    ["Last Volume Bytes", bytesWords(facts.lastVolumeBytes)],
    ["Non-fatal FD errors", String(facts.fdErrors)],
    ["SD Errors", String(facts.sdErrors)],
    ["FD termination status", terminationWords(facts.fdStatus)],
    ["SD termination status", terminationWords(facts.sdStatus)],
    ["Termination", terminationLine("B", facts.outcome)],
  ]);
}

function dedupFields(dedup: DedupFacts): Field[] {
  return [
    ["Deduplication", deduplicationWords(dedup)],
    ["New Chunks", newChunksWords(dedup)],
    ["Remembered Files", `${withCommas(dedup.rememberedFiles)}, ${bytesWords(dedup.rememberedBytes)} not read`],
    ["Network Bytes", bytesWords(dedup.networkBytes)],
  ];
}

/** The report of a Restore. */
export function restoreReport(head: ReportHead, facts: RestoreFacts): string {
  const elapsedMs = facts.endMs - facts.startMs;
  return layOut(firstLine(head), [
    ["Build OS", head.buildOs],
    ["JobId", String(facts.jobId)],
    ["Job", facts.job],
    ["Restore Client", facts.client],
    ["Where", facts.where],
    ["Replace", facts.replace],
    ["Start time", reportTime(facts.startMs)],
    ["End time", reportTime(facts.endMs)],
    ["Elapsed time", elapsedWords(elapsedMs)],
    ["Files Expected", withCommas(facts.filesExpected)],
    ["Files Restored", withCommas(facts.filesRestored)],
    ["Bytes Restored", bytesWords(facts.bytesRestored)],
    ["Rate", rateWords(facts.bytesRestored, elapsedMs)],
    ["FD Errors", String(facts.fdErrors)],
    ["FD termination status", terminationWords(facts.fdStatus)],
    ["SD termination status", terminationWords(facts.sdStatus)],
    ["Termination", terminationLine("R", facts.outcome)],
  ]);
}

/** The report of an Admin job. */
export function adminReport(head: ReportHead, facts: AdminFacts): string {
  return layOut(`Nocturne ${head.version} (${head.date}): ${reportTime(facts.endMs)}`, [
    ["JobId", String(facts.jobId)],
    ["Job", facts.job],
    ["Scheduled time", reportTime(facts.scheduledMs)],
    ["Start time", reportTime(facts.startMs)],
    ["End time", reportTime(facts.endMs)],
    ["Termination", terminationLine("D", facts.outcome)],
  ]);
}

/** Level with what explains it: `Incremental, since=...` or `Full (upgraded from Incremental)`. */
export function levelWords(facts: {
  readonly level: string;
  readonly upgradedFrom: string | null;
  readonly sinceMs: number | null;
}): string {
  const upgraded = facts.upgradedFrom === null ? "" : ` (upgraded from ${reportLevel(facts.upgradedFrom)})`;
  const since = facts.sinceMs === null ? "" : `, since=${catalogTime(facts.sinceMs)}`;
  return `${reportLevel(facts.level)}${since}${upgraded}`;
}

function firstLine(head: ReportHead): string {
  return `Nocturne ${head.director} ${head.version} (${head.date}):`;
}

/** A report: two blanks, the label with its colon padded to 24 characters, the value; a blank line ends it. */
export function layOut(first: string, fields: readonly Field[]): string {
  const lines = fields.map(([label, value]) => `  ${`${label}:`.padEnd(24)}${value}`.trimEnd());
  return `${first}\n${lines.join("\n")}\n\n`;
}

function useWords(use: ResourceUse): string {
  return use.name === "" ? "*None*" : `"${use.name}" (From ${use.from})`;
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}
