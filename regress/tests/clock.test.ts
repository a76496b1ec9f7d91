import assert from "node:assert/strict";
import { plainTree } from "#regress/trees.ts";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";

scenario("a site with its own clock lives through months between two jobs", { lacks: whyNoTestClock() }, async (world) => {
  const clock = world.useClock("2027-01-15 10:00:00");
  plainTree(world.path("tree"), { files: 5 });
  await world.start();
  const first = await world.backup("Full");
  assert.match(first.text, /Start time: +15-Jan-2027 10:0/);
  clock.advance({ days: 200 });
  const second = await world.backup("Incremental");
  assert.match(second.text, /Backup Level: +Incremental, since=2027-01-15 10:0/);
  assert.match(second.text, /Start time: +03-Aug-2027 /);
  assert.match(await world.console("list media"), /2027-08-03/);
});
