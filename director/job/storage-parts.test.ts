import assert from "node:assert/strict";
import { test } from "node:test";
import { JobEnd } from "#proto/job.ts";
import { joinEnds } from "./storage-parts.ts";

test("several parts end as the worst of them, with the sums of all", () => {
  const ends = [
    JobEnd.fromPartial({ status: "T", files: 1, bytes: 10, errors: 0, volSessionId: 4 }),
    JobEnd.fromPartial({ status: "E", files: 2, bytes: 20, errors: 3, volSessionId: 5 }),
    JobEnd.fromPartial({ status: "W", files: 4, bytes: 40, errors: 1, volSessionId: 6 }),
  ];
  const { status, files, bytes, errors, volSessionId } = joinEnds(ends);
  assert.deepEqual([status, files, bytes, errors, volSessionId], ["E", 7, 70, 4, 4]);
});
