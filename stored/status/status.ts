import { reportTime, catalogTime } from "#lib/base/local-time.ts";
import { levelWord, outcomeWord } from "./words.ts";
import { troubleText } from "../watch/watch-devices.ts";
import { megabytesText, type Rate } from "../device/rate.ts";
import { sizeText } from "./units.ts";
import { changerLines, driveLines } from "./changer-lines.ts";
import type { AutochangerResource } from "../config/autochanger.ts";
import type { Changer } from "../changer/changer.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { Reservations } from "../reserve/reservations.ts";
import type { SpoolBudget } from "../spool/spool-budget.ts";
import type { StorageJobs } from "../job/storage-jobs.ts";
import type { StatusRequest } from "#proto/common.ts";

/** What the status tells of. */
export interface StatusSource {
  readonly name: string;
  readonly version: string;
  readonly uname: string;
  readonly startedMs: number;
  readonly jobs: StorageJobs;
  readonly reservations: Reservations;
  readonly hosts: ReadonlyMap<string, DeviceHost>;
  readonly autochangers: ReadonlyMap<string, AutochangerResource>;
  /** Those whose media are moved by a program. */
  readonly changers: ReadonlyMap<string, Changer>;
  readonly debugLevel: number;
}

/** Free and whole bytes of a device, and what its file system has to say besides. */
export interface DeviceSpace {
  readonly free: number;
  readonly total: number;
  readonly lines: readonly string[];
}

/** Space of each device; null where it cannot be said. */
export type DeviceSpaces = ReadonlyMap<string, DeviceSpace | null>;

const sections = ["header", "running", "waitreservation", "terminated", "devices", "volumes", "spooling"] as const;
type Section = (typeof sections)[number];

/** The answer to `status`: the sections asked for, in their usual order. */
export function statusLines(source: StatusSource, spaces: DeviceSpaces, request: StatusRequest): string[] {
  const wanted = request.sections.length === 0 ? sections : sections.filter((section) => request.sections.includes(section));
  return wanted.flatMap((section) => (request.api ? apiWriters[section](source, spaces) : writers[section](source, spaces)));
}

type Writer = (source: StatusSource, spaces: DeviceSpaces) => string[];

const writers: Readonly<Record<Section, Writer>> = {
  header: (source) => {
    const memory = process.memoryUsage();
    return [
      `${source.name} Version: ${source.version} ${source.uname}`,
      `Daemon started ${shortTime(source.startedMs)}. Jobs: run=${source.jobs.count}, running=${source.jobs.running.length}.`,
      ` Heap: heap=${commas(memory.heapTotal)} used=${commas(memory.heapUsed)} rss=${commas(memory.rss)}`,
      ` Sizes: boffset_t=8 size_t=8 int32_t=4 int64_t=8 mode=0,${source.debugLevel} pid=${process.pid}`,
      ` Res: ndevices=${source.hosts.size} nautochgr=${source.autochangers.size}`,
      "",
    ];
  },
  running: (source) => {
    const lines = source.jobs.running.flatMap((job) => job.statusLines());
    return ["Running Jobs:", ...(lines.length === 0 ? ["No Jobs running."] : lines), "====", ""];
  },
  waitreservation: (source) => [
    "Jobs waiting to reserve a drive:",
    ...source.reservations.waiting.map(({ label, reason }) => `   ${label}: ${reason}`),
    "====",
    "",
  ],
  terminated: (source) => [
    "Terminated Jobs:",
    " JobId  Level    Files      Bytes   Status   Finished        Name ",
    "===================================================================",
    ...source.jobs.terminated.map((job) =>
      [
        String(job.ref.jobId).padStart(6),
        `  ${(levelWord(job.level) || " ").slice(0, 4).padEnd(4)} ${commas(job.files).padStart(10)}`,
        `${sizeText(job.bytes).padStart(10)} `,
        `${outcomeWord(job.status).padEnd(8)} ${shortTime(job.endMs)} ${job.jobName}`,
      ].join(" "),
    ),
    "====",
    "",
  ],
  devices: (source, spaces) => [
    "Device status:",
    "",
    ...changerLines(source),
    ...[...source.hosts.values()].flatMap((host) => deviceLines(source, host, spaces)),
    "====",
    "",
  ],
  volumes: (source) => {
    const lines = [...source.hosts.values()].flatMap((host) => [
      ...(host.appending === undefined
        ? []
        : [
            `Reserved volume: ${host.appending.name} on ${host.title}`,
            `    Reader=0 writers=${jobsOn(source, host)} reserves=0 volinuse=1 worm=0`,
          ]),
      ...[...host.reading.values()].flatMap((volume) => [
        `Reserved volume: ${volume} on ${host.title}`,
        "    Reader=1 writers=0 reserves=0 volinuse=1 worm=0",
      ]),
    ]);
    return ["Used Volume status:", ...lines, "====", ""];
  },
  spooling: (source) => {
    const spooling = source.jobs.running.filter((job) => job.facts.status === "a").length;
    const spools = [...source.hosts.values()].map((host) => host.spool);
    const sum = (count: (spool: SpoolBudget) => number) => spools.reduce((total, spool) => total + count(spool), 0);
    const data = [
      `${sum(({ counts }) => counts.jobs)} active jobs, ${commas(sum(({ bytes }) => bytes))} bytes`,
      `${sum(({ counts }) => counts.jobsEver)} total jobs, ${commas(Math.max(0, ...spools.map(({ counts }) => counts.bytesPeak)))} max bytes/job.`,
    ].join("; ");
    return [
      `Data spooling: ${data}`,
      `Attr spooling: ${spooling} active jobs, 0 bytes; ${source.jobs.count} total jobs, 0 max bytes.`,
      "====",
    ];
  },
};

const apiWriters: Readonly<Record<Section, Writer>> = {
  header: (source) => [
    "header:",
    `name=${source.name}`,
    `version=${source.version}`,
    `uname=${source.uname}`,
    `started_epoch=${Math.floor(source.startedMs / 1000)}`,
    `started=${catalogTime(source.startedMs)}`,
    `pid=${process.pid}`,
    `jobs_run=${source.jobs.count}`,
    `jobs_running=${source.jobs.running.length}`,
    `ndevices=${source.hosts.size}`,
    `nautochgr=${source.autochangers.size}`,
    `debug=${source.debugLevel}`,
    "plugins=",
    "drivers=",
    "",
  ],
  running: (source) => [
    "running:",
    "",
    ...source.jobs.running.flatMap(({ ref, facts }) => [
      `jobid=${ref.jobId}`,
      `job=${ref.job}`,
      `name=${facts.jobName}`,
      `level=${facts.level}`,
      `type=${facts.type}`,
      `status=${facts.status}`,
      `jobfiles=${facts.files}`,
      `jobbytes=${facts.bytes}`,
      `errors=${facts.errors}`,
      `write_device=${facts.device}`,
      `volume=${facts.volume}`,
      `starttime_epoch=${Math.floor(facts.startMs / 1000)}`,
      `starttime=${catalogTime(facts.startMs)}`,
      "",
    ]),
  ],
  waitreservation: (source) => [
    "waitreservation:",
    "",
    ...source.reservations.waiting.flatMap(({ label, reason }) => [`job=${label}`, `reason=${reason}`, ""]),
  ],
  terminated: (source) => [
    "terminated:",
    "",
    ...source.jobs.terminated.flatMap((job) => [
      `jobid=${job.ref.jobId}`,
      `level=${job.level}`,
      `type=${job.type}`,
      `status=${job.status}`,
      `status_desc=${outcomeWord(job.status)}`,
      `jobbytes=${job.bytes}`,
      `jobfiles=${job.files}`,
      `job=${job.ref.job}`,
      `name=${job.jobName}`,
      `starttime_epoch=${Math.floor(job.startMs / 1000)}`,
      `starttime=${catalogTime(job.startMs)}`,
      `endtime_epoch=${Math.floor(job.endMs / 1000)}`,
      `endtime=${catalogTime(job.endMs)}`,
      `errors=${job.errors}`,
      "",
    ]),
  ],
  devices: (source, spaces) => [
    "devices:",
    "",
    ...[...source.hosts.values()].flatMap((host) => deviceFacts(source, host, spaces)),
  ],
  volumes: (source) => [
    "volumes:",
    "",
    ...[...source.hosts.values()].flatMap((host) =>
      host.appending === undefined ? [] : [`volume=${host.appending.name}`, `device=${host.name}`, ""],
    ),
  ],
  spooling: (source) => {
    const spools = [...source.hosts.values()].map(({ spool }) => spool);
    const jobs = spools.reduce((sum, { counts }) => sum + counts.jobs, 0);
    const bytes = spools.reduce((sum, spool) => sum + spool.bytes, 0);
    return ["spooling:", `data_jobs=${jobs}`, `data_bytes=${bytes}`, "attr_jobs=0", "attr_bytes=0", ""];
  },
};

function deviceLines(source: StatusSource, host: DeviceHost, spaces: DeviceSpaces): string[] {
  const { settings, appending } = host;
  const title = `"${host.name}" (${settings.archiveDevice})`;
  const space = spaces.get(host.name);
  const tail = [
    ...(source.reservations.isBlocked(host.name) ? ["    Device is BLOCKED. User unmounted."] : []),
    ...(host.trouble.isHung ? [`    Device is BLOCKED: ${troubleText(host)}.`] : []),
    ...driveLines(host),
    ...(host.activity === "" ? [] : [`    Device is BLOCKED ${host.activity}.`]),
    ...(host.hasDriver ? [] : [`    Device Type "${settings.deviceType}" has no driver in this release.`]),
    ...rateLine("write", host.writeRate),
    ...rateLine("read", host.readRate),
    ...(space === undefined || space === null
      ? []
      : [
          `   Available Space=${sizeText(space.free)
            .replace(" ", "")
            .replace(/([KMGTP])$/, " $1B")}`,
          ...space.lines,
        ]),
    "==",
    "",
  ];
  if (appending !== undefined) {
    const state = appending.state(Date.now());
    return [
      `Device ${settings.deviceType} is ${title} mounted with:`,
      `    Volume:      ${appending.name}`,
      `    Pool:        ${appending.catalog.pool}`,
      `    Media type:  ${settings.mediaType}`,
      `    Total Bytes=${commas(state.bytes)} Blocks=${commas(state.blocks)} Bytes/block=${commas(state.blocks === 0 ? 0 : Math.round(state.bytes / state.blocks))}`,
      `    Positioned at File=${state.endFile} Block=${state.endBlock}`,
      ...tail,
    ];
  }
  const reading = [...host.reading.values()];
  if (reading.length > 0)
    return [
      `Device ${settings.deviceType} is ${title} mounted with:`,
      ...reading.map((volume) => `    Volume:      ${volume}`),
      `    Media type:  ${settings.mediaType}`,
      ...tail,
    ];
  return [`Device ${settings.deviceType}: ${title} is not open.`, ...tail];
}

function deviceFacts(source: StatusSource, host: DeviceHost, spaces: DeviceSpaces): string[] {
  const { settings, appending } = host;
  const space = spaces.get(host.name);
  const state = appending?.state(Date.now());
  const isBlocked = source.reservations.isBlocked(host.name) || host.trouble.isHung || host.activity !== "";
  return [
    `name=${host.name}`,
    `archive_device=${settings.archiveDevice}`,
    `type=${settings.deviceType}`,
    `media_type=${settings.mediaType}`,
    `open=${appending !== undefined || host.reading.size > 0 ? 1 : 0}`,
    `writers=${appending === undefined ? 0 : jobsOn(source, host)}`,
    `maximum_concurrent_jobs=${settings.jobsMax}`,
    `maximum_volume_size=${settings.volumeBytesMax}`,
    `read_only=${settings.isReadOnly ? 1 : 0}`,
    `autoselect=${settings.isAutoSelect ? 1 : 0}`,
    `enabled=${settings.isEnabled ? 1 : 0}`,
    ...(space === undefined || space === null ? [] : [`free_space=${space.free}`, `total_space=${space.total}`]),
    `mounted=${appending !== undefined ? 1 : 0}`,
    `volume=${appending?.name ?? host.reading.values().next().value ?? ""}`,
    `pool=${appending?.catalog.pool ?? ""}`,
    `blocked_desc=${troubleText(host) || host.activity}`,
    `blocked=${isBlocked ? 1 : 0}`,
    `append=${appending !== undefined ? 1 : 0}`,
    `bytes=${state?.bytes ?? 0}`,
    `blocks=${state?.blocks ?? 0}`,
    `file=${state?.endFile ?? 0}`,
    `block=${state?.endBlock ?? 0}`,
    "",
  ];
}

function rateLine(what: "write" | "read", rate: Rate): string[] {
  const perSecond = rate.perSecond(performance.now());
  return perSecond === undefined ? [] : [`    Volume ${what} rate: ${megabytesText(perSecond)}`];
}

function jobsOn(source: StatusSource, host: DeviceHost): number {
  const use = source.reservations.useOf(host.name);
  return use.kind === "append" ? use.jobs : 0;
}

/** `21-Nov-26 07:07` */
function shortTime(ms: number): string {
  const text = reportTime(ms);
  return `${text.slice(0, 7)}${text.slice(9, 17)}`;
}

function commas(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
