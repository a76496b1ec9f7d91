import type { JobContext } from "./job-context.ts";

/** In the place of a slot: nothing is mounted, jobs that wait look again (proto, DeviceRequest). */
const LOOK_AGAIN = -1;

/** Makes the storage daemon ask for a Volume again; a drive that an operator has unmounted stays so. */
export async function askAgain({ job, parts }: JobContext): Promise<void> {
  const calls = parts.daemons.storageDaemon(job.storage.resource.name);
  const device = job.storage.resource.device[0] ?? "";
  for await (const reply of calls.mount({ device, slot: LOOK_AGAIN, drive: 0 }, job.signal)) if (reply.ok !== undefined) return;
}
