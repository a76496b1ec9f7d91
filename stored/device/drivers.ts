import { OperatorError } from "#lib/errors/operator-error.ts";
import { makeVolumeSubvolume } from "../btrfs/store-subvolumes.ts";
import { DriveFile } from "./drive-file.ts";
import { FileDevice } from "./file-device.ts";
import { NullDevice } from "./null-device.ts";
import { PIPE_VOL_TYPE, PipeDevice } from "./pipe-device.ts";
import { PackedDevice, plainDirectories } from "./packed-device.ts";
import { VTAPE_VOL_TYPE, VtapeDrive } from "../tape/tape-drive.ts";
import { sparing } from "../space/sparing-device.ts";
import type { Device } from "./device.ts";
import type { RewindFacts } from "../tape/rewind.ts";
import type { TapeHabits } from "../tape/tape-medium.ts";
import type { PipeDeviceFacts } from "./pipe-device.ts";
import type { VolumeDirectories } from "./packed-device.ts";

/** What a driver is made from; plain data, so that it can go to the device's thread. */
export interface DeviceFacts {
  readonly name: string;
  readonly deviceType: string;
  readonly archiveDevice: string;
  /** Device Type File: the Archive Device is one medium, and no directory of Volumes. */
  readonly isDrive?: boolean;
  /** Device Type File: free bytes of the file system that are left. */
  readonly freeBytesMin?: number;
  /** Device Type File: what was written or read is kept out of the page cache. */
  readonly isDirect?: boolean;
  /** Device Type VTape. */
  readonly tape?: { readonly capacity: number; readonly habits: TapeHabits; readonly rewinding?: RewindFacts } | undefined;
  /** Device Type Fifo. */
  readonly pipe?: Pick<PipeDeviceFacts, "timeoutMs" | "openWaitMs" | "stop">;
}

/** A kind of device. */
interface Driver {
  /** Bacula's VolType number. */
  readonly volType: number;
  open(facts: DeviceFacts): Device;
}

const drivers: Readonly<Record<string, Driver>> = {
  file: {
    volType: 1,
    open: (facts) => (facts.isDrive === true ? new DriveFile(facts) : sparing(new FileDevice(facts), facts.freeBytesMin ?? 0)),
  },
  fifo: { volType: PIPE_VOL_TYPE, open: (facts) => new PipeDevice({ ...facts, ...(facts.pipe ?? pipeDefaults()) }) },
  vtape: { volType: VTAPE_VOL_TYPE, open: (facts) => new VtapeDrive({ ...facts, ...facts.tape }) },
  null: { volType: 11, open: (facts) => new NullDevice(facts) },
  dedup: { volType: 15, open: (facts) => new PackedDevice(facts, plainDirectories) },
  btrfs: { volType: 15, open: (facts) => new PackedDevice(facts, subvolumeDirectories) },
};

function pipeDefaults(): Pick<PipeDeviceFacts, "timeoutMs" | "openWaitMs" | "stop"> {
  return { timeoutMs: 300_000, openWaitMs: 300_000, stop: new Int32Array(1) };
}

/** Volumes as subvolumes of btrfs. */
const subvolumeDirectories: VolumeDirectories = { ...plainDirectories, make: makeVolumeSubvolume };

/** Whether a driver is there for this Device Type. */
export function hasDriver(deviceType: string): boolean {
  return driverOf(deviceType) !== undefined;
}

/** Bacula's VolType number of its Volumes; that of File if there is no driver. */
export function volTypeOf(deviceType: string): number {
  return driverOf(deviceType)?.volType ?? 1;
}

function driverOf(deviceType: string): Driver | undefined {
  const name = deviceType.toLowerCase();
  return Object.hasOwn(drivers, name) ? drivers[name] : undefined;
}

/** The driver for a Device resource. DEVICE_TYPE_UNSUPPORTED if there is none. */
export function openDriver(facts: DeviceFacts): Device {
  const driver = driverOf(facts.deviceType);
  if (driver === undefined) {
    throw new OperatorError(
      "DEVICE_TYPE_UNSUPPORTED",
      `device "${facts.name}" is of type "${facts.deviceType}", for which there is no driver`,
      {
        hint: `types that can be used: ${Object.keys(drivers).join(", ")}`,
      },
    );
  }
  return driver.open(facts);
}
