import { jobWords } from "./job-facts.ts";
import type { JobsPruned } from "./prune-jobs.ts";

/** `Pruned 3 Jobs for client c1 from catalog.` */
export function jobsPrunedText(removed: number, client: string): string {
  return removed === 0
    ? "No Jobs found to prune."
    : `Pruned ${removed} ${removed === 1 ? "Job" : "Jobs"} for client ${client} from catalog.`;
}

/** `Pruned Files from 3 Jobs for client c1 from catalog.` */
export function filesPrunedText(jobs: number, client: string): string {
  return jobs === 0 ? "No Files found to prune." : `Pruned Files from ${jobs} Jobs for client ${client} from catalog.`;
}

/** What stays although its time is over, and why: a line for each of the first, and how many more there are. */
export function keptText(pruned: Pick<JobsPruned, "kept" | "needed">): readonly string[] {
  const lines = pruned.kept.map(({ job, verdict }) => `Kept ${jobWords(job)}: ${verdict.why}.`);
  const more = pruned.needed - pruned.kept.length;
  return more > 0 ? [...lines, `Kept ${more} more Jobs that are needed.`] : lines;
}
