import { statSync } from "node:fs";
import { resolve } from "node:path";
import { hasStore } from "../config/check-dedup.ts";
import type { AutochangerResource } from "../config/autochanger.ts";
import { deviceOperations, type DeviceOperation, type DeviceResource } from "../config/device.ts";
import type { DeviceSettings, TapeSettings } from "./device-host.ts";
import type { StoreSettings } from "../chunks/store-calls.ts";

/**
 * A Device resource as the daemon uses it. A Device Type that was left out is found out from what the Archive Device is.
 * `changerCommand`: of the changer that it belongs to; "": none.
 */
export function deviceSettings(resource: DeviceResource, changerCommand = ""): DeviceSettings {
  return {
    name: resource.name,
    deviceType: resource.deviceType ?? typeOf(resource.archiveDevice),
    archiveDevice: resource.archiveDevice,
    isDrive: isDrive(resource, changerCommand),
    mediaType: resource.mediaType,
    labelMedia: resource.labelMedia,
    mountsAtStart: resource.automaticMount && resource.enabled,
    isEnabled: resource.enabled,
    isAutoSelect: resource.autoSelect,
    isReadOnly: resource.readOnly || forbidden(resource).includes("write"),
    forbidden: forbidden(resource),
    alertCommand: resource.alertCommand ?? "",
    pollMs: Math.max(resource.volumePollInterval, POLL_S_LEAST) * 1000,
    // What went through a pipe for one job cannot be appended to by another.
    jobsMax: resource.deviceType === "Fifo" ? 1 : resource.maximumConcurrentJobs,
    blockBytesMin: resource.minimumBlockSize,
    blockBytesMax: resource.maximumBlockSize,
    blockChecksum: resource.blockChecksum,
    volumeBytesMax: resource.maximumVolumeSize,
    fileBytesMax: smallestLimit(resource.maximumFileSize, resource.maximumFileIndex),
    tape: resource.deviceType === "VTape" ? tapeSettings(resource) : undefined,
    store: hasStore(resource) ? storeSettings(resource) : undefined,
    mountPoint: resource.requiresMount ? (resource.mountPoint ?? "") : "",
    freeBytesMin: resource.minimumFreeSpace,
    roomWaitMs: resource.maximumRoomWait * 1000,
    clientQuotaBytes: resource.clientQuota,
    openRetries: resource.openRetries,
    openRetryMs: resource.openRetryInterval * 1000,
    openWaitMs: resource.maximumOpenWait * 1000,
    endCodes: resource.eodErrorCode ?? [],
    protectCodes: resource.writeProtectErrorCode ?? [],
    ignoreCloseErrors: resource.ignoreCloseErrors,
    ioTimeoutMs: resource.ioTimeout * 1000,
    appendCheck: {
      mode: resource.appendPositioning,
      writesEnd: resource.writeEodRecord,
      requiresEnd: resource.requireEodRecord,
    },
    formatCommand: resource.formatCommand ?? "",
    isDirect: resource.directIo,
    spoolDirectory: resource.spoolDirectory ?? "",
    spoolBytesMax: resource.maximumSpoolSize,
    jobSpoolBytesMax: resource.maximumJobSpoolSize,
    probeLimitMs: resource.deviceProbeLimit * 1000,
    probeIntervalMs: resource.deviceProbeInterval * 1000,
  };
}

function tapeSettings(resource: DeviceResource): TapeSettings {
  return {
    capacity: resource.volumeCapacity,
    fileBytesMax: resource.maximumFileSize,
    rewindMsMax: resource.maximumRewindWait * 1000,
    rewinding: { minMs: resource.minimumRewindWait * 1000, delayMs: resource.simulatedRewindTime * 1000 },
    habits: {
      findsEnd: resource.hardwareEndOfMedium,
      spacesFast: resource.fastForwardSpaceFile && resource.forwardSpaceFile,
      spacesBlocks: resource.blockPositioning && resource.forwardSpaceRecord,
      backsFiles: resource.backwardSpaceFile,
      backsBlocks: resource.backwardSpaceRecord,
      endsWithTwo: resource.twoEof,
    },
  };
}

/** The smallest of several limits; 0 is none. */
function smallestLimit(...limits: readonly number[]): number {
  const some = limits.filter((limit) => limit > 0);
  return some.length === 0 ? 0 : Math.min(...some);
}

function storeSettings(resource: DeviceResource): StoreSettings {
  const { method, level } = resource.dedupCompression;
  return {
    directory: resolve(resource.archiveDevice),
    isBtrfs: resource.deviceType === "Btrfs",
    domain: resource.dedupDomain,
    minBytes: resource.minimumChunkSize,
    averageBytes: resource.averageChunkSize,
    maxBytes: resource.maximumChunkSize,
    compression: method,
    level,
    livePercent: resource.dedupLivePercent,
    deleteBytesPerS: resource.dedupDeleteBandwidth,
    scrubBytesPerS: resource.dedupScrubBandwidth,
    freeBytesMin: resource.minimumFreeSpace,
  };
}

/** Media are not looked for more often than this. */
const POLL_S_LEAST = 1;

/** The devices behind a name of the Director: a Device itself, or the drives of an Autochanger that may be chosen. Empty if unknown. */
export function devicesNamed(
  name: string,
  devices: ReadonlyMap<string, DeviceSettings>,
  autochangers: ReadonlyMap<string, AutochangerResource>,
): readonly string[] {
  if (devices.has(name)) return [name];
  const drives = autochangers.get(name)?.device ?? [];
  return drives.flatMap((drive) => (devices.get(drive.name)?.isAutoSelect === true ? [drive.name] : []));
}

/**
 * The device of a name, or that drive of an Autochanger: by its Drive Index, else by its place in the list. Undefined if there is none,
 * also for a number that a device named by itself does not have; 0, which stands for none, is any device.
 */
export function deviceOfDrive(
  name: string,
  drive: number,
  config: {
    readonly devices: ReadonlyMap<string, DeviceResource>;
    readonly autochangers: ReadonlyMap<string, AutochangerResource>;
  },
): string | undefined {
  const named = config.devices.get(name);
  if (named !== undefined) return drive === 0 || drive === named.driveIndex ? name : undefined;
  const drives = config.autochangers.get(name)?.device ?? [];
  const isNumbered = new Set(drives.map((device) => device.driveIndex)).size === drives.length;
  return (isNumbered ? drives.find((device) => device.driveIndex === drive) : drives[drive])?.name;
}

function typeOf(archiveDevice: string): string {
  if (archiveDevice === "/dev/null") return "Null";
  try {
    const facts = statSync(archiveDevice);
    if (facts.isFIFO()) return "Fifo";
    if (facts.isCharacterDevice()) return "Tape";
  } catch {
    // A directory that is not there yet; opening it will say so.
  }
  return "File";
}

/** What Allowed Operations leaves out. */
function forbidden({ allowedOperations }: DeviceResource): readonly DeviceOperation[] {
  return allowedOperations.length === 0 ? [] : deviceOperations.filter((operation) => !allowedOperations.includes(operation));
}

/** Whether a Device of files is a drive with one medium: its Archive Device is a file, or nothing yet, into which a changer will put one. */
function isDrive(resource: DeviceResource, changerCommand: string): boolean {
  if (resource.deviceType === "VTape") return true;
  if (resource.deviceType !== undefined && resource.deviceType !== "File") return false;
  try {
    return statSync(resource.archiveDevice).isFile();
  } catch {
    return changerCommand !== "";
  }
}
