import assert from "node:assert/strict";
import { test } from "node:test";
import { decideDue, type HandledMark, MISSED_MAX } from "./due-runs.ts";
import { missedTexts, runsToMakeUp } from "./missed-runs.ts";
import type { ScheduleLine } from "./schedule-lines.ts";
import { scheduleLines } from "./testing/lines.ts";

const zone = "Europe/Berlin";
const ms = (text: string) => Temporal.ZonedDateTime.from(`${text}[${zone}]`).epochMilliseconds;
const marked = (handled: string, furthest = handled): HandledMark => ({ handledMs: ms(handled), furthestMs: ms(furthest) });
const shown = (at: number) =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: "minute" });

function decide(
  lines: readonly ScheduleLine[],
  mark: HandledMark,
  now: string,
  more: { isStart?: boolean; known?: readonly string[] } = {},
) {
  const { isStart = false, known = [] } = more;
  const decision = decideDue(lines, mark, { nowMs: ms(now), zone, isStart }, ({ job }, at) =>
    known.includes(`${job.name} ${shown(at)}`),
  );
  return {
    ...decision,
    due: decision.due.map(({ line, whenMs }) => `${line.job.name} ${shown(whenMs)}`),
    missedOf: decision.missed.map(({ line, moments }) => `${line.job.name} ${moments.map(shown).join(" ")}`),
  };
}

test("each moment since the last look is due once, in the order of time", async () => {
  const lines = await scheduleLines("Run = hourly at 0:35\nRun = hourly at 0:05", "Run = at 10:20");
  assert.deepEqual(decide(lines, marked("2026-11-21T10:00"), "2026-11-21T10:04").due, []);
  const first = decide(lines, marked("2026-11-21T10:00"), "2026-11-21T11:36");
  assert.deepEqual(first.due, [
    "A 2026-11-21T10:05",
    "B 2026-11-21T10:20",
    "A 2026-11-21T10:35",
    "A 2026-11-21T11:05",
    "A 2026-11-21T11:35",
  ]);
  assert.deepEqual(decide(lines, first.mark, "2026-11-21T11:36").due, []);
  assert.deepEqual(decide(lines, first.mark, "2026-11-21T12:05").due, ["A 2026-11-21T12:05"]);
});

test("a Director that slept makes up for the last day; what is older is missed", async () => {
  const lines = await scheduleLines("Run = at 23:05");
  const { due, missedOf, mark } = decide(lines, marked("2026-11-18T10:00"), "2026-11-21T10:00");
  assert.deepEqual(due, ["A 2026-11-20T23:05"]);
  assert.deepEqual(missedOf, ["A 2026-11-18T23:05 2026-11-19T23:05"]);
  assert.deepEqual(mark, marked("2026-11-21T10:00"));
});

test("a Director that starts makes up for the last hour only, and not for what the catalog knows", async () => {
  const lines = await scheduleLines("Run = at 23:05\nRun = at 23:20");
  const start = { isStart: true };
  const restart = decide(lines, marked("2026-11-20T23:04"), "2026-11-20T23:30", { ...start, known: ["A 2026-11-20T23:05"] });
  assert.deepEqual([restart.due, restart.missedOf], [["A 2026-11-20T23:20"], []]);
  const late = decide(lines, marked("2026-11-20T22:00"), "2026-11-21T08:00", start);
  assert.deepEqual([late.due, late.missedOf], [[], ["A 2026-11-20T23:05", "A 2026-11-20T23:20"]]);
});

test("a clock that is put back a little brings no moment twice", async () => {
  const lines = await scheduleLines("Run = hourly at 0:05");
  const back = decide(lines, marked("2026-11-21T10:10"), "2026-11-21T08:00");
  assert.deepEqual([back.due, back.mark, back.putBackMs], [[], marked("2026-11-21T10:10"), 0]);
  assert.deepEqual(decide(lines, back.mark, "2026-11-21T11:10").due, ["A 2026-11-21T11:05"]);
});

test("a clock that is put back far counts from there on, and what it jumps over later is not run a second time", async () => {
  const lines = await scheduleLines("Run = hourly at 0:05");
  // A machine without a battery starts in the past, then hears of the true time.
  const back = decide(lines, marked("2026-11-21T10:10"), "2020-01-01T00:00");
  assert.deepEqual([back.due, back.mark], [[], marked("2020-01-01T00:00", "2026-11-21T10:10")]);
  assert.ok(back.putBackMs > 0);
  const soon = decide(lines, back.mark, "2020-01-01T00:05");
  assert.deepEqual(soon.due, ["A 2020-01-01T00:05"]);
  const forward = decide(lines, soon.mark, "2026-11-21T12:10");
  assert.deepEqual([forward.due, forward.missedOf], [["A 2026-11-21T11:05", "A 2026-11-21T12:05"], []]);
});

test("missed runs are named as their Schedule says, and counted when there are many", async () => {
  const lines = await scheduleLines(
    "Run = Level=Full 1st sun at 23:05\nRun = Level=Incremental mon-sat at 23:05",
    "Missed Runs = Ignore\nRun = at 12:00",
    "MissedRuns = Report\nRun = hourly",
  );
  const { missed } = decide(lines, marked("2026-12-04T08:00"), "2027-01-07T08:00", { isStart: true });
  const texts = missedTexts(missed, {
    fromMs: ms("2026-12-04T08:00"),
    untilMs: ms("2027-01-07T08:00"),
    why: "the Director did not run",
  });
  const starts = texts.map((text) => text.split(" while ")[0]);
  assert.deepEqual(starts, [
    'Job "A" missed 2 runs of Schedule "SA"',
    'Job "A" missed 29 runs of Schedule "SA"',
    `Job "C" missed more than ${MISSED_MAX} runs of Schedule "SC"`,
  ]);
  assert.match(texts[0]!, /: Full due 06-Dec-2026 \d\d:05:00, 03-Jan-2027 \d\d:05:00\.$/);
  assert.match(texts[1]!, /, \.\.\. 06-Jan-2027 \d\d:05:00\.$/);
});

test("each job makes up for its strongest missed run, and not if it starts now anyway", async () => {
  const lines = await scheduleLines(
    "Missed Runs = RunOnce\nRun = Level=Incremental mon-sat at 23:05\nRun = Level=Full 1st sun at 23:05\nRun = Level=Differential 2nd-5th sun at 23:05",
    "Missed Runs = Run Once\nRun = at 12:00\nRun = at 7:55",
    "Run = at 12:00",
  );
  const start = { isStart: true };
  const chosen = (from: string, to: string) => {
    const { missed } = decide(lines, marked(from), to, start);
    const { due } = decideDue(lines, marked(from), { nowMs: ms(to), zone, isStart: true });
    return runsToMakeUp(missed, due).map(
      ({ line, whenMs }) => `${line.job.name} ${line.spec.overrides.level} ${shown(whenMs)}`,
    );
  };
  assert.deepEqual(chosen("2026-12-04T08:00", "2026-12-09T09:30"), ["A Full 2026-12-06T23:05", "B undefined 2026-12-09T07:55"]);
  assert.deepEqual(chosen("2026-12-07T08:00", "2026-12-09T08:00"), ["A Incremental 2026-12-08T23:05"]);
  assert.deepEqual(chosen("2026-12-10T08:00", "2026-12-15T10:00"), [
    "A Differential 2026-12-13T23:05",
    "B undefined 2026-12-15T07:55",
  ]);
});
