import type { ListedFile } from "#catalog/queries/files.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";
import { IndexSet } from "./index-set.ts";

/** Files chosen for a restore: FileIndexes by job, or whole jobs. */
export class Selection {
  readonly #byJob = new Map<number, IndexSet>();
  readonly #links: Map<number, Set<number>> = new Map();
  readonly #whole = new Map<number, number>();

  /** Adds files. A hard link is remembered with the file that holds its data. */
  add(files: readonly ListedFile[]): void {
    for (const file of files) {
      this.#of(file.jobId).add(file.fileIndex);
      const link = linkIndexOf(file.lstat);
      if (link > 0 && link !== file.fileIndex) this.#linksOf(file.jobId).add(link);
    }
  }

  /** Adds everything of a job; `files`: how many that is. */
  addWhole(jobId: number, files: number): void {
    this.#whole.set(jobId, files);
  }

  /** Adds the files that hold the data of chosen hard links. Answers how many were not chosen before. */
  addLinkTargets(): number {
    let added = 0;
    for (const [jobId, targets] of this.#links) {
      const chosen = this.#of(jobId);
      for (const index of targets) if (chosen.add(index)) added += 1;
    }
    this.#links.clear();
    return added;
  }

  /** Files chosen. */
  get count(): number {
    let count = 0;
    for (const set of this.#byJob.values()) count += set.count;
    for (const files of this.#whole.values()) count += files;
    return count;
  }

  /** Jobs of which something was chosen. */
  get jobIds(): number[] {
    return [
      ...this.#whole.keys(),
      ...[...this.#byJob].filter(([jobId, set]) => set.count > 0 && !this.#whole.has(jobId)).map(([jobId]) => jobId),
    ];
  }

  /** Indexes chosen of a job; null: all of it. */
  indexesOf(jobId: number): IndexSet | null {
    return this.#whole.has(jobId) ? null : this.#of(jobId);
  }

  #of(jobId: number): IndexSet {
    let set = this.#byJob.get(jobId);
    if (set === undefined) this.#byJob.set(jobId, (set = new IndexSet()));
    return set;
  }

  #linksOf(jobId: number): Set<number> {
    let set = this.#links.get(jobId);
    if (set === undefined) this.#links.set(jobId, (set = new Set()));
    return set;
  }
}

/** FileIndex of the file that holds the data of this hard link; 0 if it is none. Looks at the 14th number only. */
function linkIndexOf(lstat: string): number {
  let at = 0;
  for (let field = 0; field < 13; field++) {
    at = lstat.indexOf(" ", at) + 1;
    if (at === 0) return 0;
  }
  if (lstat.startsWith("A ", at) || at === lstat.length - 1) return 0;
  return decodeLStat(lstat)?.linkFileIndex ?? 0;
}
