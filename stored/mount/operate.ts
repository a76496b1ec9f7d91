import { OperatorError } from "#lib/errors/operator-error.ts";
import { bringForOperator, mountDrive, releaseDrive, unmountDrive } from "../changer/operate-drive.ts";
import { requireAllowed, requireEnabled } from "../changer/clean-drive.ts";
import { checkedVolumeName } from "../device/volume-name.ts";
import { LABEL_PROBE_BYTES } from "../volume/label-block.ts";
import { nextRevision } from "./volume-facts.ts";
import type { Changes } from "../job/changes.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { Inspection } from "../device/device-protocol.ts";
import type { DeviceReply, LabelRequest } from "#proto/stored.ts";
import type { LabelAuthor } from "./find-volume.ts";
import type { Reservations } from "../reserve/reservations.ts";
import type { SessionKey } from "../volume/block.ts";
import type { VolumesInUse } from "./volumes-in-use.ts";

/** What the operator's commands work on. */
export interface OperatorsTable {
  readonly reservations: Reservations;
  readonly volumes: VolumesInUse;
  readonly author: LabelAuthor;
  readonly session: SessionKey;
  readonly poke: Changes;
}

/** Writes a label on a new Volume, or anew on one whose content is given up. The last reply tells how it went. */
export async function* labelVolume(
  host: DeviceHost,
  request: LabelRequest,
  table: OperatorsTable,
): AsyncGenerator<DeviceReply> {
  const volume = checkedVolumeName(request.volume);
  if (request.mediaType !== "" && request.mediaType !== host.settings.mediaType) {
    throw new OperatorError(
      "JOB_NO_DEVICE",
      `device "${host.name}" has Media Type "${host.settings.mediaType}", not "${request.mediaType}"`,
    );
  }
  requireEnabled(host);
  if (host.settings.isReadOnly) throw new OperatorError("VOLUME_READ_ONLY", `device "${host.name}" is read-only`);
  if (request.relabel) requireAllowed(host, "delete");
  await host.places?.require(host);
  await host.store?.open();
  using _place = host.drive === undefined ? undefined : yield* bringForOperator(host.drive, request.slot, volume);
  await mayReplace(host, request, volume);
  const holder = `the label command on ${host.name}`;
  if (!table.volumes.take(volume, holder))
    throw new OperatorError("DEVICE_BUSY", `Volume "${volume}" is in use by device "${table.volumes.deviceOf(volume)}"`);
  try {
    mustBeFree(host, request.oldVolume, table);
    yield { line: `Sending label command for Volume "${volume}" to device "${host.name}" ...`, volume: undefined };
    const replace = await mayReplace(host, request, volume);
    const now = Date.now();
    const { pool, poolType } = request;
    const label = {
      volume,
      previousVolume: "",
      labelDate: now,
      writeDate: now,
      pool,
      poolType,
      mediaType: host.settings.mediaType,
      ...table.author,
    };
    if (replace) await host.store?.forget({ sessions: [], volume });
    const bytes = await host.call("label", { label, session: table.session, replace });
    host.drive?.saw(volume, pool);
    await host.places?.wrote(host);
    yield {
      line: `3000 OK label. VolBytes=${bytes} VolABytes=0 VolType=${host.volType} Volume="${volume}" Device="${host.name}" (${host.settings.archiveDevice})`,
      ok: true,
      volume: labeledState(host, volume, bytes, now),
    };
  } finally {
    table.volumes.release(volume, holder);
    table.poke.notify();
  }
}

/** A Volume that is given up must not be in use, under whatever name it is written anew. DEVICE_BUSY. */
function mustBeFree(host: DeviceHost, oldVolume: string, { volumes }: OperatorsTable): void {
  const isRead = [...host.reading.values()].includes(oldVolume);
  const holder = volumes.deviceOf(oldVolume);
  if (isRead || holder === host.name)
    throw new OperatorError("DEVICE_BUSY", `Volume "${oldVolume}" is in use by device "${host.name}"`);
}

/** Makes a device usable again that was unmounted, and lets waiting jobs look anew. */
export async function* mountDevice(host: DeviceHost, table: OperatorsTable, slot = 0): AsyncGenerator<DeviceReply> {
  const { drive } = host;
  if (slot < 0) {
    table.poke.notify();
    yield { line: "", ok: true, volume: undefined };
    return;
  }
  if (drive !== undefined) return yield* mountDrive({ host, drive, table }, slot);
  const wasBlocked = table.reservations.isBlocked(host.name);
  table.reservations.setBlocked(host.name, false);
  table.poke.notify();
  const volume = host.appending?.name ?? host.reading.values().next().value;
  if (volume !== undefined)
    yield {
      line: `3001 Device "${host.name}" (${host.settings.archiveDevice}) is mounted with Volume "${volume}"`,
      ok: true,
      volume: undefined,
    };
  else if (wasBlocked)
    yield { line: `3001 Device "${host.name}" (${host.settings.archiveDevice}) is mounted.`, ok: true, volume: undefined };
  else yield { line: `3906 ${host.title} is always mounted.`, ok: true, volume: undefined };
}

/**
 * Takes a device with an open Volume out of use until it is mounted again. Refused while jobs are on it. A disk device closes its Volume
 * with the last job: with nothing open that is only told, and later jobs run.
 */
export async function* unmountDevice(host: DeviceHost, table: OperatorsTable): AsyncGenerator<DeviceReply> {
  const { drive } = host;
  if (drive !== undefined) return yield* unmountDrive({ host, drive, table });
  const use = table.reservations.useOf(host.name);
  if (use.kind !== "idle") {
    const doing = use.kind === "append" ? `writers=${use.jobs}` : `readers=${use.jobs}`;
    yield {
      line: `3937 Device "${host.name}" (${host.settings.archiveDevice}) is busy with ${doing}.`,
      ok: false,
      volume: undefined,
    };
    return;
  }
  const isOpen = host.appending !== undefined || host.reading.size > 0;
  if (!isOpen || table.reservations.isBlocked(host.name)) {
    yield {
      line: `3901 Device "${host.name}" (${host.settings.archiveDevice}) is already unmounted.`,
      ok: true,
      volume: undefined,
    };
    return;
  }
  table.reservations.setBlocked(host.name, true);
  yield { line: `3002 Device "${host.name}" (${host.settings.archiveDevice}) unmounted.`, ok: true, volume: undefined };
}

/** Lets go of the Volume that is idle in a device. A disk Volume is let go by itself when its last job ends. */
export async function* releaseDevice(host: DeviceHost, table: OperatorsTable): AsyncGenerator<DeviceReply> {
  const { drive } = host;
  if (drive !== undefined) return yield* releaseDrive({ host, drive, table });
  const isIdle = table.reservations.useOf(host.name).kind === "idle";
  yield isIdle
    ? { line: `3022 Device "${host.name}" (${host.settings.archiveDevice}) released.`, ok: true, volume: undefined }
    : { line: `3918 Device "${host.name}" (${host.settings.archiveDevice}) is busy.`, ok: false, volume: undefined };
}

/** Whether what lies under the name may be overwritten; VOLUME_EXISTS and its like if something lies there that may not. */
async function mayReplace(host: DeviceHost, request: LabelRequest, volume: string): Promise<boolean> {
  const found = await host.call("inspect", { volume });
  if (request.oldVolume !== "") {
    const old = await host.call("inspect", { volume: checkedVolumeName(request.oldVolume) });
    if (old.kind === "labeled" && old.label.volume !== request.oldVolume) {
      throw new OperatorError(
        "VOLUME_WRONG_LABEL",
        `device "${host.name}" holds Volume "${old.label.volume}", not "${request.oldVolume}"`,
      );
    }
  }
  if (!request.relabel && isOnlyLabeled(found, volume)) return true;
  if (host.drive !== undefined && found.kind === "labeled" && !(request.relabel && request.oldVolume === found.label.volume))
    throw new OperatorError(
      "VOLUME_EXISTS",
      `3920 Cannot label Volume because it is already labeled: "${found.label.volume}"`,
      {
        hint: "take another medium, or relabel the Volume when it is purged or recycled",
      },
    );
  if (found.kind === "missing") return false;
  if (found.kind === "foreign" && found.bytes === 0) return true;
  if (request.relabel && (request.oldVolume === volume || host.drive !== undefined)) return true;
  throw new OperatorError(
    "VOLUME_EXISTS",
    `3920 Cannot label Volume "${volume}" on device "${host.name}": there is something of this name already`,
    {
      hint: "take another name, or relabel the Volume when it is purged or recycled",
    },
  );
}

/** Whether it has this label already and nothing else: the Director may never have heard of it, and asks again. */
function isOnlyLabeled(found: Inspection, volume: string): boolean {
  return found.kind === "labeled" && found.isPreLabel && found.label.volume === volume && found.bytes <= LABEL_PROBE_BYTES;
}

function labeledState(host: DeviceHost, volume: string, bytes: number, nowMs: number): DeviceReply["volume"] {
  const now = Math.floor(nowMs / 1000);
  return {
    volume,
    revision: nextRevision(nowMs),
    status: "Append",
    bytes,
    blocks: 0,
    files: 0,
    jobs: 0,
    mounts: 0,
    writes: 1,
    errors: 0,
    firstWritten: 0,
    lastWritten: 0,
    labelDate: now,
    endFile: 0,
    endBlock: Math.max(0, bytes - 1),
    volType: host.volType,
  };
}
