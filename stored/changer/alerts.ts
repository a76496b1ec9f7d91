import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { commandWords } from "./command-words.ts";
import { runProgram } from "./run-program.ts";
import type { DeviceHost } from "../device/device-host.ts";

/** Lines of the Alert Command that are told. */
const LINES_MAX = 50;

/** How long it may take. */
const ALERT_MS = 60_000;

/** What the Alert Command of a device says after a job; nothing if it has none. A failure is an alert itself; rejects only when the signal aborts. */
export async function alertsOf(
  host: DeviceHost,
  job: { readonly client: string; readonly job: string; readonly volume: string },
  signal: AbortSignal,
): Promise<string[]> {
  const { alertCommand = "", archiveDevice } = host.settings;
  if (alertCommand === "") return [];
  const { drive } = host;
  const words = commandWords(alertCommand, {
    changerDevice: drive?.changer?.settings.changerDevice ?? "",
    driveIndex: drive?.index ?? 0,
    archiveDevice,
    controlDevice: drive?.controlDevice ?? "",
    operation: "alert",
    slot: Math.max(drive?.slot ?? 0, 0),
    ...job,
  });
  try {
    const output = await runProgram(words, { doing: `Alert Command of device "${host.name}"`, timeoutMs: ALERT_MS, signal });
    const lines = output.split("\n").map((line) => line.replaceAll(/\p{Cc}/gu, " ").trim());
    return lines.filter((line) => line !== "").slice(0, LINES_MAX);
  } catch (error) {
    if (signal.aborted || !(error instanceof OperatorError)) throw error;
    return [describeError(error)];
  }
}
