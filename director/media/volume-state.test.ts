import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogTime } from "#lib/base/local-time.ts";
import { VolumeState } from "#proto/job.ts";
import { VolumeRevisions, changesOf } from "./volume-state.ts";

const untouched = { VolStatus: "Append", InitialWrite: null, LabelDate: null } as const;

test("a daemon's statement becomes the row's values", () => {
  const changes = changesOf(
    VolumeState.fromPartial({ volume: "A", status: "Full", bytes: 5000, jobs: 2, firstWritten: 1000, lastWritten: 2000 }),
    untouched,
  );
  assert.equal(changes.VolStatus, "Full");
  assert.equal(changes.VolBytes, 5000);
  assert.equal(changes.LastWritten, catalogTime(2_000_000));
  assert.equal(changes.InitialWrite, catalogTime(1_000_000));
  assert.equal("LabelDate" in changes, false);
});

test("Append does not undo what an operator has set, Full does", () => {
  const status = (said: string, before: "Used" | "Read-Only" | "Recycle" | "Purged") =>
    changesOf(VolumeState.fromPartial({ status: said }), { ...untouched, VolStatus: before }).VolStatus;
  assert.equal(status("Append", "Used"), undefined);
  assert.equal(status("Append", "Recycle"), "Append");
  assert.equal(status("Append", "Purged"), "Append");
  assert.equal(status("Full", "Read-Only"), "Full");
  assert.equal(status("Nonsense", "Used"), undefined);
});

test("an older statement that arrives late is left out, also after a restart", () => {
  const revisions = new VolumeRevisions();
  const said = (revision: number, writes: number) =>
    revisions.accept(VolumeState.fromPartial({ volume: "A", revision, writes }), {
      VolWrites: 10,
      LabelDate: catalogTime(1000_000),
    });
  assert.equal(said(5, 9), false);
  assert.equal(said(5, 10), true);
  assert.equal(said(4, 20), false);
  assert.equal(said(6, 20), true);
});

test("after a restart a Volume that was relabelled starts anew, though its count of writes is small", () => {
  const row = { VolWrites: 10, LabelDate: catalogTime(1000_000) };
  assert.equal(
    new VolumeRevisions().accept(VolumeState.fromPartial({ volume: "A", revision: 1, writes: 1, labelDate: 2000 }), row),
    true,
  );
  assert.equal(
    new VolumeRevisions().accept(VolumeState.fromPartial({ volume: "A", revision: 1, writes: 1, labelDate: 1000 }), row),
    false,
  );
});
