import { messageTime } from "#lib/base/local-time.ts";
import type { EndCause, Region } from "../volume/volume-writer.ts";
import type { JobMediaRow } from "#proto/job.ts";
import type { MessageClass } from "../job/job-voice.ts";

/** Why a Volume takes no more. */
export interface VolumeEnd {
  readonly reason: string;
  readonly cause: EndCause;
}

/** VolStatus of a Volume that takes no more. */
export const statusAfter = { full: "Full", error: "Error", readOnly: "Read-Only", gone: "Error" } as const satisfies Record<
  EndCause,
  string
>;

/** What is told of a Volume that takes no more, in the words that administrators know. */
export function volumeEndLines(
  { name, bytes }: { readonly name: string; readonly bytes: number },
  { reason, cause }: VolumeEnd,
  nowMs: number,
): readonly { readonly kind: MessageClass; readonly text: string }[] {
  const size = bytes.toLocaleString("en-US");
  const end = { kind: "info" as const, text: `End of medium on Volume "${name}" Bytes=${size} at ${messageTime(nowMs)}.` };
  const warning = (text: string) => [end, { kind: "warning" as const, text: `${text}: ${reason}` }];
  if (cause === "error")
    return warning(`Writing to Volume "${name}" failed twice. It is marked in Error and left at its last good block`);
  if (cause === "readOnly")
    return warning(`Volume "${name}" is write-protected. It is marked Read-Only; what it holds can be restored`);
  return [end];
}

/** The catalog's row for a run of a job's records on a Volume. */
export function regionRow(volume: string, region: Region): JobMediaRow {
  return {
    volume,
    firstIndex: region.firstIndex,
    lastIndex: region.lastIndex,
    startFile: Math.floor(region.startAddress / 2 ** 32),
    endFile: Math.floor(region.endAddress / 2 ** 32),
    startBlock: region.startAddress % 2 ** 32,
    endBlock: region.endAddress % 2 ** 32,
  };
}
