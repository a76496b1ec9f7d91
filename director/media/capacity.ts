import type { MediaRow } from "#catalog/schema/media.ts";

/** Bytes that fit on a Volume, as far as it is known: its medium's capacity, or its limit, whichever is less; 0: not known. */
export function volumeCapacity(row: Pick<MediaRow, "VolCapacityBytes" | "MaxVolBytes">): number {
  const known = [row.VolCapacityBytes, row.MaxVolBytes].filter((bytes) => bytes > 0);
  return known.length === 0 ? 0 : Math.min(...known);
}

/** What a job warns of when a Volume is nearly full; undefined while it is not. A Volume that takes no more is no news. */
export function capacityWarning(
  row: Pick<MediaRow, "VolumeName" | "VolStatus" | "VolBytes" | "VolCapacityBytes" | "MaxVolBytes">,
  warnsAtPercent: number,
): string | undefined {
  const capacity = volumeCapacity(row);
  if (row.VolCapacityBytes === 0 || warnsAtPercent === 0 || row.VolStatus !== "Append") return undefined;
  const percent = Math.floor((row.VolBytes / capacity) * 100);
  if (percent < warnsAtPercent) return undefined;
  return `Volume "${row.VolumeName}" is ${percent}% full: ${row.VolBytes} of ${capacity} bytes (Capacity Warning = ${warnsAtPercent}).`;
}
