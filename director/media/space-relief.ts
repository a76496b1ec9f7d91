/** Whose device has run out of room. */
export interface SpaceWish {
  /** Storage resource, by name. */
  readonly storage: string;
  /** Device of its storage daemon, by name. */
  readonly device: string;
  /** Job that waits for the room. */
  readonly jobId: number;
}

/** What relieving came to. */
export interface SpaceAnswer {
  /** There is room now: the daemon may try again. */
  readonly isFreed: boolean;
  /** Nothing may be deleted, and the storage is to make room by itself: the job need not wait. */
  readonly isHopeless?: boolean;
  /** What was deleted, or why nothing could be: lines for the log of the job. */
  readonly lines: readonly string[];
}

/** Makes room on the file system of a device that a job could not write to. */
export interface SpaceRelief {
  relieve(wish: SpaceWish, signal: AbortSignal): Promise<SpaceAnswer>;
}

/** Frees nothing. */
export const noRelief: SpaceRelief = {
  relieve: async () => await Promise.resolve({ isFreed: false, lines: [] }),
};
