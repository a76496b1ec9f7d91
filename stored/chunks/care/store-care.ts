import { Mutex } from "#lib/base/lock.ts";
import { systemClock } from "#lib/base/clock.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { sizeText } from "../../status/units.ts";
import { collect } from "./collect.ts";
import { lastScrubText, readLastScrub, writeLastScrub } from "./last-scrub.ts";
import { mend } from "./mend.ts";
import { TimedPace } from "./pace.ts";
import { ScrubThread } from "./scrub-thread.ts";
import { CareProgress } from "./care-watch.ts";
import { scrub, scrubbedLines } from "./scrub.ts";
import { problemLine, verify } from "./verify.ts";
import type { CareDomain } from "./care-domain.ts";
import type { CareWatch } from "./care-watch.ts";
import type { CareReport, StoreSettings } from "../store-calls.ts";
import type { Clock } from "#lib/base/clock.ts";
import type { Collected } from "./collect.ts";
import type { Pace } from "./pace.ts";
import type { Scrubbed } from "./scrub.ts";

/** How long after the last session was forgotten a collection begins by itself: a Director forgets many, one after the other. */
const QUIET_MS = 5000;
/** How long a collection may be put off because more and more is forgotten. */
const PATIENCE_MS = 60_000;
/** Notes about references that the status has. */
const TOLD_MAX = 20;
/** Sessions with problems that are named one by one. */
const NAMED_MAX = 200;

/** What care is given by its store. */
export interface CareSurroundings {
  readonly settings: Pick<StoreSettings, "livePercent" | "deleteBytesPerS" | "scrubBytesPerS">;
  domains(): Iterable<CareDomain>;
  readonly clock?: Clock;
  readonly quietMs?: number;
}

/** What a task of care has in one domain. */
interface CareStep {
  readonly domain: CareDomain;
  readonly pace: Pace;
  /** How far it is. */
  reach(text: string): void;
  /** What is to be known at once. */
  say(text: string): void;
}

/** The care for one store: one task at a time, beside the jobs, in turns of a few milliseconds. */
export class StoreCare implements AsyncDisposable {
  readonly #around: CareSurroundings;
  readonly #clock: Clock;
  readonly #turn = new Mutex();
  readonly #ending = new AbortController();
  readonly #last = new Map<string, string>();
  /** What was noticed lately about references, for the status: nobody reads what a collection says that begins by itself. */
  readonly #told: string[] = [];
  #activity = "";
  #timer: NodeJS.Timeout | undefined;
  /** Collections that are under way, or wait for their turn. */
  #collecting = 0;
  /** When a collection was asked for that has not begun. */
  #askedMs = 0;

  constructor(around: CareSurroundings) {
    this.#around = around;
    this.#clock = around.clock ?? systemClock;
  }

  /**
   * There may be chunks that nobody needs: a collection follows when this was not said again for some seconds, at the latest after a
   * minute. `delayMs`: another time to wait.
   */
  collectSoon(delayMs = this.#around.quietMs ?? QUIET_MS): void {
    if (this.#ending.signal.aborted) return;
    const now = this.#clock.monotonicMs();
    if (this.#timer === undefined) this.#askedMs = now;
    else if (now - this.#askedMs > PATIENCE_MS) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // What came of it is kept for the status.
      this.#collectAll(this.#around.settings.livePercent).catch(() => {});
    }, delayMs);
    this.#timer.unref();
  }

  /** Whether a collection is going to begin by itself, or is under way. */
  get isDue(): boolean {
    return this.#timer !== undefined || this.#collecting > 0;
  }

  /** Has the collection that is due made now, and waits for it and for one that is under way, at most so long. Never rejects. */
  async collectDue(waitMs: number): Promise<void> {
    if (!this.isDue) return;
    this.#nothingIsDue();
    const late = Promise.withResolvers<null>();
    const timer = setTimeout(() => late.resolve(null), waitMs);
    try {
      await Promise.race([this.#collectAll(this.#around.settings.livePercent).catch(() => null), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What was asked for so far is about to be done. */
  #nothingIsDue(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Collects in all domains. `livePercent` 0: that of the settings. If it is ended early, what was gained stays gained. */
  async vacuum(livePercent: number, watch?: CareWatch): Promise<CareReport> {
    const wasDue = this.#timer !== undefined;
    this.#nothingIsDue();
    try {
      return await this.#collectAll(livePercent === 0 ? this.#around.settings.livePercent : livePercent, watch);
    } catch (error) {
      // Who stops it has not taken the one upon himself that was to come.
      if (wasDue) this.collectSoon(PATIENCE_MS);
      throw error;
    }
  }

  /** Checks that every chunk of every kept session is there. */
  async verify(watch?: CareWatch): Promise<CareReport> {
    return await this.#eachDomain({ name: "verify", bytesPerS: 0, watch }, async ({ domain, pace, reach }) => {
      const { sessions, references, problems } = await verify(domain, pace, (done, of) => reach(`${done} of ${of} sessions`));
      const lines = problems.slice(0, NAMED_MAX).map(problemLine);
      if (problems.length > NAMED_MAX) lines.push(`and ${problems.length - NAMED_MAX} more sessions`);
      const outcome = problems.length === 0 ? "all their chunks are there" : `${problems.length} sessions are concerned`;
      return {
        lines: [...lines, `${sessions} sessions with ${references} references: ${outcome}`],
        isClean: problems.length === 0,
      };
    });
  }

  /** Reads every container and checks every chunk. */
  async scrub(lookOnly: boolean, watch?: CareWatch): Promise<CareReport> {
    await using thread = new ScrubThread();
    const bytesPerS = this.#around.settings.scrubBytesPerS ?? 0;
    return await this.#eachDomain({ name: "scrub", bytesPerS, watch }, async ({ domain, pace, reach, say }) => {
      const done = await scrub(domain, {
        lookOnly,
        pace,
        progress: (containers, of) => reach(`${containers} of ${of} containers`),
        found: say,
        scrub: async (path) => await thread.scrub(path),
      });
      const damaged = done.damagedChunks.length + done.damagedContainers.filter(({ what }) => what !== undefined).length;
      const { lines, isClean } = scrubReport(done, lookOnly);
      await writeLastScrub(domain.folder, { endedMs: this.#clock.nowMs(), damaged });
      return { lines, isClean };
    });
  }

  /** Takes good copies of chunks that are wanted; answers how many. */
  async mend(domainName: string, frames: Uint8Array<ArrayBuffer>): Promise<number> {
    using _turn = await this.#turn.acquire();
    const domain = [...this.#around.domains()].find(({ name }) => name === domainName);
    return domain === undefined ? 0 : await mend(domain, frames);
  }

  /** What is being done, and what came of the last collection and scrub: lines for the status. */
  async status(): Promise<string[]> {
    const last = [...this.#last].map(([domain, line]) => `  Last collection in domain ${domain}: ${line}`);
    for (const { name, folder } of this.#around.domains()) {
      const scrubbed = await readLastScrub(folder);
      if (scrubbed !== undefined) last.push(`  Last scrub in domain ${name}: ${lastScrubText(scrubbed)}`);
    }
    last.push(...this.#told.map((line) => `  Noticed in domain ${line}`));
    return this.#activity === "" ? last : [`  Running: ${this.#activity}`, ...last];
  }

  /** Ends what is being done, at its next step. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#ending.abort(new Error("the store is being closed"));
    using _turn = await this.#turn.acquire();
  }

  async #collectAll(livePercent: number, watch?: CareWatch): Promise<CareReport> {
    this.#collecting += 1;
    const bytesPerS = this.#around.settings.deleteBytesPerS;
    try {
      return await this.#eachDomain({ name: "collection", bytesPerS, watch }, async ({ domain, pace, reach }) => {
        const collected = await collect(domain, livePercent, pace, reach);
        const line = collectedLine(collected);
        this.#last.set(domain.name, line);
        const missing = collected.missing === 0 ? [] : [`${collected.missing} chunks are missing: run dedup verify`];
        return {
          lines: [...collected.notes, ...missing, line],
          isClean: collected.missing === 0 && collected.notes.length === 0,
        };
      });
    } finally {
      this.#collecting -= 1;
    }
  }

  /** Does a task in one domain after the other, when nothing else is being done. What fails in one does not keep it from the next. */
  async #eachDomain(
    { name, bytesPerS, watch }: { readonly name: string; readonly bytesPerS: number; readonly watch: CareWatch | undefined },
    task: (step: CareStep) => Promise<CareReport>,
  ): Promise<CareReport> {
    const signal = watch === undefined ? this.#ending.signal : AbortSignal.any([this.#ending.signal, watch.signal]);
    using _turn = await this.#turn.acquire(signal);
    const lines: string[] = [];
    let isClean = true;
    for (const domain of this.#around.domains()) {
      signal.throwIfAborted();
      this.#activity = `${name} in domain ${domain.name}`;
      const progress = new CareProgress(watch, this.#clock);
      const reach = (text: string): void => {
        this.#activity = `${name} in domain ${domain.name}, ${text}`;
        progress.reach(this.#activity);
      };
      const say = (text: string): void => progress.say(`${domain.name}: ${text}`);
      try {
        const report = await task({ domain, pace: new TimedPace(bytesPerS, signal, this.#clock), reach, say });
        lines.push(...report.lines.map((line) => `${domain.name}: ${line}`));
        isClean &&= report.isClean;
      } catch (error) {
        signal.throwIfAborted();
        const line = `${name} was given up: ${describeError(error)}`;
        this.#last.set(domain.name, line);
        lines.push(`${domain.name}: ${line}`);
        isClean = false;
      } finally {
        this.#activity = "";
      }
      const noticed = domain.references.takeNotes().map((line) => `${domain.name}: ${line}`);
      lines.unshift(...noticed);
      this.#told.push(...noticed);
      this.#told.splice(0, Math.max(0, this.#told.length - TOLD_MAX));
    }
    return { lines, isClean };
  }
}

function collectedLine(done: Collected): string {
  const { liveBytes, deadBytesLeft } = done;
  const deadPercent = liveBytes + deadBytesLeft === 0 ? 0 : Math.round((deadBytesLeft / (liveBytes + deadBytesLeft)) * 100);
  return [
    `${done.sessions} sessions need ${done.chunks} chunks, ${sizeText(liveBytes)}Bytes`,
    `${done.chunksDropped} chunks dropped`,
    `${done.containersRemoved} containers removed, ${done.containersRewritten} written anew`,
    `${sizeText(Math.max(0, done.bytesFreed))}Bytes freed`,
    `${sizeText(deadBytesLeft)}Bytes (${deadPercent}%) that nothing needs are left`,
  ].join("; ");
}

function scrubReport(done: Scrubbed, lookOnly: boolean): CareReport {
  const lines = scrubbedLines(done, NAMED_MAX);
  if (done.mended > 0) lines.push(`${done.mended} chunks were mended from another container`);
  lines.push(...done.incomplete.slice(0, NAMED_MAX).map(problemLine));
  const isDamaged = done.damagedContainers.length > 0;
  if (isDamaged && !lookOnly && done.incomplete.length > 0)
    lines.push("what is missing is stored again by the next backup of a client that has it");
  const outcome = isDamaged
    ? `${done.damagedChunks.length} damaged chunks in ${done.damagedContainers.length} containers`
    : "no damage";
  lines.push(`${done.containers} containers with ${done.chunks} chunks, ${sizeText(done.bytes)}Bytes: ${outcome}`);
  return { lines, isClean: !isDamaged && done.incomplete.length === 0 && done.notes.length === 0 };
}
