import assert from "node:assert/strict";
import test from "node:test";
import { goalsTable, rowSection, type KeptRow } from "./markdown.ts";

const row: KeptRow = {
  row: "usr",
  title: "/usr",
  rounds: 3,
  seconds: 60,
  series: [
    { work: "first backup", subject: "ours", unit: "s", values: [1, 3, 2] },
    { work: "first backup", subject: "theirs", unit: "s", values: [4] },
    { work: "stored", subject: "ours", unit: "bytes", values: [1.5e9] },
  ],
  judgements: [{ goal: "usr: first backup", figure: "0.50 of theirs", bound: "at most 0.60", isMet: true }],
  notes: ["ours: as it is"],
};

test("a row is a table of medians, a column a subject, empty where nothing was measured", () => {
  const text = rowSection(row);
  assert.ok(text.includes("| first backup | 2.00 s | 4.00 s |\n| stored | 1.500 GB |  |"));
  assert.ok(text.includes("- ours: as it is"));
});

test("a goal that was missed, and a row that failed, stand out", () => {
  const missed = { ...row, judgements: [{ goal: "g", figure: "1.00", bound: "at most 0.60", isMet: false }] };
  const failed = { ...row, row: "catalog", judgements: [], failure: "no room\nat x" };
  const text = goalsTable([missed, failed]);
  assert.ok(text.includes("| g | 1.00 | at most 0.60 | **no** |"));
  assert.ok(text.includes("| catalog | could not be measured | | **no** |"));
  assert.ok(rowSection(failed).includes("Could not be measured: no room\n"));
});
