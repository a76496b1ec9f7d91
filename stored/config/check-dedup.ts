import { resolve } from "node:path";
import { compressionText } from "./dedup-types.ts";
import { storeDirectives } from "./store-directives.ts";
import type { DeviceResource } from "./device.ts";
import type { ProblemList } from "#lib/config/problem.ts";

/** Shortest chunk that may be asked for: shorter ones cost more for their entries than they save. */
const CHUNK_BYTES_MIN = 4096;

/** What only devices with a store know, and all that devices of one store must agree in. */
const storeKeys = Object.keys(storeDirectives) as (keyof typeof storeDirectives)[];

/** Whether the device has a store of chunks. */
export function hasStore(device: { readonly deviceType: string | undefined }): boolean {
  return device.deviceType === "Dedup" || device.deviceType === "Btrfs";
}

/** Checks one device's directives about its store against each other. */
export function checkStoreDirectives(device: DeviceResource, problems: ProblemList): void {
  const tell = (directive: string, message: string, severity: "error" | "warning" = "error") =>
    problems.add({ severity, at: device.origin.at, resource: `Device "${device.name}"`, directive, message });
  if (!hasStore(device)) {
    for (const key of storeKeys)
      if (device.origin.written.has(key)) tell(key, "it has no effect without Device Type = Dedup or Btrfs", "warning");
    return;
  }
  const { minimumChunkSize, averageChunkSize, maximumChunkSize } = device;
  if (minimumChunkSize < CHUNK_BYTES_MIN) tell("MinimumChunkSize", `it is below ${CHUNK_BYTES_MIN} bytes, the least`);
  if (averageChunkSize < minimumChunkSize) tell("AverageChunkSize", "it is below MinimumChunkSize");
  if (maximumChunkSize < averageChunkSize) tell("MaximumChunkSize", "it is below AverageChunkSize");
  if (device.clientQuota > 0 && (device.deviceType !== "Btrfs" || device.dedupDomain !== "client"))
    tell("ClientQuota", "it needs Device Type = Btrfs and Dedup Domain = client: only then are a client's bytes counted");
}

/** Checks that devices which share a directory with a store say the same of it. */
export function checkSharedStores(devices: Iterable<DeviceResource>, problems: ProblemList): void {
  const byDirectory = Map.groupBy(devices, (device) => resolve(device.archiveDevice));
  for (const sharing of byDirectory.values()) {
    const first = sharing.find(hasStore);
    if (first === undefined) continue;
    for (const other of sharing) {
      const difference = other === first ? undefined : differenceOf(first, other);
      if (difference !== undefined)
        problems.add({
          severity: "error",
          at: other.origin.at,
          resource: `Device "${other.name}"`,
          directive: difference,
          message: `it must be as in Device "${first.name}", which has the same Archive Device and therefore the same store`,
        });
    }
  }
}

/** The directive in which two devices of one directory differ and must not. */
function differenceOf(one: DeviceResource, other: DeviceResource): string | undefined {
  if (one.deviceType !== other.deviceType) return "DeviceType";
  return storeKeys.find((key) => textOf(one, key) !== textOf(other, key));
}

function textOf(device: DeviceResource, key: keyof typeof storeDirectives): string {
  return key === "dedupCompression" ? compressionText(device.dedupCompression) : String(device[key]);
}
