import assert from "node:assert/strict";
import { test } from "node:test";
import { CatalogVolume } from "#proto/job.ts";
import type { Inspection } from "../device/device-protocol.ts";
import { judgeVolume } from "./judge-volume.ts";

const disk = { labelMedia: true, mediaType: "File", keepsData: true };
const volume = (given: Partial<CatalogVolume> = {}) =>
  CatalogVolume.fromPartial({ volume: "V", mediaType: "File", status: "Append", bytes: 5000, firstWritten: 7, ...given });
const fresh = volume({ bytes: 1, firstWritten: 0 });
const foreign = { kind: "foreign", bytes: 900, code: "LABEL_FOREIGN", reason: "no label" } as const;
const labeled = (name: string): Inspection => ({ kind: "labeled", label: { volume: name, mediaType: "File" } }) as Inspection;

test("what is not the Volume that the catalog means is refused for good: no other job need try it", () => {
  const verdicts = [
    judgeVolume(volume(), { kind: "missing" }, disk),
    judgeVolume(fresh, foreign, disk),
    judgeVolume(volume(), labeled("W"), disk),
  ];
  for (const verdict of verdicts)
    assert.deepEqual([verdict.kind, verdict.kind === "refuse" && verdict.marksError], ["refuse", true]);
});

test("a Volume of another Media Type is refused here, and good elsewhere", () => {
  const verdict = judgeVolume(volume({ mediaType: "Tape" }), { kind: "missing" }, disk);
  assert.equal(verdict.kind === "refuse" && verdict.marksError, false);
});

test("new, empty, recycled and known Volumes are used", () => {
  assert.equal(judgeVolume(fresh, { kind: "missing" }, disk).kind, "create");
  assert.equal(judgeVolume(fresh, { ...foreign, bytes: 0 }, disk).kind, "relabel");
  assert.equal(judgeVolume(volume({ status: "Recycle" }), labeled("V"), disk).kind, "relabel");
  assert.equal(judgeVolume(volume(), labeled("V"), disk).kind, "append");
  assert.equal(judgeVolume(fresh, { kind: "missing" }, { ...disk, labelMedia: false }).kind, "operator");
});

test("a Volume of which nothing is left but its label is not taken for a new one", () => {
  const label = { kind: "labeled", label: { volume: "V", mediaType: "File" }, isPreLabel: true, bytes: 220 } as Inspection;
  assert.match(JSON.stringify(judgeVolume(volume(), label, disk)), /"refuse".*Volume=220 Catalog=5000.*"marksError":true/);
  assert.equal(judgeVolume(volume({ bytes: 220, firstWritten: 0 }), label, disk).kind, "append");
});
