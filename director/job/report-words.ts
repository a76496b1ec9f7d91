import { periodWords } from "#lib/base/period-words.ts";
import type { DedupCounts } from "#proto/job.ts";

/** `1,234,567`. */
export function withCommas(value: number): string {
  return String(Math.trunc(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `1.234 M`: thousands, cut off, as reports show sizes. */
export function withSuffix(value: number): string {
  const suffixes = ["", "K", "M", "G", "T", "P"] as const;
  let rest = Math.trunc(value);
  let step = 0;
  let fraction = 0;
  while (rest >= 1000 && step < suffixes.length - 1) {
    fraction = rest % 1000;
    rest = Math.trunc(rest / 1000);
    step++;
  }
  return step === 0 ? `${rest} ` : `${rest}.${String(fraction).padStart(3, "0")} ${suffixes[step]}`;
}

/** `1,234,567 (1.234 MB)`. */
export function bytesWords(bytes: number): string {
  return `${withCommas(bytes)} (${withSuffix(bytes)}B)`;
}

/** `1 hour 2 mins 3 secs`; less than a second counts as one. */
export function elapsedWords(ms: number): string {
  return periodWords(elapsedSeconds(ms));
}

/** `1234.5 KB/s`, with KB of 1000. */
export function rateWords(bytes: number, ms: number): string {
  return `${(bytes / 1000 / elapsedSeconds(ms)).toFixed(1)} KB/s`;
}

/** `None`, or the saving and the ratio: `44.6% 1.8:1`. */
export function compressionWords(writtenBytes: number, readBytes: number): string {
  if (readBytes <= 0 || writtenBytes <= 0) return "None";
  const saving = 100 - (100 * writtenBytes) / readBytes;
  return saving < 0.5 ? "None" : `${saving.toFixed(1)}% ${(readBytes / writtenBytes).toFixed(1)}:1`;
}

/** What a job's new chunks take less by being compressed: `63.1 % (2.7:1)`; `None` without new chunks, or without compression. */
export function chunkCompressionWords({ storedBytes, newBytes }: Pick<DedupCounts, "storedBytes" | "newBytes">): string {
  if (newBytes <= 0 || storedBytes <= 0 || storedBytes >= newBytes) return "None";
  return `${(100 - (100 * storedBytes) / newBytes).toFixed(1)} % (${(newBytes / storedBytes).toFixed(1)}:1)`;
}

/** `20.1:1, 10,000,000 (10.000 MB) in 40 chunks`: file data against what the store grew by. */
export function deduplicationWords(counts: Pick<DedupCounts, "fileBytes" | "storedBytes" | "chunks">): string {
  const { fileBytes, storedBytes, chunks } = counts;
  const ratio = fileBytes === 0 ? "None" : storedBytes === 0 ? "all known" : `${(fileBytes / storedBytes).toFixed(1)}:1`;
  return `${ratio}, ${bytesWords(fileBytes)} in ${withCommas(chunks)} chunks`;
}

/** `2, 497,000 (497.000 KB), stored as 123,000 (123.000 KB) zstd 3`. */
export function newChunksWords(counts: Pick<DedupCounts, "newChunks" | "newBytes" | "storedBytes" | "method">): string {
  const method = counts.method === "" ? "" : ` ${counts.method}`;
  return `${withCommas(counts.newChunks)}, ${bytesWords(counts.newBytes)}, stored as ${bytesWords(counts.storedBytes)}${method}`;
}

/** Whole seconds between two moments, at least one. */
function elapsedSeconds(ms: number): number {
  return Math.max(1, Math.floor(ms / 1000));
}
