import { MessageType } from "#proto/common.ts";
import type { JobEnd } from "#proto/job.ts";
import type { EventBody } from "./event.ts";

/** A message event, for tests. */
export function message(text: string): EventBody {
  return { $case: "message", value: { type: MessageType.MESSAGE_TYPE_INFO, timeUs: 1, daemon: "fd", text } };
}

/** An end event without counts, for tests. */
export function jobEnd(status = "T"): JobEnd {
  return {
    status,
    files: 0,
    bytes: 0,
    readBytes: 0,
    errors: 0,
    warnings: 0,
    missingFiles: 0,
    volSessionId: 0,
    volSessionTime: 0,
    encrypted: false,
    snapshot: false,
    networkBytes: 0,
    examinedFiles: 0,
    lastVolumeBytes: 0,
    dedup: undefined,
  };
}
