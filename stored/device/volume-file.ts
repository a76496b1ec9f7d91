import { closeSync, constants, existsSync, fstatSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";

/** Rights of a new Volume: the daemon's user alone. What is saved may be anybody's secret. */
export const VOLUME_MODE = 0o600;

/** The file that holds a Volume, as messages call it. */
export interface VolumeFile {
  readonly device: string;
  readonly volume: string;
  readonly path: string;
  /** The Archive Device; the directory of `path` if absent. */
  readonly archiveDevice?: string;
}

/** Opens the plain file of a Volume; answers its descriptor. VOLUME_NOT_FOUND, VOLUME_READ_ONLY, VOLUME_NOT_LABELED, DEVICE_OPEN_FAILED. */
export function openVolumeFile(file: VolumeFile, mode: "read" | "append"): number {
  const { device, volume, path } = file;
  // Without O_NONBLOCK a FIFO of that name would keep the device's thread for ever; plain files do not know the difference.
  const flags = (mode === "read" ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK;
  let fd: number;
  try {
    fd = openSync(path, flags);
  } catch (cause) {
    throw openFailure(file, cause);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new OperatorError(
    "VOLUME_NOT_LABELED",
    `device "${device}": what is there for Volume "${volume}" is no plain file (${path})`,
  );
}

/** Why a Volume cannot be opened. A missing file is a missing Volume only where the Archive Device is there. */
export function openFailure({ device, volume, path, archiveDevice }: VolumeFile, cause: unknown): OperatorError {
  if (cause instanceof OperatorError) return cause;
  if (systemErrorCode(cause) === "ENOENT" && existsSync(archiveDevice ?? dirname(path)))
    return new OperatorError("VOLUME_NOT_FOUND", `device "${device}" has no Volume "${volume}" (${path})`);
  if (isWriteProtected(cause)) {
    return new OperatorError(
      "VOLUME_READ_ONLY",
      `device "${device}": Volume "${volume}" cannot be opened for this use (${path})`,
      { cause },
    );
  }
  return new OperatorError("DEVICE_OPEN_FAILED", `device "${device}" cannot open Volume "${volume}" (${path})`, { cause });
}

/** A Volume is to be made where one is. */
export function volumeExists({ device, volume, path }: VolumeFile): OperatorError {
  return new OperatorError("VOLUME_EXISTS", `device "${device}" holds a Volume "${volume}" already (${path})`);
}

/** What failed while a Volume was open. VOLUME_READ_ONLY where the system says that it may not be written, else DEVICE_IO_FAILED. */
export function ioFailure({ device, volume, path }: VolumeFile, doing: string, cause: unknown): OperatorError {
  if (cause instanceof OperatorError) return cause;
  return new OperatorError(
    isWriteProtected(cause) ? "VOLUME_READ_ONLY" : "DEVICE_IO_FAILED",
    `device "${device}", Volume "${volume}" (${path}): ${doing} failed`,
    { cause },
  );
}

/** Whether the system says that a medium may not be written. */
export function isWriteProtected(cause: unknown): boolean {
  const code = systemErrorCode(cause);
  return code === "EROFS" || code === "EACCES" || code === "EPERM";
}
