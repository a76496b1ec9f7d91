import type { CatalogReader } from "#catalog/catalog.ts";
import { findClient } from "#catalog/queries/clients.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import type { ClientResource } from "../config/client.ts";
import type { JobResource } from "../config/job.ts";
import type { PoolResource } from "../config/pool.ts";
import type { RetentionParts } from "./parts.ts";
import { periodWords } from "#lib/base/period-words.ts";
import { pruneFiles } from "./prune-files.ts";
import { pruneJobs } from "./prune-jobs.ts";
import { filesPrunedText, jobsPrunedText, keptText } from "./pruned-texts.ts";
import { upgradedLines } from "./volume-pruner.ts";

/** The job that has ended well. */
export interface EndedJob {
  readonly job: JobResource;
  readonly client: ClientResource;
  readonly pool: PoolResource | undefined;
}

/** Prunes jobs, then files, of the client of a job that has ended well, where Client or Job say so. `say` writes to the job's log. */
export async function autoPrune(
  parts: RetentionParts,
  ended: EndedJob,
  say: (kind: "Info" | "Warning", text: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { job, client, pool } = ended;
  const prunesJobs = job.pruneJobs || client.autoPrune;
  const prunesFiles = job.pruneFiles || client.autoPrune;
  if (!prunesJobs && !prunesFiles) return;
  const doubt = parts.clockGuard.doubt();
  if (doubt !== undefined) return await say("Warning", doubt);
  try {
    const row = await clientRow(parts.catalog, client.name);
    if (row === null) return;
    const ask = { clientId: row, nowMs: parts.now() };
    if (prunesJobs) {
      const seconds = pool !== undefined && pool.jobRetention > 0 ? pool.jobRetention : client.jobRetention;
      await say("Info", `Begin pruning Jobs older than ${periodWords(seconds)} .`);
      const pruned = await pruneJobs(parts, ask, signal);
      await say("Info", jobsPrunedText(pruned.removed, client.name));
      for (const line of [...keptText(pruned), ...upgradedLines(pruned.upgraded)]) await say("Info", line);
    }
    if (prunesFiles) {
      await say("Info", "Begin pruning Files.");
      await say("Info", filesPrunedText(await pruneFiles(parts, ask, signal), client.name));
    }
    await say("Info", "End auto prune.");
    parts.afterJob?.();
  } catch (error) {
    if (signal.aborted) throw error;
    // The backup is good; what could not be pruned now is pruned after the next one.
    await say("Warning", `Auto prune could not be finished: ${describeError(error)}`);
  }
}

async function clientRow(r: CatalogReader, name: string): Promise<number | null> {
  return (await findClient(r, name))?.ClientId ?? null;
}
