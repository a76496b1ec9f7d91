import { describeError } from "#lib/errors/operator-error.ts";
import type { DaemonClients } from "#director/clients/daemon-clients.ts";
import type { StorageResource } from "#director/config/storage.ts";
import { amount, levelsOf } from "../pressure/levels.ts";
import { recordStorage } from "./catalog-rows.ts";
import type { JobContext } from "./job-context.ts";
import type { RunRecord } from "./saved-run.ts";

/** How often a job looks again whether a Storage has a place for it. */
const LOOK_MS = 2_000;

/**
 * Settles the Storage of a save: of several, one whose daemon answers and whose devices have room, the one that admission chose before the
 * others. One that has as many jobs as it takes is waited for. Where none has room it is the first that answers, where none answers the one that
 * admission chose: it is waited for like the only one.
 */
export async function chooseStorage(context: JobContext, record: RunRecord): Promise<void> {
  const { job, desk, parts } = context;
  if (job.choices.length > 1) {
    await leaveUnusable(context);
    await record.change(desk.catalog, { storage: job.storage.resource.name }, parts.clock.nowMs());
  }
  await recordStorage(desk.catalog, job.storage.resource);
}

async function leaveUnusable(context: JobContext): Promise<void> {
  const { job, parts, messages, leaving } = context;
  const signal = AbortSignal.any([job.signal, leaving]);
  const said = new Set<string>();
  const sayOnce: SayOnce = async (kind, about, text) => {
    if (said.has(about)) return;
    said.add(about);
    await messages.say(kind, text);
  };
  for (;;) {
    const crowded = await takeUsable(context, sayOnce, signal);
    if (crowded === undefined) break;
    await sayOnce(
      "Info",
      "waits",
      `Storage "${crowded.name}" has its Maximum Concurrent Jobs: this job waits for one of them to end.`,
    );
    job.apply({ kind: "phase", phase: "waitingStorage" });
    await parts.clock.sleep(LOOK_MS, signal);
  }
  job.apply({ kind: "phase", phase: "starting" });
}

/** Says something the first time that it is so. */
type SayOnce = (kind: "Info" | "Warning", about: string, text: string) => Promise<void>;

/** Takes what is best now. Answers a Storage that would do if it had not as many jobs as it takes: then nothing is settled. */
async function takeUsable(
  { job, parts, messages, isFull }: JobContext,
  sayOnce: SayOnce,
  signal: AbortSignal,
): Promise<StorageResource | undefined> {
  const wanted = job.storage.resource;
  const others = job.choices
    .map(({ resource }) => resource)
    .filter((each) => each !== wanted && parts.isEnabled("storage", each.name, each.enabled));
  let crowded: StorageResource | undefined;
  let roomless: StorageResource | undefined;
  for (const storage of [wanted, ...others]) {
    const { name } = storage;
    try {
      await parts.daemons.reach(parts.daemons.storage(storage), 0, signal, () => {});
      const lack = await lackOf(parts.daemons, storage, signal);
      if (lack !== undefined) {
        await sayOnce("Warning", name, `Storage "${name}" has no room: ${lack}`);
        roomless ??= storage;
      } else if (storage === wanted) return undefined;
      else if (isFull(storage)) crowded ??= storage;
      else {
        job.useStorage(name); // at once, or another job that looks too takes the same place
        await messages.say("Info", `Storage "${name}" is used in the place of "${wanted.name}".`);
        return undefined;
      }
    } catch (error) {
      signal.throwIfAborted();
      await sayOnce("Warning", name, `Could not connect to Storage "${name}". ERR=${describeError(error)}`);
    }
  }
  if (crowded === undefined && roomless !== undefined) job.useStorage(roomless.name);
  return crowded;
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
