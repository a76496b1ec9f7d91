import { OperatorError } from "#lib/errors/operator-error.ts";
import type { BootstrapEntry, Bootstrap, SessionSelector } from "#proto/bootstrap.ts";
import type { SessionKey } from "./block.ts";
import type { SessionLabel } from "./session-label.ts";

/** Consecutive entries of a Bootstrap that concern one Volume: what is done with the Volume mounted once. */
export interface VolumeStep {
  readonly volume: string;
  readonly mediaType: string;
  readonly entries: readonly BootstrapEntry[];
}

/** A stretch of addresses, both ends included. */
export interface AddressSpan {
  readonly first: number;
  readonly last: number;
}

/** Most entries of a Bootstrap, and most ranges in all of them together. */
const ENTRIES_MAX = 100_000;
const RANGES_MAX = 4_000_000;

/** The Volumes of a Bootstrap in the order in which they are read. BOOTSTRAP_INVALID if something in it cannot be. */
export function volumeSteps(bootstrap: Bootstrap): VolumeStep[] {
  if (bootstrap.entries.length > ENTRIES_MAX)
    throw invalid(`it has ${bootstrap.entries.length} entries; ${ENTRIES_MAX} are the most`);
  const steps: { volume: string; mediaType: string; entries: BootstrapEntry[] }[] = [];
  let ranges = 0;
  for (const entry of bootstrap.entries) {
    if (entry.volume === "") throw invalid("an entry names no Volume");
    for (const range of [...entry.addresses, ...entry.fileIndexes]) {
      if (range.last < range.first || range.first < 0)
        throw invalid(`Volume "${entry.volume}": ${range.first}-${range.last} is not a range`);
    }
    ranges += entry.addresses.length + entry.fileIndexes.length;
    if (ranges > RANGES_MAX) throw invalid(`it has more than ${RANGES_MAX} ranges`);
    const step = steps.at(-1);
    if (step?.volume === entry.volume) step.entries.push(entry);
    else steps.push({ volume: entry.volume, mediaType: entry.mediaType, entries: [entry] });
  }
  return steps;
}

/** What a session's label says, as far as a Bootstrap can ask for it. */
export type SessionStart = Pick<SessionLabel, "jobId" | "client" | "job" | "jobName" | "type" | "level">;

/** Of each session whose start was read: it may go on on the next Volume. */
export type SessionStarts = Map<string, SessionStart>;

function isSelected({ clients, jobs, types, levels }: SessionSelector, start: SessionStart): boolean {
  const holds = (wanted: readonly string[], ...found: readonly string[]): boolean =>
    wanted.length === 0 || found.some((one) => wanted.includes(one));
  return (
    holds(clients, start.client) &&
    holds(jobs, start.job, start.jobName) &&
    holds(types, start.type) &&
    holds(levels, start.level)
  );
}

/** What of one Volume is wanted: asked for every block and record, so it must be quick. */
export class VolumeSelection {
  /** Where to read, ascending and apart from each other; undefined: the whole Volume. */
  readonly spans: readonly AddressSpan[] | undefined;
  /** Whether sessions are chosen by job, so that every session's start must be looked at. */
  readonly mustSeeStarts: boolean;
  readonly #wishes: Wish[];
  /** Wishes before this one are done. */
  #firstUndone = 0;
  readonly #bySession = new Map<string, Wish[]>();
  readonly #anySession: Wish[];
  readonly #starts: SessionStarts;
  #lastKey: SessionKey | undefined;
  #lastWishes: readonly Wish[] = [];
  /** In `#lastWishes`, wishes before this one are done. */
  #lastFrom = 0;

  /** `starts`: of sessions that began on an earlier Volume. */
  constructor(entries: readonly BootstrapEntry[], starts: SessionStarts = new Map()) {
    this.#starts = starts;
    this.spans = entries.every((entry) => entry.addresses.length > 0)
      ? joinSpans(entries.flatMap((entry) => entry.addresses))
      : undefined;
    this.#wishes = entries.map((entry) => new Wish(entry));
    this.#anySession = this.#wishes.filter((wish) => !wish.namesSession);
    this.mustSeeStarts = this.#anySession.some(({ entry }) => entry.jobId > 0 || entry.session !== undefined);
    for (const wish of this.#wishes.toSorted((a, b) => a.firstIndex - b.firstIndex)) {
      if (!wish.namesSession) continue;
      const key = keyOf({ id: wish.entry.volSessionId, time: wish.entry.volSessionTime });
      const list = this.#bySession.get(key);
      if (list === undefined) this.#bySession.set(key, [wish]);
      else list.push(wish);
    }
  }

  /** Whether all that was wanted has been passed, so that reading may stop. */
  get isDone(): boolean {
    while (this.#wishes[this.#firstUndone]?.isDone === true) this.#firstUndone += 1;
    return this.#firstUndone === this.#wishes.length;
  }

  /** Whether a block of this session may hold something wanted. */
  wantsSession(session: SessionKey): boolean {
    return this.#wishesOf(session).some((wish) => !wish.isDone);
  }

  /** Whether a record is wanted. Records of a session are asked for in their order on the Volume. */
  wantsRecord(session: SessionKey, fileIndex: number, stream: number): boolean {
    const wishes = this.#wishesOf(session);
    while (wishes[this.#lastFrom]?.isDone === true) this.#lastFrom += 1;
    let isWanted = false;
    for (let at = this.#lastFrom; at < wishes.length; at += 1) {
      const wish = wishes[at] as Wish;
      if (wish.firstIndex > fileIndex) break;
      if (wish.wants(fileIndex, stream)) isWanted = true;
    }
    return isWanted;
  }

  /** Tells of a session's start: its job is known from here on. */
  sessionStarts(session: SessionKey, { jobId, client, job, jobName, type, level }: SessionLabel): void {
    this.#starts.set(keyOf(session), { jobId, client, job, jobName, type, level });
    this.#lastKey = undefined;
  }

  /** Tells of a session's end: nothing more of it will come. */
  sessionEnds(session: SessionKey): void {
    for (const wish of this.#wishesOf(session)) if (wish.namesSession) wish.isDone = true;
  }

  /** JobId under which the session was saved; 0 if neither its start was read nor the bootstrap tells. */
  jobOf(session: SessionKey): number {
    return (
      this.#starts.get(keyOf(session))?.jobId ?? this.#wishesOf(session).find((wish) => wish.entry.jobId > 0)?.entry.jobId ?? 0
    );
  }

  /** Regular expressions with which names must be compared, of the entries that concern this session; empty: none. */
  nameFilters(session: SessionKey): readonly string[] {
    const filters = this.#wishesOf(session).map((wish) => wish.entry.fileRegex);
    return filters.includes("") ? [] : filters;
  }

  #wishesOf(session: SessionKey): readonly Wish[] {
    const last = this.#lastKey;
    if (last !== undefined && last.id === session.id && last.time === session.time) return this.#lastWishes;
    const named = this.#bySession.get(keyOf(session)) ?? [];
    const start = this.#starts.get(keyOf(session));
    const loose = this.#anySession.filter((wish) => wish.matchesLoosely(session, start));
    this.#lastKey = session;
    this.#lastFrom = 0;
    this.#lastWishes = loose.length === 0 ? named : [...named, ...loose].toSorted((a, b) => a.firstIndex - b.firstIndex);
    return this.#lastWishes;
  }
}

/** One entry with what has been seen of it. */
class Wish {
  readonly entry: BootstrapEntry;
  /** Ascending and apart from each other; empty: all. */
  readonly #indexes: readonly AddressSpan[];
  readonly #streams: ReadonlySet<number>;
  /** Range at or after the last FileIndex asked for: FileIndexes of a session only grow. */
  #cursor = 0;
  #lastFileIndex = 0;
  #seen = 0;
  isDone = false;

  constructor(entry: BootstrapEntry) {
    this.entry = entry;
    this.#indexes = joinSpans(entry.fileIndexes);
    this.#streams = new Set(entry.streams);
  }

  /** No FileIndex below this is wanted. */
  get firstIndex(): number {
    return this.#indexes[0]?.first ?? 0;
  }

  /** Whether exactly one session is meant, whatever its label says. */
  get namesSession(): boolean {
    const { volSessionId, volSessionTime, session } = this.entry;
    return volSessionId !== 0 && volSessionTime !== 0 && session === undefined;
  }

  /** Whether an entry that leaves the session open means this one. */
  matchesLoosely(session: SessionKey, start: SessionStart | undefined): boolean {
    const { entry } = this;
    if (entry.volSessionId !== 0 && entry.volSessionId !== session.id) return false;
    if (entry.volSessionTime !== 0 && entry.volSessionTime !== session.time) return false;
    if (entry.jobId !== 0 && entry.jobId !== start?.jobId) return false;
    return entry.session === undefined || (start !== undefined && isSelected(entry.session, start));
  }

  wants(fileIndex: number, stream: number): boolean {
    if (this.isDone || fileIndex <= 0) return false;
    if (!this.#indexIsWanted(fileIndex)) return false;
    if (!this.#countAllows(fileIndex)) return false;
    return this.#streams.size === 0 || this.#streams.has(stream);
  }

  #indexIsWanted(fileIndex: number): boolean {
    const indexes = this.#indexes;
    if (indexes.length === 0) return true;
    if (fileIndex < this.#lastFileIndex) this.#cursor = 0;
    while (this.#cursor < indexes.length && (indexes[this.#cursor] as AddressSpan).last < fileIndex) this.#cursor += 1;
    const range = indexes[this.#cursor];
    // Only an entry that names its session sees FileIndexes in one ascending order.
    if (range === undefined && this.namesSession) this.isDone = true;
    return range !== undefined && range.first <= fileIndex;
  }

  /** Counts files; the first one beyond `count` ends the entry. */
  #countAllows(fileIndex: number): boolean {
    if (fileIndex === this.#lastFileIndex) return true;
    this.#lastFileIndex = fileIndex;
    this.#seen += 1;
    if (this.entry.count === 0 || this.#seen <= this.entry.count) return true;
    this.isDone = true;
    return false;
  }
}

/** The same addresses or indexes as ascending ranges that neither overlap nor touch. */
function joinSpans(spans: readonly AddressSpan[]): AddressSpan[] {
  const joined: { first: number; last: number }[] = [];
  for (const span of spans.toSorted((a, b) => a.first - b.first)) {
    const last = joined.at(-1);
    if (last !== undefined && span.first <= last.last + 1) last.last = Math.max(last.last, span.last);
    else joined.push({ first: span.first, last: span.last });
  }
  return joined;
}

function keyOf(session: SessionKey): string {
  return `${session.id}:${session.time}`;
}

function invalid(text: string): OperatorError {
  return new OperatorError("BOOTSTRAP_INVALID", `the bootstrap cannot be followed: ${text}`);
}
