import assert from "node:assert/strict";
import { test } from "node:test";
import { testHost } from "#lib/testing/config-host.ts";
import { DIRECTOR_TEXT } from "#lib/testing/director-text.ts";
import { parseDirectorConfig } from "./load.ts";
import type { RunSpec } from "./schedule.ts";

const load = (run: string) =>
  parseDirectorConfig(`${DIRECTOR_TEXT}Schedule { Name = S\nRun = ${run}\n}`, "f", { host: testHost() });
const at = (minuteOfDay: number) => ({ kind: "at", minutesOfDay: [minuteOfDay] });
const runOf = async (run: string): Promise<RunSpec> => (await load(run)).schedules.get("S")!.run[0]!;

test("overrides stand first, then a level may stand alone, then dates", async () => {
  const run = await runOf(
    'Level=Full FullPool = P Storage=s, Priority=5 SpoolData=no Accurate=yes MaxRunSchedTime="2 hours" Messages=M 1st-3rd sun at 23:05',
  );
  assert.deepEqual(
    Object.entries(run.overrides).map(([key, value]) => [key, typeof value === "object" ? value.name : value]),
    [
      ["level", "Full"],
      ["fullPool", "P"],
      ["storage", "s"],
      ["priority", 5],
      ["spoolData", false],
      ["accurate", true],
      ["maxRunSchedTime", 7200],
      ["messages", "M"],
    ],
  );
  assert.deepEqual([run.times.weeksOfMonth, run.times.weekDays, run.times.times], [[1, 2, 3], [0], at(23 * 60 + 5)]);
});

test("the bare level of old files is read, and nothing but a level means daily at midnight", async () => {
  assert.equal((await runOf("Differential 2nd-5th sun at 23:05")).overrides.level, "Differential");
  assert.deepEqual((await runOf("Full")).times.times, at(0));
  assert.deepEqual((await runOf("sat-sun at 1:05")).overrides, {});
});

test("blanks part words: a level before a pool is not the pool of that level", async () => {
  const { overrides, times } = await runOf("Full Pool = P Storage = s mon tue at 1:05");
  assert.deepEqual(
    [overrides.level, overrides.pool?.name, overrides.fullPool, overrides.storage?.name],
    ["Full", "P", undefined, "s"],
  );
  assert.deepEqual(times.weekDays, [1, 2]);
  assert.equal((await runOf("Pool=P Differential sun at 1:05")).overrides.level, "Differential");
});

test("commas between dates do not matter", async () => {
  assert.deepEqual((await runOf("Full mon, tue,wed at 1:05")).times.weekDays, [1, 2, 3]);
});

test("a bad Run line is refused at the word that is wrong", async () => {
  const places = [
    ["Full blurb at 1:05", 'f:11:12: Schedule "S", directive Run: "blurb" is not a word'],
    ["Level=Full Foo=P sun at 1:05", 'f:11:18: Schedule "S", directive Run: "Foo" cannot be set here'],
    ["Level=Fool sun", '"Fool" is not allowed here'],
    ["Pool=Nope sun", 'f:11:12: Schedule "S", directive Run: there is no Pool named "Nope"'],
    ["Full Poll=P at 1:05", '"Poll" cannot be set here (did you mean "pool"?)'],
    ["Full sun Pool=P", "pairs stand before the dates"],
    ["Client=c sun", "a Run line changes level, pools"],
    ["Priority=0 sun", '"0" is not a priority'],
    ["Pool=", "a value is expected after Pool ="],
    ["sun = mon", "cannot be set here"],
  ] as const;
  for (const [run, expected] of places) {
    await assert.rejects(load(run), (error: Error) => {
      assert.ok(error.message.includes(expected), `${run}: ${error.message}`);
      return true;
    });
  }
});
