import { BLOCK_BYTES_DEFAULT } from "../volume/format.ts";
import type { DeviceResource } from "./device.ts";
import type { ProblemList } from "#lib/config/problem.ts";

/** Smallest tape: its last part is kept free for what must be written when it is left. */
const CAPACITY_LEAST = 1_000_000;

/** Blocks that a tape must have room for. */
const BLOCKS_LEAST = 4;

/** Directives of ours that only tapes in files know. */
const tapeDirectives = ["volumeCapacity", "minimumRewindWait", "simulatedRewindTime"] as const;

/** Checks what a Device says of its tapes. */
export function checkTapeDirectives(device: DeviceResource, problems: ProblemList): void {
  const { volumeCapacity, minimumRewindWait, maximumRewindWait } = device;
  const tell = (severity: "error" | "warning", message: string, directive = "VolumeCapacity") =>
    problems.add({ severity, at: device.origin.at, resource: `Device "${device.name}"`, directive, message });
  if (device.deviceType !== "VTape") {
    for (const key of tapeDirectives)
      if (device.origin.written.has(key)) tell("warning", "it has no effect without Device Type = VTape", key);
    return;
  }
  if (maximumRewindWait > 0 && minimumRewindWait > maximumRewindWait)
    tell("error", "it is longer than MaximumRewindWait", "MinimumRewindWait");
  const least = Math.max(CAPACITY_LEAST, BLOCKS_LEAST * (device.maximumBlockSize || BLOCK_BYTES_DEFAULT));
  if (volumeCapacity > 0 && volumeCapacity < least)
    tell("error", `it is below ${least.toLocaleString("en-US")} bytes, the least that a tape with these blocks needs`);
}
