import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import type { SessionKey } from "../volume/block.ts";

/** Gives each job its session: a counter, and the second in which this daemon started. No two sessions are ever equal. */
export class SessionCounter {
  readonly time: number;
  #last = 0;

  private constructor(time: number) {
    this.time = time;
  }

  /** The last start is kept in `path`, so that a restart within the same second, or with a clock set back, gets another time. */
  static async open(path: string, nowMs: number): Promise<SessionCounter> {
    const last = Number(await readFile(path, "utf8").catch(() => "0"));
    const time = Math.max(Math.floor(nowMs / 1000), Number.isSafeInteger(last) ? last + 1 : 0);
    await writeFile(`${path}.new`, `${time}\n`, { flush: true, mode: 0o600 });
    await rename(`${path}.new`, path);
    await syncDirectory(dirname(path));
    return new SessionCounter(time);
  }

  next(): SessionKey {
    this.#last += 1;
    return { id: this.#last, time: this.time };
  }
}
