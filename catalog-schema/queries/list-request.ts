import type { CompiledQuery } from "kysely";

/** Which jobs `list jobs` shows; every given field narrows. */
export interface JobFilter {
  readonly jobIds?: readonly number[];
  /** Unique name. */
  readonly uniqueName?: string;
  /** Name of the Job resource. */
  readonly name?: string;
  readonly client?: string;
  readonly jobStatus?: string;
  /** Only jobs with errors. */
  readonly hasErrors?: boolean;
  readonly level?: string;
  readonly type?: string;
  readonly pool?: string;
  readonly volume?: string;
  readonly tag?: string;
  /** Only jobs that started at or after this local time. */
  readonly since?: string;
  /** Only jobs that started before this local time. */
  readonly until?: string;
  readonly limit?: number;
  readonly offset?: number;
  /** Default: ascending by JobId. With a limit the newest are taken, and shown in this order. */
  readonly order?: "asc" | "desc";
}

/** Everything that `list` and `llist` can print. `long` chooses the columns of `llist`. */
export type ListRequest = { readonly long?: boolean } & (
  | ({ readonly kind: "jobs" } & JobFilter)
  | ({ readonly kind: "jobtotals" } & JobFilter)
  | ({ readonly kind: "jobsums" } & JobFilter)
  | { readonly kind: "files"; readonly jobId: number; readonly which?: "saved" | "deleted" | "all" }
  | { readonly kind: "basefiles"; readonly jobId: number }
  | { readonly kind: "jobmedia"; readonly jobId?: number; readonly volume?: string }
  | { readonly kind: "filemedia"; readonly jobId: number; readonly fileIndex?: number }
  | { readonly kind: "joblog"; readonly jobId: number }
  | {
      readonly kind: "media";
      readonly pool?: string;
      readonly volume?: string;
      readonly jobId?: number;
      /** Local time, for ExpiresIn. */ readonly now: string;
      /** Short list: shows capacities and how full Volumes are. */
      readonly withCapacity?: boolean;
    }
  | { readonly kind: "pools"; readonly name?: string }
  | { readonly kind: "clients"; readonly name?: string }
  | { readonly kind: "copies"; readonly jobIds?: readonly number[]; readonly limit?: number }
  | { readonly kind: "filesets" }
  | { readonly kind: "storages" }
  | { readonly kind: "counters" }
  | {
      readonly kind: "events";
      readonly type?: string;
      readonly source?: string;
      readonly daemon?: string;
      readonly code?: string;
      readonly since?: string;
      readonly until?: string;
      readonly limit?: number;
      readonly offset?: number;
      readonly order?: "asc" | "desc";
    }
  | { readonly kind: "objects"; readonly jobId?: number }
  | { readonly kind: "restoreobjects"; readonly jobId: number }
  | { readonly kind: "snapshots" }
);

/** One kind of request. */
export type ListOf<Kind extends ListRequest["kind"]> = Extract<ListRequest, { kind: Kind }>;

/** A query that is ready to be run. */
export interface Compiles {
  compile(): CompiledQuery;
}
