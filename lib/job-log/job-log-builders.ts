import { MessageType } from "#proto/common.ts";
import { JobEnd } from "#proto/job.ts";
import type { EventBody } from "./event.ts";

/** A message event, for tests. */
export function message(text: string): EventBody {
  return { $case: "message", value: { type: MessageType.MESSAGE_TYPE_INFO, timeUs: 1, daemon: "fd", text } };
}

/** An end event without counts, for tests. */
export function jobEnd(status = "T"): JobEnd {
  return JobEnd.fromPartial({ status });
}
