import { DeviceWatch } from "./device-watch.ts";
import { messageTime } from "#lib/base/local-time.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { RpcLog } from "#lib/rpc/server.ts";
import type { StorageJob } from "../job/storage-job.ts";

/** What is told of a device that hangs, and to whom. */
export interface WatchSurroundings {
  readonly log: RpcLog;
  /** Jobs that run now. */
  running(): readonly StorageJob[];
}

/** Device Types whose Archive Device is a directory. */
const WATCHED = new Set(["file", "dedup", "btrfs"]);

/** Watches the Archive Devices of all devices that have a directory and a probe limit. */
export function watchDevices(hosts: Iterable<DeviceHost>, around: WatchSurroundings): Disposable {
  const stack = new DisposableStack();
  for (const host of hosts) {
    const { name, deviceType, archiveDevice, isDrive, isEnabled, isReadOnly, probeLimitMs, probeIntervalMs } = host.settings;
    if (!WATCHED.has(deviceType.toLowerCase()) || isDrive === true || !isEnabled || probeLimitMs === 0 || probeIntervalMs === 0)
      continue;
    const options = {
      name,
      directory: archiveDevice,
      mayWrite: !isReadOnly,
      intervalMs: probeIntervalMs,
      limitMs: probeLimitMs,
    };
    stack.use(new DeviceWatch(options, listenerOf(host, around)));
  }
  return stack;
}

function listenerOf(host: DeviceHost, around: WatchSurroundings) {
  const { log } = around;
  const tell = (text: string) => {
    log.info(text);
    for (const job of around.running()) if (job.facts.device === host.name) job.voice.say("warning", text);
  };
  return {
    hung: (sinceMs: number) => {
      host.trouble.begin(sinceMs);
      const { archiveDevice, probeLimitMs } = host.settings;
      tell(
        `Device "${host.name}" is blocked: its file system (${archiveDevice}) has not answered for ${Math.round(probeLimitMs / 1000)} seconds. New jobs do not get it; jobs on it wait.`,
      );
    },
    back: (sinceMs: number) => {
      host.trouble.end();
      tell(
        `Device "${host.name}" is free again: its file system (${host.settings.archiveDevice}) answers, after ${Math.round((Date.now() - sinceMs) / 1000)} seconds.`,
      );
    },
    failing: (reason: string) => {
      if (reason !== "") log.info(`Device "${host.name}": a probe of ${host.settings.archiveDevice} failed: ${reason}`);
    },
  };
}

/** For status: why the device is blocked; "" if it is not. */
export function troubleText(host: DeviceHost): string {
  const { sinceMs, what } = host.trouble;
  return sinceMs === undefined ? "" : `${what} since ${messageTime(sinceMs)}`;
}
