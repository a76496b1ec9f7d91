import { shown } from "#lib/base/byte-string.ts";
import { RELEASE, uname } from "#lib/rpc/versions.ts";
import type { FileJob } from "#filed/job/file-job.ts";
import type { EndedJob } from "./ended-jobs.ts";

/** What `status client` is about. */
export interface StatusFacts {
  readonly name: string;
  readonly nowMs: number;
  readonly startedMs: number;
  readonly directorMs: number;
  readonly jobsRun: number;
  readonly running: readonly FileJob[];
  readonly ended: readonly EndedJob[];
  readonly debugLevel: number;
  readonly bytesPerSecond: number;
}

const SECTIONS = ["header", "running", "terminated"] as const;

/** The lines of `status client`, in the order and look that Bacula's have. `sections` empty: all. */
export function statusLines(facts: StatusFacts, sections: readonly string[]): string[] {
  const wanted = sections.length === 0 ? SECTIONS : SECTIONS.filter((section) => sections.includes(section));
  const parts = { header: headerLines, running: runningLines, terminated: terminatedLines } as const;
  return wanted.flatMap((section) => parts[section](facts));
}

/** The machine-readable form, for `.status client`. */
export function statusFactLines(facts: StatusFacts, sections: readonly string[]): string[] {
  const wanted = sections.length === 0 ? SECTIONS : SECTIONS.filter((section) => sections.includes(section));
  const parts = { header: headerFacts, running: runningFacts, terminated: terminatedFacts } as const;
  return wanted.flatMap((section) => [`${section}:`, ...parts[section](facts)]);
}

function headerLines(facts: StatusFacts): string[] {
  const memory = process.memoryUsage();
  return [
    `${facts.name} Version: ${RELEASE} ${uname()}`,
    `Daemon started ${shortTime(facts.startedMs)}. Jobs: run=${facts.jobsRun} running=${facts.running.length}.`,
    ` Heap: heap=${commas(memory.heapTotal)} smbytes=${commas(memory.heapUsed)} max_bytes=${commas(process.resourceUsage().maxRSS * 1024)} rss=${commas(memory.rss)}`,
    ` Sizes: debug=${facts.debugLevel} bwlimit=${commas(Math.round(facts.bytesPerSecond / 1000))}kB/s`,
    "",
  ];
}

function runningLines(facts: StatusFacts): string[] {
  const lines = ["Running Jobs:"];
  if (facts.directorMs > 0) lines.push(`Director connected at: ${shortTime(facts.directorMs)}`);
  for (const job of facts.running) lines.push(...jobLines(job, facts.nowMs));
  if (facts.running.length === 0) lines.push("No Jobs running.");
  return [...lines, "====", ""];
}

function jobLines(job: FileJob, nowMs: number): string[] {
  const { numbers, request } = job;
  const seconds = Math.max(1, Math.round((nowMs - job.startedMs) / 1000));
  const rate = commas(Math.round(numbers.bytes / seconds));
  return [
    `JobId ${request.job?.jobId ?? 0} Job ${request.job?.job ?? ""} is ${job.isCanceled ? "being canceled" : "running"}.`,
    `    ${levelWord(levelOf(job))}${typeOf(job) === "R" ? "Restore" : " Backup"} Job started: ${shortTime(job.startedMs)}`,
    `    Files=${commas(numbers.files)} Bytes=${commas(numbers.bytes)} AveBytes/sec=${rate} LastBytes/sec=${rate} Errors=${commas(numbers.errors)}`,
    `    Bwlimit=${commas(request.bandwidthBytesPerS)} ReadBytes=${commas(numbers.readBytes)}`,
    `    Files: Examined=${commas(numbers.examined)} ${typeOf(job) === "R" ? "Restored" : "Backed up"}=${commas(numbers.files)}`,
    `    Processing file: ${shown(numbers.file)}`,
  ];
}

function terminatedLines(facts: StatusFacts): string[] {
  if (facts.ended.length === 0) return ["Terminated Jobs:", "====", ""];
  const lines = facts.ended.map((job) => {
    const columns = [
      String(job.jobId).padStart(6),
      levelWord(job.level).padEnd(7),
      commas(job.files).padStart(7),
      suffixed(job.bytes).padStart(10),
      statusWord(job.status).padEnd(8),
    ];
    return `${columns[0]}  ${columns[1]} ${columns[2]} ${columns[3]}  ${columns[4]} ${shortTime(job.endedMs)} ${job.job.replace(/\.\d{4}-\d\d-\d\d_[\d.]+_\d+$/, "")}`;
  });
  return [
    "Terminated Jobs:",
    " JobId  Level    Files      Bytes   Status   Finished        Name ",
    "===================================================================",
    ...lines,
    "====",
    "",
  ];
}

function headerFacts(facts: StatusFacts): string[] {
  return [
    `name=${facts.name}`,
    `version=${RELEASE}`,
    `uname=${uname()}`,
    `started_epoch=${Math.floor(facts.startedMs / 1000)}`,
    `started=${longTime(facts.startedMs)}`,
    `pid=${process.pid}`,
    `jobs_run=${facts.jobsRun}`,
    `jobs_running=${facts.running.length}`,
    "winver=",
    `debug=${facts.debugLevel}`,
    "trace=0",
    `bwlimit=${facts.bytesPerSecond}`,
    "plugins=",
  ];
}

function runningFacts(facts: StatusFacts): string[] {
  const head =
    facts.directorMs > 0
      ? [
          `DirectorConnected_epoch=${Math.floor(facts.directorMs / 1000)}`,
          `DirectorConnected=${longTime(facts.directorMs)}`,
          "DirTLS=1",
        ]
      : [];
  return [
    ...head,
    ...facts.running.flatMap((job) => [
      `JobId=${job.request.job?.jobId ?? 0}`,
      `Job=${job.request.job?.job ?? ""}`,
      `type=${typeOf(job)}`,
      `level=${levelOf(job)}`,
      `starttime_epoch=${Math.floor(job.startedMs / 1000)}`,
      `JobFiles=${job.numbers.files}`,
      `JobBytes=${job.numbers.bytes}`,
      `Errors=${job.numbers.errors}`,
      `Examined=${job.numbers.examined}`,
      `CurrentFile=${shown(job.numbers.file)}`,
    ]),
  ];
}

function terminatedFacts(facts: StatusFacts): string[] {
  return facts.ended.flatMap((job) => [
    `jobid=${job.jobId}`,
    `level=${job.level}`,
    `type=${job.type}`,
    `status=${job.status}`,
    `status_desc=${statusWord(job.status)}`,
    `jobbytes=${job.bytes}`,
    `jobfiles=${job.files}`,
    `job=${job.job}`,
    `endtime_epoch=${Math.floor(job.endedMs / 1000)}`,
    `errors=${job.errors}`,
  ]);
}

/** "B" or "R". */
export function typeOf(job: FileJob): string {
  return job.request.work?.$case === "restore" ? "R" : "B";
}

/** Level letter; blank for a restore. */
export function levelOf(job: FileJob): string {
  return job.request.work?.$case === "backup" ? job.request.work.value.level : "";
}

function levelWord(letter: string): string {
  return { F: "Full", D: "Diff", I: "Incr", B: "Base", f: "VFull", "": "" }[letter] ?? letter;
}

function statusWord(letter: string): string {
  return { T: "OK", W: "OK", A: "Cancel", E: "Error", f: "Error", I: "Incompl" }[letter] ?? letter;
}

function commas(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "11.17 M": four digits and a decimal unit, as Bacula's columns have it. */
function suffixed(bytes: number): string {
  const units = ["", "K", "M", "G", "T", "P"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  if (unit === 0) return `${bytes}`;
  return `${value < 10 ? value.toFixed(3) : value < 100 ? value.toFixed(2) : value.toFixed(1)} ${units[unit]}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** "21-Nov-26 07:13", local time. */
function shortTime(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getDate())}-${MONTHS[at.getMonth()]}-${two(at.getFullYear() % 100)} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function longTime(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
