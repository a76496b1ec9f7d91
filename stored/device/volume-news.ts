import { volumeBytes } from "./device.ts";
import type { Medium } from "./device.ts";
import type { VolumeWriter } from "../volume/volume-writer.ts";

/** Facts of the mounted Volume: counted since the mount, but for its size and where it ends. */
export interface VolumeNews {
  readonly bytes: number;
  readonly blocks: number;
  readonly writes: number;
  /** Address of the end of a tape; undefined: the Volume is none. */
  readonly tapeEnd: number | undefined;
}

/** What is to be told of the Volume at hand. */
export function newsOf({ blocks, writes }: VolumeWriter, medium: Medium): VolumeNews {
  return { bytes: volumeBytes(medium), blocks, writes, tapeEnd: medium.tape === undefined ? undefined : medium.end };
}
