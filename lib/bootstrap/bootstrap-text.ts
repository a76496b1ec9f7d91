import { OperatorError } from "#lib/errors/operator-error.ts";
import type { AddressRange, Bootstrap, BootstrapEntry, IndexRange, SessionSelector } from "#proto/bootstrap.ts";

/** Entries of a Bootstrap, and characters of its text: beyond them it is no Bootstrap. */
const ENTRIES_MAX = 100_000;
const TEXT_CHARS_MAX = 256 * 1024 * 1024;

/** A Bootstrap as the text of a .bsr file. `storage`: name of the Storage resource for each Volume, if known. */
export function bootstrapText(bootstrap: Bootstrap, storage: (volume: string) => string = () => ""): string {
  return bootstrap.entries.map((entry) => entryText(entry, storage(entry.volume))).join("");
}

function entryText(entry: BootstrapEntry, storage: string): string {
  const lines = [
    storage === "" ? "" : `Storage="${storage}"`,
    `Volume="${entry.volume}"`,
    entry.mediaType === "" ? "" : `MediaType="${entry.mediaType}"`,
    entry.device === "" ? "" : `Device="${entry.device}"`,
    entry.slot > 0 ? `Slot=${entry.slot}` : "",
    entry.jobId > 0 ? `JobId=${entry.jobId}` : "",
    ...sessionLines(entry.session),
    entry.volSessionId > 0 ? `VolSessionId=${entry.volSessionId}` : "",
    entry.volSessionTime > 0 ? `VolSessionTime=${entry.volSessionTime}` : "",
    ...entry.addresses.map((range) => `VolAddr=${range.first}-${range.last}`),
    ...entry.streams.map((stream) => `Stream=${stream}`),
    ...entry.fileIndexes.map(
      (range) => `FileIndex=${range.first === range.last ? range.first : `${range.first}-${range.last}`}`,
    ),
    entry.fileRegex === "" ? "" : `FileRegex=${entry.fileRegex}`,
    entry.count > 0 ? `Count=${entry.count}` : "",
  ];
  return lines
    .filter((line) => line !== "")
    .map((line) => `${line}\n`)
    .join("");
}

function sessionLines(session: SessionSelector | undefined): string[] {
  if (session === undefined) return [];
  const { clients, jobs, types, levels } = session;
  return [
    ...clients.map((name) => `Client="${name}"`),
    ...jobs.map((name) => `Job="${name}"`),
    ...types.map((letter) => `JobType=${letter}`),
    ...levels.map((letter) => `JobLevel=${letter}`),
  ];
}

/** The Bootstrap that a .bsr text describes. `file` is named in errors. Throws BOOTSTRAP_INVALID with file and line. */
export function parseBootstrap(text: string, file: string): Bootstrap {
  if (text.length > TEXT_CHARS_MAX)
    throw new OperatorError("BOOTSTRAP_INVALID", `${file} is longer than ${TEXT_CHARS_MAX} characters`);
  const entries: Draft[] = [];
  let pending: Draft = newDraft();
  for (const [at, line] of text.split("\n").entries()) {
    const statement = line.replace(/^\s*#.*/, "").trim();
    if (statement === "") continue;
    const match = /^([A-Za-z ]+?)\s*=\s*(.*)$/.exec(statement);
    const where = `${file}:${at + 1}`;
    if (match === null) throw invalid(where, `"${statement.slice(0, 80)}" is no keyword=value`);
    const keyword = match[1]!.replaceAll(" ", "").toLowerCase();
    // Storage stands before the Volume that it belongs to; a second Volume begins the next entry.
    if (keyword === "volume" || (keyword === "storage" && pending.volume !== "")) {
      if (pending.volume !== "") entries.push(pending);
      if (entries.length >= ENTRIES_MAX) throw invalid(where, `there are more than ${ENTRIES_MAX} entries`);
      if (pending.volume !== "" || keyword === "storage") pending = newDraft();
    }
    readKeyword(pending, keyword, match[2]!, where);
  }
  if (pending.volume === "") throw invalid(file, "it names no Volume");
  const finished = [...entries, pending].flatMap((draft) => finish(draft, file));
  if (finished.length > ENTRIES_MAX) throw invalid(file, `it comes to more than ${ENTRIES_MAX} entries`);
  return { entries: finished };
}

/** An entry as it is read: what may be a list is one, until `finish` makes an entry of each combination. */
interface Draft extends BootstrapEntry {
  files: number[][];
  blocks: number[][];
  sessionIds: number[];
  sessionTimes: number[];
  jobIds: number[];
}

function newDraft(): Draft {
  return {
    volume: "", mediaType: "", device: "", slot: 0, volSessionId: 0, volSessionTime: 0, addresses: [], fileIndexes: [], count: 0,
    fileRegex: "", session: undefined, jobId: 0, streams: [], files: [], blocks: [], sessionIds: [], sessionTimes: [], jobIds: [],
  }; // prettier-ignore
}

/** Where each keyword about a session's label goes. */
const SELECTOR_LISTS = { client: "clients", job: "jobs", jobtype: "types", joblevel: "levels" } as const;

function readKeyword(entry: Draft, keyword: string, value: string, where: string): void {
  const text = value.replace(/^"(.*)"$/, "$1");
  switch (keyword) {
    case "volume":
      entry.volume = text;
      return;
    case "mediatype":
      entry.mediaType = text;
      return;
    case "device":
      entry.device = text;
      return;
    case "fileregex":
      entry.fileRegex = text;
      return;
    case "slot":
    case "count":
      entry[keyword] = one(text, where);
      return;
    case "jobid":
      entry.jobIds.push(...numbers(text, where));
      return;
    case "volsessionid":
      entry.sessionIds.push(...numbers(text, where));
      return;
    case "volsessiontime":
      entry.sessionTimes.push(...numbers(text, where));
      return;
    case "volfile":
      entry.files.push(...ranges(text, where));
      return;
    case "volblock":
      entry.blocks.push(...ranges(text, where));
      return;
    case "voladdr":
      entry.addresses.push(...ranges(text, where).map(([first, last]): AddressRange => ({ first: first!, last: last! })));
      return;
    case "findex":
    case "fileindex":
      entry.fileIndexes.push(...ranges(text, where).map(([first, last]): IndexRange => ({ first: first!, last: last! })));
      return;
    case "stream":
      entry.streams.push(...text.split(",").map((part) => one(part, where)));
      return;
    case "client":
    case "job":
    case "jobtype":
    case "joblevel":
      (entry.session ??= { clients: [], jobs: [], types: [], levels: [] })[SELECTOR_LISTS[keyword]].push(text);
      return;
    case "include":
    case "exclude":
      throw invalid(where, `${keyword} cannot be followed; FileRegex chooses files by their names`);
    case "storage":
    case "plugin":
    case "done":
      return;
    default:
      throw invalid(where, `the keyword "${keyword}" is unknown`);
  }
}

/** VolFile and VolBlock become addresses (file is the high half, block the low half); lists become an entry for each combination. */
function finish(draft: Draft, file: string): BootstrapEntry[] {
  const { files, blocks, sessionIds, sessionTimes, jobIds, ...entry } = draft;
  if (blocks.length > 0 && blocks.length !== files.length)
    throw invalid(file, `Volume "${entry.volume}": each VolBlock needs a VolFile of its own, and the other way round`);
  if (entry.addresses.length === 0) {
    const pairs = files.map((file, at) => [file, blocks.length === 0 ? [0, 0xffff_ffff] : blocks[at]!] as const);
    entry.addresses = pairs.map(([file, block]) => ({
      first: file[0]! * 2 ** 32 + block[0]!,
      last: file[1]! * 2 ** 32 + block[1]!,
    }));
  }
  const orAny = (list: readonly number[]): readonly number[] => (list.length === 0 ? [0] : list);
  return entry.volume
    .split("|")
    .flatMap((volume) =>
      orAny(sessionIds).flatMap((volSessionId) =>
        orAny(sessionTimes).flatMap((volSessionTime) =>
          orAny(jobIds).map((jobId) => ({ ...entry, volume, volSessionId, volSessionTime, jobId })),
        ),
      ),
    );
}

/** Numbers of a list with ranges; at most 1,000. */
function numbers(text: string, where: string): number[] {
  const all = ranges(text, where);
  if (all.reduce((sum, [first, last]) => sum + last! - first! + 1, 0) > 1000)
    throw invalid(where, "it names more than 1,000 sessions or jobs");
  return all.flatMap(([first, last]) => Array.from({ length: last! - first! + 1 }, (_, at) => first! + at));
}

function ranges(text: string, where: string): number[][] {
  return text.split(",").map((part) => {
    const match = /^\s*(\d{1,16})\s*(?:-\s*(\d{1,16}))?\s*$/.exec(part);
    const first = Number(match?.[1]);
    const last = match?.[2] === undefined ? first : Number(match[2]);
    if (match === null || !Number.isSafeInteger(last) || last < first)
      throw invalid(where, `"${part.slice(0, 80)}" is no number or range`);
    return [first, last];
  });
}

function one(text: string, where: string): number {
  const value = /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw invalid(where, `"${text.slice(0, 80)}" is no number`);
  return value;
}

function invalid(where: string, what: string): OperatorError {
  return new OperatorError("BOOTSTRAP_INVALID", `Bootstrap ${where}: ${what}`);
}
