/**
 * Knows into which paths files were stored since it began, by this process; a path is noted before its file is in the catalog. With it paths are removed
 * beside running jobs: what a job has found or remembers is noted, and what was removed it finds no more.
 */
export interface PathWatch extends AsyncDisposable {
  /**
   * Removes those of these paths that nothing was stored in since and below which no other path is. Answers which; null: another program
   * has written to the catalog, and nothing was removed.
   */
  remove(pathIds: readonly number[]): Promise<readonly number[] | null>;
}
