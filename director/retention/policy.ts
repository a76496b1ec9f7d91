import type { CatalogReader } from "#catalog/catalog.ts";
import { listClients } from "#catalog/queries/clients.ts";
import { listPools } from "#catalog/queries/pools.ts";
import type { RetentionRow } from "#catalog/queries/retention.ts";
import type { KeepRule } from "./keep-rules.ts";

/** How long what belongs to a job is kept, and who says so. */
export interface Policy {
  /** Seconds that the job is kept. */
  readonly jobs: number;
  readonly jobsFrom: string;
  /** Seconds that its file records are kept. */
  readonly files: number;
  readonly filesFrom: string;
  /** Decides in the place of Job and Volume Retention which good backups stay. */
  readonly keep: { readonly rule: KeepRule; readonly from: string } | null;
}

/** What the configuration says of retention, by names of resources; plain data, so that another thread can be given it. */
export interface PolicyConfig {
  readonly jobs: ReadonlyMap<string, { readonly keep: KeepRule | undefined }>;
  readonly clients: ReadonlyMap<string, { readonly jobRetention: number; readonly fileRetention: number }>;
  readonly pools: ReadonlyMap<
    string,
    {
      readonly name: string;
      readonly jobRetention: number;
      readonly fileRetention: number;
      readonly keep: KeepRule | undefined;
    }
  >;
}

/** The part of a configuration that decides about retention. */
export function policyConfig({ jobs, clients, pools }: PolicyConfig): PolicyConfig {
  return {
    jobs: new Map([...jobs].map(([name, { keep }]) => [name, { keep }])),
    clients: new Map([...clients].map(([name, { jobRetention, fileRetention }]) => [name, { jobRetention, fileRetention }])),
    pools: new Map(
      [...pools].map(([key, { name, jobRetention, fileRetention, keep }]) => [
        key,
        { name, jobRetention, fileRetention, keep },
      ]),
    ),
  };
}

/** Names and retention of clients and pools, by number: what a policy is looked up with. */
export interface PolicyRows {
  readonly clients: ReadonlyMap<
    number,
    { readonly Name: string; readonly JobRetention: number; readonly FileRetention: number }
  >;
  readonly pools: ReadonlyMap<number, { readonly Name: string }>;
}

/** Retention of jobs whose client is neither configured nor in the catalog: that of a Client that says nothing. */
const UNKNOWN_CLIENT = { Name: "unknown", JobRetention: 15_552_000, FileRetention: 5_184_000 };

/** Reads what `policyOf` needs of the catalog. */
export async function readPolicyRows(r: CatalogReader): Promise<PolicyRows> {
  return {
    clients: new Map((await listClients(r)).map((row) => [row.ClientId, row])),
    pools: new Map((await listPools(r)).map((row) => [row.PoolId, row])),
  };
}

/**
 * The retention in force for a job: Job and File Retention of its Pool, else of its Client (as the catalog has them where the resource is
 * gone); Keep of its Job resource, else of its Pool.
 */
export function policyOf(
  job: Pick<RetentionRow, "Name" | "ClientId" | "PoolId">,
  rows: PolicyRows,
  config: PolicyConfig,
): Policy {
  const pool = config.pools.get(rows.pools.get(job.PoolId)?.Name ?? "");
  const row = rows.clients.get(job.ClientId) ?? UNKNOWN_CLIENT;
  const client = config.clients.get(row.Name);
  const fromClient = `Client "${row.Name}"`;
  const fromPool = `Pool "${pool?.name}"`;
  const [jobs, files] = [pool?.jobRetention ?? 0, pool?.fileRetention ?? 0];
  const ofJob = config.jobs.get(job.Name)?.keep;
  return {
    jobs: jobs > 0 ? jobs : (client?.jobRetention ?? row.JobRetention),
    jobsFrom: jobs > 0 ? fromPool : fromClient,
    files: files > 0 ? files : (client?.fileRetention ?? row.FileRetention),
    filesFrom: files > 0 ? fromPool : fromClient,
    keep:
      ofJob !== undefined
        ? { rule: ofJob, from: `Job "${job.Name}"` }
        : pool?.keep !== undefined
          ? { rule: pool.keep, from: fromPool }
          : null,
  };
}

/** The shortest time, in seconds, after which anything of this client may expire: what is younger need not be looked at. */
export function shortestRetention(rows: PolicyRows, config: PolicyConfig, what: "jobs" | "files"): number {
  const key = what === "jobs" ? "jobRetention" : "fileRetention";
  const row = what === "jobs" ? "JobRetention" : "FileRetention";
  const clients = [...rows.clients.values()].map((client) => config.clients.get(client.Name)?.[key] ?? client[row]);
  const pools = [...config.pools.values()].map((pool) => pool[key]).filter((seconds) => seconds > 0);
  const hasKeep =
    what === "jobs" &&
    ([...config.pools.values()].some((pool) => pool.keep !== undefined) ||
      [...config.jobs.values()].some((job) => job.keep !== undefined));
  return hasKeep ? 0 : Math.min(UNKNOWN_CLIENT[row], ...clients, ...pools);
}
