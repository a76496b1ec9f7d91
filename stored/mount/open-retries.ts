import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { JobVoice } from "../job/job-voice.ts";

/** Failures after which the same device may be there a little later. */
const passing: ReadonlySet<string> = new Set(["DEVICE_OPEN_FAILED", "DEVICE_PLACE_UNUSABLE"]);

/**
 * Does what opens a device, and again after a while when it cannot be opened: as often as Open Retries says, within the Maximum Open Wait.
 * Each try is said once. Rejects with the last failure, or with the signal's reason.
 */
export async function withOpenRetries<T>(
  on: { readonly host: DeviceHost; readonly voice: Pick<JobVoice, "say">; readonly signal: AbortSignal },
  open: () => Promise<T>,
): Promise<T> {
  const { host, voice, signal } = on;
  const { openRetries, openRetryMs, openWaitMs } = host.settings;
  const deadline = performance.now() + openWaitMs;
  for (let retry = 1; ; retry += 1) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof OperatorError) || !passing.has(error.code)) throw error;
      if (retry > openRetries || performance.now() + openRetryMs > deadline) throw error;
      const seconds = Math.round(openRetryMs / 1000);
      voice.say("warning", `${describeError(error)}. Trying again in ${seconds} seconds (retry ${retry} of ${openRetries}).`);
    }
    await sleep(openRetryMs, undefined, { signal });
  }
}
