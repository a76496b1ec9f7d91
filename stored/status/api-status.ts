import { catalogTime } from "#lib/base/local-time.ts";
import { troubleText } from "../watch/watch-devices.ts";
import { outcomeWord } from "./words.ts";
import { jobsOn } from "./status-source.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { DeviceSpaces, Section, StatusSource, Writer } from "./status-source.ts";

/** The status as programs read it: `key=value` lines. */
export const apiWriters: Readonly<Record<Section, Writer>> = {
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
