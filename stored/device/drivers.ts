import { OperatorError } from "#lib/errors/operator-error.ts";
import { FileDevice } from "./file-device.ts";
import { NullDevice } from "./null-device.ts";
import type { Device } from "./device.ts";

/** What a driver is made from; plain data, so that it can go to the device's thread. */
export interface DeviceFacts {
  readonly name: string;
  readonly deviceType: string;
  readonly archiveDevice: string;
}

const drivers: Readonly<Record<string, (facts: DeviceFacts) => Device>> = {
  file: (facts) => new FileDevice(facts),
  null: (facts) => new NullDevice(facts),
};

/** Whether a driver is there for this Device Type. */
export function hasDriver(deviceType: string): boolean {
  return Object.hasOwn(drivers, deviceType.toLowerCase());
}

/** The driver for a Device resource. DEVICE_TYPE_UNSUPPORTED if there is none. */
export function openDriver(facts: DeviceFacts): Device {
  const make = hasDriver(facts.deviceType) ? drivers[facts.deviceType.toLowerCase()] : undefined;
  if (make === undefined) {
    throw new OperatorError(
      "DEVICE_TYPE_UNSUPPORTED",
      `device "${facts.name}" is of type "${facts.deviceType}", for which there is no driver`,
      {
        hint: `types that can be used: ${Object.keys(drivers).join(", ")}`,
      },
    );
  }
  return make(facts);
}
