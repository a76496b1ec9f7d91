import { filesetMd5 } from "#director/config/file-set.ts";
import type { StartFileJobRequest, StorageTicket } from "#proto/filed.ts";
import type { StartStorageJobRequest } from "#proto/stored.ts";
import type { ReachedDaemon } from "#director/clients/daemon-clients.ts";
import { describeJob } from "./describe-job.ts";
import type { JobContext } from "./job-context.ts";
import { percentLetters, percentValues } from "./percent-values.ts";
import { clientScripts } from "./run-script.ts";
import type { RunRecord } from "./saved-run.ts";
import type { HalvesPlan, ReachedDaemons, ReachedStorage, StorageWork } from "./start-halves.ts";

/** How long a Storage waits for a client that reads from others first. */
const FURTHER_STORAGE_WAIT_S = 14 * 86_400;

/** The order for a Storage of a job. */
export function storageRequest(
  context: JobContext,
  record: RunRecord,
  fd: ReachedDaemon,
  { part, key }: ReachedStorage,
  { work, devices }: StorageWork,
): StartStorageJobRequest {
  const { job } = context;
  const { effective } = job;
  return {
    job: part.ref,
    jobName: effective.job.name,
    client: effective.client.name,
    fileset: effective.fileset.name,
    filesetMd5: filesetMd5(effective.fileset),
    type: effective.type,
    level: job.level,
    devices: [...devices],
    mediaType: part.resource.mediaType,
    key,
    clientCertificateSha256: fd.certificateSha256,
    work,
    spoolAttributes: effective.job.spoolAttributes,
    spoolData: effective.spoolData,
    spoolBytes: effective.job.spoolSize,
    maxWaitS: effective.job.maxWaitTime,
    preferMountedVolumes: effective.job.preferMountedVolumes,
    clientWaitS: part.half === "sd" ? 0 : FURTHER_STORAGE_WAIT_S,
    ...(work.$case === "append" ? { description: describeJob(context, record, fd.uname) } : {}),
  };
}

/** The order for the client of a job, with a ticket for each Storage. */
export function fileRequest(
  context: JobContext,
  record: RunRecord,
  reached: ReachedDaemons,
  plan: HalvesPlan,
): StartFileJobRequest {
  const { job } = context;
  const { effective, identity } = job;
  const tickets = reached.sds.map((storage): StorageTicket => {
    const { resource, ref } = storage.part;
    return {
      address: effective.client.fdStorageAddress ?? resource.fdStorageAddress ?? resource.address,
      port: resource.sdPort,
      key: storage.key,
      certificateSha256: storage.reached.certificateSha256,
      name: storage.reached.name,
      job: ref.job,
    };
  });
  return {
    job: { job: identity.job, jobId: identity.jobId },
    jobName: effective.job.name,
    client: effective.client.name,
    storage: tickets[0],
    furtherStorages: tickets.slice(1),
    codes: percentLetters(percentValues(context, record.run, null)),
    scripts: clientScripts(effective.job.runScripts, effective.client.name),
    work: plan.fileWork,
    maxErrors: effective.job.maximumErrors,
    bandwidthBytesPerS: effective.job.maximumBandwidth || effective.client.maximumBandwidthPerJob,
  };
}
