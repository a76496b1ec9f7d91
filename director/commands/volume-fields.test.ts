import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediaRow } from "#catalog/schema/media.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { statusChange, volumeFields, type FieldChange, type VolumeBefore } from "./volume-fields.ts";

const row = { VolumeName: "V", VolStatus: "Purged", VolFiles: 10, VolBytes: 1000 } as MediaRow;
const care = { isPrecious: false, maxWrites: 0, writes: 0, lastVerified: null, badBlocks: 0 };

function change(keyword: string, text: string, more: Partial<VolumeBefore> = {}): FieldChange {
  return volumeFields.find((field) => field.keyword === keyword)!.change(text, { row, care, isForced: false, ...more });
}

function refusal(keyword: string, text: string, more: Partial<VolumeBefore> = {}): string {
  try {
    change(keyword, text, more);
  } catch (error) {
    if (error instanceof OperatorError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}

test("files and bytes of a Volume grow, and shrink only by force, with a warning", () => {
  assert.deepEqual(change("volfiles", "12").media, { VolFiles: 12 });
  assert.match(refusal("volfiles", "5"), /VALUE_REFUSED: Volume Files of Volume "V" is 10: 5 is less/);
  assert.match(refusal("volbytes", "999"), /Volume Bytes of Volume "V" is 1000: 999 is less/);
  const forced = change("volfiles", "5", { isForced: true });
  assert.deepEqual(
    [forced.media, forced.warning],
    [{ VolFiles: 5 }, 'Volume Files of Volume "V" was made smaller by force: 10 to 5'],
  );
});

test("a precious Volume becomes neither Append nor Recycle", () => {
  const precious = { care: { ...care, isPrecious: true } };
  for (const status of ["Append", "recycle"]) assert.match(refusal("volstatus", status, precious), /VOLUME_PRECIOUS/);
  assert.deepEqual(statusChange("used", { row, isForced: false, ...precious }).media, { VolStatus: "Used" });
  assert.equal(refusal("volstatus", "Recycle"), "accepted");
});

test("values that make no sense are refused before anything is stored", () => {
  for (const [keyword, text] of [
    ["precious", "maybe"],
    ["maxwrites", "-1"],
    ["volcapacity", "much"],
    ["enabled", "3"],
    ["actiononpurge", "burn"],
    ["volretention", "soon"],
    ["slot", "1.5"],
  ] as const)
    assert.match(refusal(keyword, text), /VALUE_REFUSED/, `${keyword}=${text}`);
  assert.deepEqual(change("enabled", "archived").media, { Enabled: 2 });
  assert.deepEqual(change("precious", "yes").care, { isPrecious: true });
  assert.deepEqual(change("volcapacity", "2k").media, { VolCapacityBytes: 2048 });
});
