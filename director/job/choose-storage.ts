import { describeError } from "#lib/errors/operator-error.ts";
import { recordStorage } from "./catalog-rows.ts";
import type { JobContext } from "./job-context.ts";
import type { RunRecord } from "./saved-run.ts";

/**
 * Settles the Storage of a save: of several, one whose daemon answers, the one that admission chose before the others. Where none
 * answers that one stays, and is waited for like the only one.
 */
export async function chooseStorage(context: JobContext, record: RunRecord): Promise<void> {
  const { job, desk, parts } = context;
  if (job.choices.length > 1) {
    await leaveUnreachable(context);
    await record.change(desk.catalog, { storage: job.storage.resource.name }, parts.clock.nowMs());
  }
  await recordStorage(desk.catalog, job.storage.resource);
}

async function leaveUnreachable({ job, parts, messages, leaving, isFull }: JobContext): Promise<void> {
  const wanted = job.storage.resource;
  const others = job.choices
    .map(({ resource }) => resource)
    .filter((each) => each !== wanted && parts.isEnabled("storage", each.name, each.enabled))
    .toSorted((a, b) => Number(isFull(a)) - Number(isFull(b)));
  const signal = AbortSignal.any([job.signal, leaving]);
  for (const storage of [wanted, ...others]) {
    try {
      await parts.daemons.reach(parts.daemons.storage(storage), 0, signal, () => {});
      if (storage !== wanted) await messages.say("Info", `Storage "${storage.name}" is used in the place of "${wanted.name}".`);
      return job.useStorage(storage.name);
    } catch (error) {
      signal.throwIfAborted();
      await messages.say("Warning", `Could not connect to Storage "${storage.name}". ERR=${describeError(error)}`);
    }
  }
}
