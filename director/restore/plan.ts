import type { JobRegion } from "#catalog/queries/job-media.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";
import type { RestorePlan, RestoreVolume } from "../job/run-request.ts";
import type { IndexSet } from "./index-set.ts";

/** What the plan needs to know of a job. */
export interface PlannedJob {
  readonly jobId: number;
  readonly volSessionId: number;
  readonly volSessionTime: number;
  /** Chosen FileIndexes; null: all. */
  readonly indexes: IndexSet | null;
  /** Files of the whole job, where all are chosen. */
  readonly files: number;
  /** Where it lies, in the order written. */
  readonly regions: readonly JobRegion[];
}

/** Where a Volume can be read: Storage resource and its device, empty if the configuration no longer has it. */
export type StorageOfVolume = (storageId: number) => { readonly storage: string; readonly device: string };

/** A Volume of the table that is shown before a restore. */
export interface NeededVolume extends RestoreVolume {
  readonly device: string;
  readonly inChanger: boolean;
}

export interface RestoreMakings extends RestorePlan {
  readonly volumes: readonly NeededVolume[];
  /** Jobs of which something was chosen that lies on no Volume that the catalog knows. */
  readonly missing: readonly number[];
}

/** Turns a selection into what the storage daemon reads: Volume by Volume, in the order in which the jobs wrote them. Jobs come oldest first. */
export function makePlan(jobs: readonly PlannedJob[], storageOf: StorageOfVolume): RestoreMakings {
  const entries: BootstrapEntry[] = [];
  const volumes = new Map<string, NeededVolume>();
  const missing: number[] = [];
  let files = 0;
  for (const job of jobs) {
    const before = entries.length;
    for (const regions of byVolume(job.regions)) {
      const entry = entryFor(job, regions, storageOf);
      if (entry === null) continue;
      entries.push(entry);
      const { VolumeName, MediaType, StorageId, InChanger } = regions[0]!;
      volumes.set(
        VolumeName,
        volumes.get(VolumeName) ?? {
          volume: VolumeName,
          mediaType: MediaType,
          ...storageOf(StorageId),
          inChanger: InChanger === 1,
        },
      );
    }
    if (entries.length === before && (job.indexes === null ? job.files : job.indexes.count) > 0) missing.push(job.jobId);
    files += job.indexes === null ? job.files : job.indexes.count;
  }
  return {
    bootstrap: { entries },
    volumes: [...volumes.values()],
    filesExpected: files,
    jobIds: jobs.map((job) => job.jobId),
    missing,
  };
}

/** Regions of each Volume together, Volumes in the order in which they were first written. */
function byVolume(regions: readonly JobRegion[]): JobRegion[][] {
  return [...Map.groupBy(regions, (region) => region.VolumeName).values()];
}

/** What is to be read of one job on one Volume; null if none of the chosen files lies there. */
function entryFor(job: PlannedJob, regions: readonly JobRegion[], storageOf: StorageOfVolume): BootstrapEntry | null {
  const wanted =
    job.indexes === null
      ? regions
      : regions.filter((region) => !isEmpty(job.indexes!.ranges(region.FirstIndex, region.LastIndex)));
  if (wanted.length === 0) return null;
  const { VolumeName, MediaType, StorageId, Slot, InChanger } = wanted[0]!;
  const indexes = job.indexes === null ? [] : mergedRanges(job.indexes, wanted);
  return {
    volume: VolumeName,
    mediaType: MediaType,
    device: storageOf(StorageId).device,
    slot: InChanger === 1 ? Slot : 0,
    volSessionId: job.volSessionId,
    volSessionTime: job.volSessionTime,
    addresses: wanted.map((region) => ({
      first: address(region.StartFile, region.StartBlock),
      last: address(region.EndFile, region.EndBlock),
    })),
    fileIndexes: indexes,
    count: indexes.reduce((sum, range) => sum + range.last - range.first + 1, 0),
    fileRegex: "",
    session: undefined,
    jobId: 0,
    streams: [],
  };
}

/** The chosen indexes that lie in any of the regions, once each though regions overlap where a file is split. */
function mergedRanges(indexes: IndexSet, regions: readonly JobRegion[]): { first: number; last: number }[] {
  const spans = regions
    .map((region) => ({ first: region.FirstIndex, last: region.LastIndex }))
    .toSorted((left, right) => left.first - right.first);
  const merged: { first: number; last: number }[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last !== undefined && span.first <= last.last + 1) last.last = Math.max(last.last, span.last);
    else merged.push({ ...span });
  }
  return merged.flatMap((span) => [...indexes.ranges(span.first, span.last)]);
}

function isEmpty(ranges: Iterable<unknown>): boolean {
  for (const range of ranges) return range === undefined;
  return true;
}

/** File (high half) and block (low half) as one address: 32 bits each, so below 2^53 for any Volume that exists. */
function address(file: number, block: number): number {
  return file * 2 ** 32 + block;
}
