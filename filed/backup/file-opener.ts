import { constants, openSync } from "node:fs";
import type { LongPaths } from "#lib/platform/long-path.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";

const O_NOATIME = constants.O_NOATIME ?? 0;
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens files for being saved: not through links, not waiting, and where it may without a change of their access time. */
export class FileOpener {
  readonly #paths: LongPaths;

  constructor(paths: LongPaths) {
    this.#paths = paths;
  }

  /** Answers the descriptor. Throws what open(2) throws. */
  open(path: string): number {
    const reachable = this.#paths.reach(path);
    if (O_NOATIME !== 0) {
      try {
        return openSync(reachable, OPEN_FLAGS | O_NOATIME);
      } catch (error) {
        // Only the owner and root may ask for O_NOATIME.
        if (systemErrorCode(error) !== "EPERM") throw error;
      }
    }
    return openSync(reachable, OPEN_FLAGS);
  }
}
