import type { Answer } from "#lib/job-log/event.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { JobQuestion } from "#proto/job.ts";
import { labelInside } from "./bring-medium.ts";
import { INSIDE } from "./drive.ts";

/** A job that wants to append, as far as it matters here. */
interface AppendSearch {
  readonly host: DeviceHost;
  readonly pool: string;
  readonly jobName: string;
  readonly client: string;
  /** Volume that the job leaves; "" at its start. */
  readonly previousVolume: string;
  readonly signal: AbortSignal;
}

/**
 * The Volume that is in the drive already, if the Director says that the job may append to it: media are changed only when they must be,
 * and where an operator changes them, any good one will do.
 */
export async function usableInside(
  search: AppendSearch,
  ask: (question: JobQuestion) => Promise<Answer>,
): Promise<(Answer & { readonly $case: "use" }) | undefined> {
  const { host, pool, jobName } = search;
  const volume = await labelInside(host, search);
  if (volume === undefined || volume === search.previousVolume) return undefined;
  const checkVolume = { volume, pool, mediaType: host.settings.mediaType, device: host.name };
  const answer = await ask({
    reason: `Job ${jobName} would append to Volume "${volume}", which is in drive "${host.name}"`,
    ask: { $case: "checkVolume", value: checkVolume },
  });
  if (answer.$case !== "use" || answer.value.volume !== volume) return undefined;
  return { ...answer, value: { ...answer.value, slot: INSIDE, inChanger: true } };
}
