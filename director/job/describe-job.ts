import { parseCatalogTime } from "#lib/base/local-time.ts";
import { printResource } from "#lib/config/print.ts";
import { encodeJobDescription } from "#lib/job-description/job-description.ts";
import { fileSetTable } from "#director/config/file-set.ts";
import { isAutochanger } from "#director/config/storage.ts";
import { poolRecord } from "./catalog-rows.ts";
import type { JobContext } from "./job-context.ts";
import type { RunRecord } from "./saved-run.ts";

/** What the Volume is to say of a backup beside Bacula's labels: all that bscan needs to make its rows of the catalog again. */
export function describeJob({ job }: JobContext, { run }: RunRecord, uname: string): Buffer {
  const { client, fileset, priority, comment } = job.effective;
  const pool = job.pool.resource;
  const storage = job.storage.resource;
  const numbers = Object.entries(poolRecord(pool)).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return encodeJobDescription({
    job: { scheduled: seconds(job.identity.scheduledMs), started: seconds(job.startedMs ?? 0), priority, comment },
    client: {
      uname,
      autoPrune: client.autoPrune ? 1 : 0,
      fileRetention: client.fileRetention,
      jobRetention: client.jobRetention,
    },
    fileset: {
      created: seconds(parseCatalogTime(run.fileSetCreateTime) ?? 0),
      text: printResource(fileSetTable, fileset),
    },
    pool: {
      labelFormat: pool.labelFormat ?? "",
      numbers: Object.fromEntries(numbers),
      scratchPool: pool.scratchPool?.name ?? "",
      recyclePool: pool.recyclePool?.name ?? "",
      nextPool: pool.nextPool?.name ?? "",
    },
    storage: { name: storage.name, autoChanger: isAutochanger(storage) ? 1 : 0 },
  });
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
