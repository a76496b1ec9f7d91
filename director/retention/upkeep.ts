import type { Catalog } from "#catalog/catalog.ts";
import { removeUnusedPaths } from "#catalog/checks/remove-unused-paths.ts";
import { aloneOnCatalog } from "#catalog/database/alone-on-catalog.ts";
import { pruneEvents, pruneLooseLog, pruneStatistics } from "#catalog/queries/statistics.ts";
import type { Clock } from "#lib/base/clock.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { DirectorConfig } from "../config/load.ts";
import type { RetentionParts } from "./parts.ts";
import { listClients } from "#catalog/queries/clients.ts";
import { pruneJobs } from "./prune-jobs.ts";

/** Once a day is enough for what grows slowly. */
const INTERVAL_MS = 86_400_000;
/** How often is looked whether a day has passed; the clock may have been set. */
const LOOK_MS = 600_000;

/** What the upkeep is made of. */
export interface UpkeepParts {
  readonly catalogs: () => readonly Catalog[];
  readonly retention: (catalog: Catalog) => RetentionParts;
  readonly config: () => DirectorConfig;
  readonly clock: Clock;
  readonly log: (text: string) => void;
}

/**
 * Once a day, deletes what is not pruned after jobs: events and log lines of no job (EventsRetention), statistics (StatisticsRetention), jobs that ended
 * before their client was known, and jobs of clients with AutoPrune: also of those whose jobs fail day after day, or that are gone. AutoPrune = no
 * of the Director switches it off.
 */
export class Upkeep implements AsyncDisposable {
  readonly #parts: UpkeepParts;
  readonly #leaving = new AbortController();
  readonly #timer: Promise<void>;
  #work: Promise<void> = Promise.resolve();
  #lastMs = 0;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#timer = this.#watch();
  }

  /** Does the work if a day has passed since the last time. Returns at once. */
  look(): void {
    const nowMs = this.#parts.clock.nowMs();
    const isDue = nowMs - this.#lastMs >= INTERVAL_MS || nowMs < this.#lastMs;
    if (!isDue || this.#leaving.signal.aborted || !this.#parts.config().director.autoPrune) return;
    this.#lastMs = nowMs;
    this.#work = this.#work.then(async () => await this.#all(nowMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort(new OperatorError("CANCELED", "the Director is stopping"));
    await this.#timer;
    await this.#work;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      await this.#parts.clock.sleep(LOOK_MS, signal).catch(() => {}); // the Director stops
      this.look();
    }
  }

  async #all(nowMs: number): Promise<void> {
    for (const catalog of this.#parts.catalogs()) {
      try {
        await this.#one(catalog, nowMs);
      } catch (error) {
        if (this.#leaving.signal.aborted) return;
        this.#parts.log(`${catalog.description}: the daily upkeep could not be finished: ${describeError(error)}`);
      }
    }
  }

  async #one(catalog: Catalog, nowMs: number): Promise<void> {
    const { signal } = this.#leaving;
    const doubt = this.#parts.retention(catalog).clockGuard.doubt();
    if (doubt !== undefined) return this.#parts.log(doubt);
    const { eventsRetention, statisticsRetention } = this.#parts.config().director;
    const before = catalogTime(nowMs - eventsRetention * 1000);
    const events = await pruneEvents(catalog, before);
    signal.throwIfAborted();
    const lines = await pruneLooseLog(catalog, before);
    signal.throwIfAborted();
    const statistics = await pruneStatistics(catalog, Math.floor(nowMs / 1000) - statisticsRetention);
    signal.throwIfAborted();
    const { removed } = await pruneJobs(this.#parts.retention(catalog), { clientId: 0, nowMs }, signal);
    if (events + lines + statistics + removed > 0)
      this.#parts.log(
        `Daily upkeep: pruned ${events} events, ${lines} log lines of no job, ${statistics} rows of statistics, ${removed} jobs without client.`,
      );
    await this.#clients(catalog, nowMs);
    await this.#paths(catalog);
  }

  /** After what was pruned: names of directories that no job has any more. */
  async #paths(catalog: Catalog): Promise<void> {
    const { signal } = this.#leaving;
    try {
      const removed = await aloneOnCatalog(catalog, async () => await removeUnusedPaths(catalog, signal));
      if (removed > 0) this.#parts.log(`Daily upkeep: removed ${removed} names of directories that no job needs any more.`);
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code !== "CATALOG_BUSY") throw error;
      this.#parts.log(`Daily upkeep: names of directories are left for tomorrow: ${describeError(error)}`);
    }
  }

  /** Jobs only: records of files of a client that has been away for long may be what somebody is about to restore from. */
  async #clients(catalog: Catalog, nowMs: number): Promise<void> {
    const parts = this.#parts.retention(catalog);
    let removed = 0;
    for (const { ClientId, AutoPrune } of await listClients(catalog))
      if (AutoPrune === 1) removed += (await pruneJobs(parts, { clientId: ClientId, nowMs }, this.#leaving.signal)).removed;
    if (removed > 0) this.#parts.log(`Daily upkeep: pruned ${removed} jobs of clients with AutoPrune.`);
  }
}
