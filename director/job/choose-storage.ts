import { describeError } from "#lib/errors/operator-error.ts";
import type { DaemonClients } from "#director/clients/daemon-clients.ts";
import type { StorageResource } from "#director/config/storage.ts";
import { amount, levelsOf } from "../pressure/levels.ts";
import { recordStorage } from "./catalog-rows.ts";
import type { JobContext } from "./job-context.ts";
import type { RunRecord } from "./saved-run.ts";

/**
 * Settles the Storage of a save: of several, one whose daemon answers and whose devices have room, the one that admission chose before the
 * others. Where none has room it is the first that answers, where none answers the one that admission chose: it is waited for like the only one.
 */
export async function chooseStorage(context: JobContext, record: RunRecord): Promise<void> {
  const { job, desk, parts } = context;
  if (job.choices.length > 1) {
    await leaveUnusable(context);
    await record.change(desk.catalog, { storage: job.storage.resource.name }, parts.clock.nowMs());
  }
  await recordStorage(desk.catalog, job.storage.resource);
}

async function leaveUnusable({ job, parts, messages, leaving, isFull }: JobContext): Promise<void> {
  const wanted = job.storage.resource;
  const others = job.choices
    .map(({ resource }) => resource)
    .filter((each) => each !== wanted && parts.isEnabled("storage", each.name, each.enabled))
    .toSorted((a, b) => Number(isFull(a)) - Number(isFull(b)));
  const signal = AbortSignal.any([job.signal, leaving]);
  let full: StorageResource | undefined;
  for (const storage of [wanted, ...others]) {
    try {
      await parts.daemons.reach(parts.daemons.storage(storage), 0, signal, () => {});
      const lack = await lackOf(parts.daemons, storage, signal);
      if (lack === undefined) {
        if (storage !== wanted)
          await messages.say("Info", `Storage "${storage.name}" is used in the place of "${wanted.name}".`);
        return job.useStorage(storage.name);
      }
      await messages.say("Warning", `Storage "${storage.name}" has no room: ${lack}`);
      full ??= storage;
    } catch (error) {
      signal.throwIfAborted();
      await messages.say("Warning", `Could not connect to Storage "${storage.name}". ERR=${describeError(error)}`);
    }
  }
  if (full !== undefined) job.useStorage(full.name);
}

/**
 * Why nothing new can be begun on a Storage now; undefined: it can, or nobody can say. One whose backups make way by themselves (Prune When Free Below)
 * has room.
 */
async function lackOf(daemons: DaemonClients, storage: StorageResource, signal: AbortSignal): Promise<string | undefined> {
  if (levelsOf(storage) !== undefined) return undefined;
  const spaces = await daemons
    .storageDaemon(storage.name)
    .space({ devices: [...storage.device] }, signal)
    .catch(() => []);
  const lacks = spaces.every(({ total, free, least, problem }) => problem === "" && total > 0 && free < least);
  if (spaces.length === 0 || !lacks) return undefined;
  return spaces
    .map(({ device, free, least }) => `device "${device}" has ${amount(free)} free, Minimum Free Space is ${amount(least)}`)
    .join("; ");
}
