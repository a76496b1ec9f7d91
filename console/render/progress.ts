import type { Progress } from "#proto/console.ts";

/** One line about work at hand; a share of the whole only where the whole is known. */
export function progressText(progress: Progress): string {
  const share =
    progress.total > 0 ? ` ${String(Math.min(100, Math.floor((progress.done * 100) / progress.total))).padStart(3)}%` : "";
  return `${progress.text}${share}`;
}
