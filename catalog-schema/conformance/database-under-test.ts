import { after, before } from "node:test";
import { must } from "#lib/base/assert.ts";
import { Catalog, type CatalogOptions } from "../catalog.ts";
import { createCatalog } from "../migrations/migrate.ts";
import { createJob, type NewJob } from "../queries/jobs.ts";
import { listRows } from "../queries/list.ts";
import type { ListRequest } from "../queries/list-request.ts";
import type { Cell, RowStream } from "../database/sql-connection.ts";
import { attributeBatch, type TestFile } from "./batches.ts";

/** A kind of database that the conformance suite runs on. */
export interface DatabaseUnderTest {
  readonly name: string;
  /** Options of an empty database that no other test uses. */
  fresh(): Promise<CatalogOptions>;
}

/** A catalog for all tests of one `describe`: made before them, closed after them. */
export function catalogForAll(database: DatabaseUnderTest): () => Catalog {
  let catalog: Catalog | null = null;
  before(async () => {
    const options = await database.fresh();
    await createCatalog(options);
    catalog = await Catalog.open(options);
  });
  after(async () => await catalog?.[Symbol.asyncDispose]());
  return () => must(catalog, "the catalog of this suite");
}

let jobs = 0;

/** Adds a job with plain defaults; each is a second later than the one before. */
export async function addJob(catalog: Catalog, given: Partial<NewJob> = {}): Promise<number> {
  jobs += 1;
  const time = `2026-03-01 ${String(10 + Math.floor(jobs / 3600)).padStart(2, "0")}:${String(Math.floor(jobs / 60) % 60).padStart(2, "0")}:${String(jobs % 60).padStart(2, "0")}`;
  const defaults = {
    Job: `Job.${jobs}`,
    Name: "Job",
    Type: "B",
    Level: "F",
    JobStatus: "T",
    SchedTime: time,
    StartTime: time,
    EndTime: time,
    JobTDate: 1_770_000_000 + jobs,
  };
  return await createJob(catalog, { ...defaults, ...given });
}

const lastEvents = new Map<number, number>();

/** Adds files to a job, as the next event of its storage daemon. */
export async function addFiles(catalog: Catalog, jobId: number, files: readonly (TestFile | string)[]): Promise<void> {
  const event = (lastEvents.get(jobId) ?? 0) + 1;
  lastEvents.set(jobId, event);
  const described = files.map((file, at) => (typeof file === "string" ? { fileIndex: at + 1, name: file } : file));
  await catalog.applyEvents({ jobId, daemon: "sd", events: [{ event, kind: "attributes", batch: attributeBatch(described) }] });
}

/** All rows of a stream. */
export async function readAll(stream: RowStream): Promise<Cell[][]> {
  const rows: Cell[][] = [];
  for await (const page of stream.rows) rows.push(...page.map((row) => [...row]));
  return rows;
}

/** What `list` would print, as objects. */
export async function listed(catalog: Catalog, request: ListRequest): Promise<Record<string, Cell>[]> {
  const stream = await listRows(catalog, request);
  const rows = await readAll(stream);
  return rows.map((row) => Object.fromEntries(stream.columns.map((column, at) => [column, row[at]!])));
}

/** Rows of a statement that the operator types. */
export async function typed(catalog: Catalog, statement: string): Promise<Cell[][]> {
  const result = await catalog.sqlQuery(statement);
  return result.kind === "rows" ? await readAll(result) : [[result.rows]];
}
