/** Facts of the mounted Volume: counted since the mount, but for its size and where it ends. */
export interface VolumeNews {
  readonly bytes: number;
  readonly blocks: number;
  readonly writes: number;
  /** Address of the end of a tape; undefined: the Volume is none. */
  readonly tapeEnd: number | undefined;
}
