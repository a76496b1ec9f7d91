import type { Clock } from "#lib/base/clock.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { RpcLog } from "#lib/rpc/server.ts";
import type { StorageResource } from "../config/storage.ts";
import type { CatalogDesk } from "../job/job-context.ts";
import { shortage } from "./levels.ts";
import type { RoomSource } from "./rooms.ts";

/** What it is made of. */
export interface SpaceWatchParts extends RoomSource {
  /** The open catalogs with what keeps levels in them. */
  readonly desks: () => readonly Pick<CatalogDesk, "catalog" | "pressure">[];
  readonly isEnabled: (storage: StorageResource) => boolean;
  readonly clock: Clock;
  readonly log: Pick<RpcLog, "info"> & { notice(text: string): void; warning(text: string): void };
}

/** First look after the start, and the time between two. */
const FIRST_MS = 60_000;
const LOOK_MS = 600_000;

const DAY_MS = 86_400_000;

/**
 * Looks at the room of all disk devices now and then: keeps a row a day for the forecast, warns once a day of what is below its level, and has the levels
 * of Storages kept though no job runs.
 */
export class SpaceWatch implements AsyncDisposable {
  readonly #parts: SpaceWatchParts;
  readonly #leaving = new AbortController();
  readonly #work: Promise<void>;
  /** Days on which was warned of a device or a failure, so that each is told once. */
  readonly #told = new Map<string, number>();

  constructor(parts: SpaceWatchParts) {
    this.#parts = parts;
    this.#work = this.#run();
  }

  /** One look at all Storages that are in use. Never rejects while the Director runs. */
  async look(): Promise<void> {
    for (const storage of this.#parts.config().storages.values()) {
      if (this.#leaving.signal.aborted) return;
      if (!this.#parts.isEnabled(storage)) continue;
      try {
        await this.#lookAt(storage);
      } catch (error) {
        if (!this.#leaving.signal.aborted) this.#tell(`failure ${storage.name}`, () => this.#complain(storage, error));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort(new OperatorError("CANCELED", "the Director is stopping"));
    await this.#work;
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    try {
      for (let waitMs = FIRST_MS; ; waitMs = LOOK_MS) {
        await clock.sleep(waitMs, this.#leaving.signal);
        await this.look();
      }
    } catch (error) {
      if (!this.#leaving.signal.aborted)
        this.#parts.log.warning(`Room of devices is not looked at any more: ${describeError(error)}`);
    }
  }

  async #lookAt(storage: StorageResource): Promise<void> {
    const { daemons, desks, log } = this.#parts;
    const { signal } = this.#leaving;
    const spaces = await daemons()
      .storageDaemon(storage.name)
      .space({ devices: [...storage.device] }, signal);
    for (const space of spaces) {
      if (space.total === 0) continue;
      const short = shortage(space, storage.warnWhenFreeBelow);
      if (short !== undefined)
        this.#tell(`short ${storage.name} ${space.device}`, () =>
          log.warning(
            `Storage "${storage.name}", device "${space.device}" (${space.archiveDevice}) is short of room: ${short}`,
          ),
        );
    }
    if (spaces.length === 0) return;
    for (const { pressure } of desks()) {
      const problem = await pressure?.keepLevels(storage, async (line) => log.notice(line), signal);
      if (problem !== undefined) this.#tell(`stuck ${storage.name}`, () => log.warning(problem));
    }
  }

  /** A daemon that cannot be reached is told of by the jobs that need it; a directory that cannot be written to by nobody else. */
  #complain(storage: StorageResource, error: unknown): void {
    const text = `Storage "${storage.name}": its room cannot be looked after: ${describeError(error)}`;
    if (error instanceof OperatorError && error.code === "DEVICE_PLACE_UNUSABLE") this.#parts.log.warning(text);
    else this.#parts.log.info(text);
  }

  #tell(what: string, tell: () => void): void {
    if (this.#told.get(what) === this.#today) return;
    this.#told.set(what, this.#today);
    tell();
  }

  get #today(): number {
    return Math.floor(this.#parts.clock.nowMs() / DAY_MS);
  }
}
