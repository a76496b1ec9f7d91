import { JobEnd } from "#proto/job.ts";
import type { JobVoice } from "./job-voice.ts";
import type { SessionKey } from "../volume/block.ts";

/** The end of a storage job as its log tells it: what this kind of job counts, and nothing where it counts nothing. */
export function storageJobEnd(voice: JobVoice, session: SessionKey, facts: Partial<JobEnd> & Pick<JobEnd, "status">): JobEnd {
  return JobEnd.fromPartial({
    errors: voice.errors,
    warnings: voice.warnings,
    volSessionId: session.id,
    volSessionTime: session.time,
    ...facts,
  });
}

/** Tells that the job waits for a device; `isBlocked`: until somebody mounts it. */
export function tellWaiting(voice: JobVoice, job: string, reason: string, isBlocked: boolean): void {
  voice.enter(isBlocked ? "M" : "q");
  voice.say(isBlocked ? "mount" : "info", isBlocked ? `Please mount: ${reason}` : `Job ${job} waits for a device: ${reason}`);
}
