import type { AppendClient } from "./append-client.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { VolumeFacts } from "./volume-facts.ts";

/**
 * Asks the Director whether one more job may write to the Volume that is mounted (limits of jobs, of time, of use). Undefined if it may, else why
 * not.
 */
export async function whyNotGood(host: DeviceHost, volume: VolumeFacts, client: AppendClient): Promise<string | undefined> {
  const { label, voice, signal } = client;
  const checkVolume = { volume: volume.name, pool: label.pool, mediaType: host.settings.mediaType, device: host.name };
  const answer = await voice.ask(
    { reason: `Job ${label.job} would append to Volume "${volume.name}"`, ask: { $case: "checkVolume", value: checkVolume } },
    signal,
  );
  if (answer.$case === "use" && answer.value.volume === volume.name) return undefined;
  return answer.$case === "use" ? `Volume "${volume.name}" is not the one to use` : answer.value;
}
