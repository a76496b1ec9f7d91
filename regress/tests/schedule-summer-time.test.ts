import assert from "node:assert/strict";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";
import type { World } from "#regress/world.ts";

// For this file and the daemons that it starts: a zone that changes its clocks.
process.env.TZ = "Europe/Berlin";

const JOB = "Type = Admin\nClient = client-fd\nFileSet = Tree\nStorage = Disks\nPool = Files\nMessages = Standard";
const resources = `
  Schedule { Name = Hours\nRun = hourly at 0:30\n}
  Schedule { Name = Night\nRun = at 2:30\n}
  Job { Name = Hourly\n${JOB}\nSchedule = Hours\n}
  Job { Name = Nightly\n${JOB}\nSchedule = Night\n}`;

async function scheduled(world: World, name: string, day: string): Promise<string[]> {
  const output = await world.console(
    `.sql query="SELECT SchedTime FROM Job WHERE Name='${name}' AND JobStatus='T' AND SchedTime LIKE '${day}%' ORDER BY JobId"`,
  );
  return [...output.matchAll(/^\d{4}-\d\d-\d\d (\d\d:\d\d):\d\d/gm)].map((match) => match[1]!);
}

scenario(
  "on the days when clocks change an hourly job runs each hour that passes and a nightly one once",
  { lacks: whyNoTestClock(), site: { resources } },
  async (world) => {
    const clock = world.useClock("2027-03-27 23:59:00");
    await world.start("dir");
    const hours = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:30`);
    for (const [day, before, length, expected, nightly] of [
      ["2027-03-28", "2027-03-27 23:59:00", 23, hours.filter((hour) => hour !== "02:30"), "03:30"],
      ["2027-10-31", "2027-10-30 23:59:00", 25, [...hours.slice(0, 3), ...hours.slice(2)], "02:30"],
    ] as const) {
      clock.set(before);
      const shown = await world.console("status schedule days=1 job=Nightly");
      assert.match(shown, new RegExp(`Sun \\d\\d-\\w{3} ${nightly} +Nightly +Night`));
      for (const part of [1.25, 1, 1, 10, length - 13.24]) clock.advance({ hours: part });
      await world.until(`${length} runs on ${day}`, async () => (await scheduled(world, "Hourly", day)).length >= length);
      assert.deepEqual(await scheduled(world, "Hourly", day), expected);
      assert.deepEqual(await scheduled(world, "Nightly", day), [nightly]);
    }
  },
);
