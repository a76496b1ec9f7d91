import { reportTime } from "#lib/base/local-time.ts";
import { levelWord, outcomeWord } from "./words.ts";
import { troubleText } from "../watch/watch-devices.ts";
import { megabytesText, type Rate } from "../device/rate.ts";
import { sizeText } from "./units.ts";
import { apiWriters } from "./api-status.ts";
import { changerLines, driveLines } from "./changer-lines.ts";
import { jobsOn, sections } from "./status-source.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { SpoolBudget } from "../spool/spool-budget.ts";
import type { DeviceSpaces, Section, StatusSource, Writer } from "./status-source.ts";
import type { StatusRequest } from "#proto/common.ts";

/** The answer to `status`: the sections asked for, in their usual order. */
export function statusLines(source: StatusSource, spaces: DeviceSpaces, request: StatusRequest): string[] {
  const wanted = request.sections.length === 0 ? sections : sections.filter((section) => request.sections.includes(section));
  return wanted.flatMap((section) => (request.api ? apiWriters[section](source, spaces) : writers[section](source, spaces)));
}

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

function rateLine(what: "write" | "read", rate: Rate): string[] {
  const perSecond = rate.perSecond(performance.now());
  return perSecond === undefined ? [] : [`    Volume ${what} rate: ${megabytesText(perSecond)}`];
}

/** `21-Nov-26 07:07` */
function shortTime(ms: number): string {
  const text = reportTime(ms);
  return `${text.slice(0, 7)}${text.slice(9, 17)}`;
}

function commas(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
