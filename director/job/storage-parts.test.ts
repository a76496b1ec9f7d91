import assert from "node:assert/strict";
import { test } from "node:test";
import { abortable } from "#lib/base/abort.ts";
import type { StorageResource } from "#director/config/storage.ts";
import { JobEnd } from "#proto/job.ts";
import { joinEnds, joinParts, type PartHalf } from "./storage-parts.ts";

test("several parts end as the worst of them, with the sums of all", () => {
  const ends = [
    JobEnd.fromPartial({ status: "T", files: 1, bytes: 10, errors: 0, volSessionId: 4 }),
    JobEnd.fromPartial({ status: "E", files: 2, bytes: 20, errors: 3, volSessionId: 5 }),
    JobEnd.fromPartial({ status: "W", files: 4, bytes: 40, errors: 1, volSessionId: 6 }),
  ];
  const { status, files, bytes, errors, volSessionId } = joinEnds(ends);
  assert.deepEqual([status, files, bytes, errors, volSessionId], ["E", 7, 70, 4, 4]);
});

/** A part that ends when `end` resolves, and notes whether it was told to stop. */
function partOf(name: string, known: JobEnd | null, end: Promise<JobEnd>) {
  const state = { canceled: 0, followed: 0 };
  const half: PartHalf = {
    part: { resource: { name } as StorageResource, half: "sd2", ref: { job: name, jobId: 1 } },
    known,
    lostMs: 1000,
    cancel: async () => void state.canceled++,
    follow: async (signal) => {
      state.followed++;
      return await abortable(end, signal);
    },
  };
  return { half, state };
}

test("a part whose end is known is neither followed nor stopped", async () => {
  const done = partOf("A", JobEnd.fromPartial({ status: "T", files: 1 }), new Promise(() => {}));
  const open = partOf("B", null, Promise.resolve(JobEnd.fromPartial({ status: "T", files: 2 })));
  const half = joinParts([done.half, open.half]);
  await half.cancel();
  const end = await half.follow(new AbortController().signal, () => {});
  assert.deepEqual([end.status, end.files], ["T", 3]);
  assert.deepEqual(
    [done.state, open.state],
    [
      { canceled: 0, followed: 0 },
      { canceled: 1, followed: 1 },
    ],
  );
});

test("a part that cannot be followed any more ends the whole half, whatever the others do", async () => {
  const broken = partOf("A", null, Promise.reject(new Error("the daemon does not know the job")));
  const open = partOf("B", null, new Promise(() => {}));
  const half = joinParts([broken.half, open.half]);
  await assert.rejects(
    half.follow(new AbortController().signal, () => {}),
    /does not know the job/,
  );
});
