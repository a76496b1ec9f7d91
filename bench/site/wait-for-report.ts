import { setTimeout as sleep } from "node:timers/promises";
import { parseReports } from "#regress/report.ts";

const POLL_MS = 20;
const HOUR_MS = 3_600_000;

/**
 * Looks for a job's report in the message file (`wait` in Bacula's console sleeps for seconds) and gives what it says the job took, in
 * whole seconds. Another termination than `termination` is an error that shows the messages.
 */
export async function waitForReport(site: { messages(): string }, jobId: number, termination: string): Promise<number> {
  const deadline = Date.now() + HOUR_MS;
  while (Date.now() < deadline) {
    const messages = site.messages();
    const report = parseReports(messages).find((one) => one.jobId === jobId);
    if (report !== undefined) {
      if (report.termination.startsWith(termination)) return elapsedSeconds(report.fields.get("Elapsed time") ?? "");
      throw new Error(`${report.termination}\n${messages.slice(-4000)}`);
    }
    await sleep(POLL_MS);
  }
  throw new Error(`job ${jobId} has not ended after an hour`);
}

/** "1 hour 2 mins 3 secs" in seconds. */
export function elapsedSeconds(words: string): number {
  const units: Readonly<Record<string, number>> = { hour: 3600, min: 60, sec: 1 };
  return [...words.matchAll(/(\d+) (hour|min|sec)s?/g)].reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
}
