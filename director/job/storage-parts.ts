import type { StorageResource } from "#director/config/storage.ts";
import type { JobRef } from "#proto/common.ts";
import type { JobEnd } from "#proto/job.ts";
import type { DirectorJob } from "./director-job.ts";
import type { HalfName } from "./apply-events.ts";
import type { Half } from "./two-halves.ts";

/** What one Storage does for a job. A Restore may have several; they are read one after the other by the same client's half. */
export interface StoragePart {
  readonly resource: StorageResource;
  readonly half: HalfName;
  /** Name under which its daemon has the job: two parts may be with one daemon. */
  readonly ref: JobRef;
}

/** The parts of a job's storage half, in the order in which the client reads them. */
export function storageParts(job: DirectorJob): readonly [StoragePart, ...StoragePart[]] {
  const { identity, effective } = job;
  const first = {
    resource: job.storage.resource,
    half: "sd" as const,
    ref: { job: identity.job, jobId: identity.jobId },
  };
  const further = effective.furtherStorages.map((resource, at): StoragePart => {
    const number = at + 2;
    return { resource, half: `sd${number}`, ref: { job: `${identity.job}.${number}`, jobId: identity.jobId } };
  });
  return [first, ...further];
}

/** A part with how it is followed and stopped; an end that is known already is not waited for. */
export interface PartHalf extends Half {
  readonly part: StoragePart;
  readonly known: JobEnd | null;
}

/** Several parts as one half: it ends when all have ended, as the worst of them. */
export function joinParts(parts: readonly PartHalf[]): Half {
  return {
    lostMs: Math.max(...parts.map((part) => part.lostMs)),
    cancel: async () => {
      const told = await Promise.allSettled(parts.filter((part) => part.known === null).map(async (part) => part.cancel()));
      const failed = told.find((each) => each.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    },
    follow: async (signal, onLink) => {
      const lost = new Map<PartHalf, string>();
      const stop = new AbortController();
      const all = AbortSignal.any([signal, stop.signal]);
      const followed = parts.map(async (part) => {
        if (part.known !== null) return part.known;
        try {
          return await part.follow(all, (state, reason) => {
            if (state === "lost") lost.set(part, reason);
            else lost.delete(part);
            const [first] = lost.values();
            onLink(first === undefined ? "connected" : "lost", first ?? "");
          });
        } catch (error) {
          stop.abort(error);
          throw error;
        }
      });
      return joinEnds(await Promise.all(followed));
    },
  };
}

/** Worst last. */
const LETTERS = ["T", "W", "I", "A", "E", "f"];

/** The sums of all parts, and the worst letter. */
export function joinEnds(ends: readonly JobEnd[]): JobEnd {
  return ends.reduce((sum, end) => ({
    ...sum,
    status: LETTERS.indexOf(end.status) > LETTERS.indexOf(sum.status) ? end.status : sum.status,
    files: sum.files + end.files,
    bytes: sum.bytes + end.bytes,
    readBytes: sum.readBytes + end.readBytes,
    errors: sum.errors + end.errors,
    warnings: sum.warnings + end.warnings,
    missingFiles: sum.missingFiles + end.missingFiles,
    networkBytes: sum.networkBytes + end.networkBytes,
  }));
}
