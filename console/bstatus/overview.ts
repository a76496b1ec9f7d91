import { OperatorError } from "#lib/errors/operator-error.ts";
import type { TableRows } from "./ask-overview.ts";

/* What the Director tells of a site (`.overview`), as facts. Times are unix seconds by the Director's clock; null: not known, or never. */

export interface SiteFacts {
  readonly director: string;
  readonly version: string;
  readonly now: number;
}

export interface ClientFacts {
  readonly client: string;
  readonly isEnabled: boolean;
  /** Good runs in the catalog, and their bytes as stored. */
  readonly goodJobs: number;
  readonly goodBytes: number;
}

/** A run that ended well. */
export interface GoodRun {
  readonly jobId: number;
  readonly level: string;
  readonly started: number | null;
  readonly ended: number;
  readonly files: number;
  readonly bytes: number;
}

export interface JobFacts {
  readonly job: string;
  /** B backup, V verify, D admin, c copy, g migration. */
  readonly type: string;
  readonly client: string;
  readonly schedule: string;
  readonly isEnabled: boolean;
  readonly good: GoodRun | null;
  readonly fullEnded: number | null;
  readonly last: { readonly jobId: number; readonly status: string; readonly ended: number } | null;
  /** Failed runs since the last good one. */
  readonly failures: number;
  /** Scheduled moments since the last good run that passed unanswered. */
  readonly missed: number;
  readonly missedSince: number | null;
  readonly nextRun: number | null;
  readonly running: { readonly jobId: number; readonly since: number; readonly text: string } | null;
}

export interface StorageFacts {
  readonly storage: string;
  /** "" while its room was never looked at. */
  readonly device: string;
  readonly isEnabled: boolean;
  /** Days since 1970-01-01 on which it was looked at last. */
  readonly day: number | null;
  readonly totalBytes: number | null;
  readonly freeBytes: number | null;
  readonly bytesPerDay: number | null;
  /** Null: not within a century, or too little history. */
  readonly fullInDays: number | null;
  readonly historyDays: number | null;
}

export interface PoolFacts {
  readonly pool: string;
  readonly bytesPerDay: number;
  readonly historyDays: number;
  readonly roomBytes: number | null;
  readonly fullInDays: number | null;
}

export interface VolumeFacts {
  readonly volume: string;
  readonly pool: string;
  readonly storage: string;
  readonly status: string;
  readonly errors: number;
  readonly badBlocks: number;
  readonly lastWritten: number | null;
}

export interface WaitingFacts {
  readonly jobId: number;
  readonly job: string;
  readonly client: string;
  readonly since: number;
  readonly request: string;
}

/** How a site does. */
export interface Overview {
  readonly site: SiteFacts;
  readonly clients: readonly ClientFacts[];
  readonly jobs: readonly JobFacts[];
  readonly storages: readonly StorageFacts[];
  readonly pools: readonly PoolFacts[];
  readonly volumes: readonly VolumeFacts[];
  readonly waiting: readonly WaitingFacts[];
}

/** Reads the tables. Throws OVERVIEW_INVALID for what a Director of another release, or none of ours, has sent. */
export function readOverview(tables: TableRows): Overview {
  const rows = (name: string): readonly Row[] => {
    const found = tables.get(`overview_${name}`);
    if (found === undefined) throw invalid(`the table ${name} is missing`);
    return found.map((row) => new Row(name, row));
  };
  const [site] = rows("site");
  if (site === undefined) throw invalid("the table site is empty");
  return {
    site: { director: site.text("director"), version: site.text("version"), now: site.count("now") },
    clients: rows("clients").map((row) => ({
      client: row.text("client"),
      isEnabled: row.count("enabled") !== 0,
      goodJobs: row.count("good_jobs"),
      goodBytes: row.count("good_bytes"),
    })),
    jobs: rows("jobs").map(jobFacts),
    storages: rows("storages").map(storageFacts),
    pools: rows("pools").map((row) => ({
      pool: row.text("pool"),
      bytesPerDay: row.count("bytes_per_day"),
      historyDays: row.count("history_days"),
      roomBytes: row.number("room_bytes"),
      fullInDays: row.number("full_in_days"),
    })),
    volumes: rows("volumes").map((row) => ({
      volume: row.text("volume"),
      pool: row.text("pool"),
      storage: row.text("storage"),
      status: row.text("status"),
      errors: row.count("errors"),
      badBlocks: row.count("bad_blocks"),
      lastWritten: row.number("last_written"),
    })),
    waiting: rows("waiting").map((row) => ({
      jobId: row.count("jobid"),
      job: row.text("job"),
      client: row.text("client"),
      since: row.count("since"),
      request: row.text("request"),
    })),
  };
}

function jobFacts(row: Row): JobFacts {
  const good = row.number("good_jobid");
  const last = row.number("last_jobid");
  const running = row.number("running_jobid");
  return {
    job: row.text("job"),
    type: row.text("type"),
    client: row.text("client"),
    schedule: row.text("schedule"),
    isEnabled: row.count("enabled") !== 0,
    good:
      good === null
        ? null
        : {
            jobId: good,
            level: row.text("good_level"),
            started: row.number("good_started"),
            ended: row.count("good_ended"),
            files: row.count("good_files"),
            bytes: row.count("good_bytes"),
          },
    fullEnded: row.number("full_ended"),
    last: last === null ? null : { jobId: last, status: row.text("last_status"), ended: row.count("last_ended") },
    failures: row.count("failures"),
    missed: row.count("missed"),
    missedSince: row.number("missed_since"),
    nextRun: row.number("next_run"),
    running: running === null ? null : { jobId: running, since: row.count("running_since"), text: row.text("running_text") },
  };
}

function storageFacts(row: Row): StorageFacts {
  return {
    storage: row.text("storage"),
    device: row.text("device"),
    isEnabled: row.count("enabled") !== 0,
    day: row.number("day"),
    totalBytes: row.number("total_bytes"),
    freeBytes: row.number("free_bytes"),
    bytesPerDay: row.number("bytes_per_day"),
    fullInDays: row.number("full_in_days"),
    historyDays: row.number("history_days"),
  };
}

/** A row of text, read by the names of its columns. */
class Row {
  readonly #table: string;
  readonly #values: ReadonlyMap<string, string>;

  constructor(table: string, values: ReadonlyMap<string, string>) {
    this.#table = table;
    this.#values = values;
  }

  text(column: string): string {
    const value = this.#values.get(column);
    if (value === undefined) throw invalid(`the table ${this.#table} has no column ${column}`);
    return value;
  }

  /** Null for the empty text. */
  number(column: string): number | null {
    const text = this.text(column);
    if (text === "") return null;
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value))
      throw invalid(`${column} of the table ${this.#table} is no whole number: ${text.slice(0, 40)}`);
    return value;
  }

  count(column: string): number {
    const value = this.number(column);
    if (value === null || value < 0) throw invalid(`${column} of the table ${this.#table} is not there`);
    return value;
  }
}

function invalid(what: string): OperatorError {
  return new OperatorError("OVERVIEW_INVALID", `what the Director tells of the site cannot be read: ${what}`);
}
