import { purgeVolume } from "#catalog/queries/delete.ts";
import { listJobIdsOfVolume } from "#catalog/queries/job-media.ts";
import { isPrecious } from "#catalog/queries/media-care.ts";
import { listJobsOnPrecious, listJobsOnVolume } from "#catalog/queries/retention.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import type { PruneAnswer, VolumePruner } from "../media/volume-pruner.ts";
import type { RetentionParts } from "./parts.ts";
import { pruneVolumes, whyNotPrunable } from "./prune-volumes.ts";

/** Frees Volumes for jobs that want one, by retention, rules of Keep and chains. */
export class RetentionPruner implements VolumePruner {
  readonly #parts: RetentionParts;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  async prune(row: MediaRow, signal: AbortSignal): Promise<PruneAnswer> {
    const why = await whyNotPrunable(this.#parts, row);
    if (why !== null) return { isPurged: false, lines: [why] };
    const doubt = this.#parts.clockGuard.doubt();
    if (doubt !== undefined) return { isPurged: false, lines: [doubt] };
    if (!(await mayHaveExpired(this.#parts, row))) return { isPurged: false, lines: [] };
    const { judged, purged, upgraded, waiting } = await pruneVolumes(this.#parts, [row], signal);
    if (purged.length > 0) return { isPurged: true, lines: [...purgedLines(row.VolumeName), ...upgradedLines(upgraded)] };
    const needed = judged.filter(({ verdict }) => verdict.kind === "needed");
    const [first] = needed;
    const [wait] = waiting;
    if (wait !== undefined) return { isPurged: false, lines: [...upgradedLines(upgraded), waitingText(wait)] };
    if (first === undefined) return { isPurged: false, lines: upgradedLines(upgraded) };
    const more = needed.length > 1 ? `, and ${needed.length - 1} more` : "";
    const line = `Volume "${row.VolumeName}" has expired but is kept: JobId ${first.job.jobId} is ${first.verdict.why}${more}.`;
    return { isPurged: false, lines: [...upgradedLines(upgraded), line] };
  }

  async purge(row: MediaRow, signal: AbortSignal): Promise<PruneAnswer> {
    const { catalog, busy, turn } = this.#parts;
    const name = row.VolumeName;
    if (await isPrecious(catalog, row.MediaId))
      return { isPurged: false, lines: [`Cannot purge Volume "${name}" because it is precious.`] };
    if (row.Enabled !== 1) return { isPurged: false, lines: [`Cannot purge Volume "${name}" because it is not enabled.`] };
    using _turn = await turn.acquire(signal);
    const { running, read } = busy();
    const onVolume = await listJobIdsOfVolume(catalog, row.MediaId);
    const precious = await listJobsOnPrecious(catalog);
    const ofPrecious = onVolume.find((jobId) => precious.has(jobId));
    if (ofPrecious !== undefined)
      return {
        isPurged: false,
        lines: [
          `Cannot purge Volume "${name}" because JobId ${ofPrecious} lies on the precious Volume "${precious.get(ofPrecious)}" too.`,
        ],
      };
    const inUse = onVolume.find((jobId) => running.has(jobId) || read.has(jobId));
    if (inUse !== undefined)
      return { isPurged: false, lines: [`Cannot purge Volume "${name}" because JobId ${inUse} on it is in use.`] };
    const { isPurged, jobs, upgraded } = await purgeVolume(catalog, row);
    if (jobs > 0) this.#parts.jobsDeleted();
    return { isPurged, lines: [...(isPurged ? purgedLines(name) : []), ...upgradedLines(upgraded)] };
  }
}

/**
 * False if no job on the Volume is old enough, which costs one query; to judge them costs a look at all jobs of their clients, and a job that wants a
 * Volume has many looked at.
 */
async function mayHaveExpired({ catalog, config, now }: RetentionParts, row: MediaRow): Promise<boolean> {
  const { jobs, pools } = config();
  if ([...jobs.values(), ...pools.values()].some(({ keep }) => keep !== undefined)) return true;
  const onVolume = await listJobsOnVolume(catalog, row.MediaId);
  return onVolume.length === 0 || onVolume.some(({ tdate }) => (tdate + row.VolRetention) * 1000 < now());
}

/** What the log says when a Volume has become empty. */
export function purgedLines(name: string): readonly string[] {
  return [
    `There are no more Jobs associated with Volume "${name}". Marking it purged.`,
    `All records pruned from Volume "${name}"; marking it "Purged"`,
  ];
}

/** What is said of a Volume that holds no job any more before its time is over. */
export function waitingText(volume: { readonly name: string; readonly untilMs: number }): string {
  return `Volume "${volume.name}" holds no Job any more and is kept until ${catalogTime(volume.untilMs)} by its Volume Retention.`;
}

/** What the log says of copies that took the place of their originals. */
export function upgradedLines(upgraded: readonly number[]): readonly string[] {
  return upgraded.length === 0 ? [] : [`Following Copy jobs have been upgraded to Backup jobs: ${upgraded.join(",")}`];
}
