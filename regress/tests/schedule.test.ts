import assert from "node:assert/strict";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";
import type { World } from "#regress/world.ts";

const NEEDS = { lacks: whyNoTestClock() };

/** An Admin job: it starts and ends at the Director, so that hundreds of runs take seconds. */
function adminJob(name: string, schedule: string, more = ""): string {
  return `Schedule { Name = On${name}\n${schedule}\n}
    Job { Name = ${name}\nType = Admin\nClient = client-fd\nFileSet = Tree\nStorage = Disks\nPool = Files\nMessages = Standard\nSchedule = On${name}\n${more} }\n`;
}

/** Scheduled times of the jobs of this name, as the catalog has them, in their order. */
async function scheduledTimes(world: World, name: string): Promise<string[]> {
  const output = await world.console(
    `.sql query="SELECT SchedTime FROM Job WHERE Name='${name}' AND JobStatus='T' ORDER BY SchedTime, JobId"`,
  );
  return output.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/gm) ?? [];
}

scenario(
  "two hourly runs both come every hour: 48 jobs a day, whatever steps the clock makes",
  { ...NEEDS, site: { resources: adminJob("Hourly", "Run = hourly at 0:05\nRun = hourly at 0:35") } },
  async (world) => {
    const clock = world.useClock("2027-01-15 00:00:00");
    await world.start("dir");
    // A few hours as they pass, then the clock jumps over several runs at once.
    const steps = [...Array<number>(8).fill(0.5), 4, 4, 6, 6];
    let hours = 0;
    for (const step of steps) {
      clock.advance({ hours: step });
      hours += step;
      await world.until(
        `${hours * 2} runs after ${hours} hours`,
        async () => (await scheduledTimes(world, "Hourly")).length >= hours * 2,
      );
    }
    const times = await scheduledTimes(world, "Hourly");
    const expected = Array.from({ length: 48 }, (_, index) => {
      const hour = String(Math.floor(index / 2)).padStart(2, "0");
      return `2027-01-15 ${hour}:${index % 2 === 0 ? "05" : "35"}:00`;
    });
    assert.deepEqual(times, expected);
  },
);

scenario(
  "runs missed while the Director was dead are told at its start and made up for where the Schedule says so",
  {
    ...NEEDS,
    site: {
      resources:
        adminJob("Told", "Run = at 2:00") +
        adminJob("MadeUp", "Missed Runs = Run Once\nRun = at 3:00") +
        adminJob("Silent", "Missed Runs = Ignore\nRun = at 4:00") +
        adminJob("Off", "Enabled = no\nRun = at 5:00"),
    },
  },
  async (world) => {
    const clock = world.useClock("2027-01-15 01:59:30");
    await world.start("dir");
    clock.advance({ seconds: 40 });
    await world.until("the run of 2:00", async () => (await scheduledTimes(world, "Told")).length === 1);
    await world.kill("dir");
    clock.advance({ days: 3, hours: 10 });
    await world.start("dir");
    await world.until("the run that makes up", async () => (await scheduledTimes(world, "MadeUp")).length === 1);
    const messages = world.messages();
    assert.match(
      messages,
      /Job "Told" missed 3 runs of Schedule "OnTold" while the Director did not run .*due 16-Jan-2027 02:00:00, 17-Jan-2027 02:00:00, 18-Jan-2027 02:00:00/,
    );
    assert.match(messages, /Job "MadeUp" missed 4 runs of Schedule/);
    assert.doesNotMatch(messages, /Job "(Silent|Off)" missed/);
    assert.deepEqual(await scheduledTimes(world, "Told"), ["2027-01-15 02:00:00"]);
    assert.match((await scheduledTimes(world, "MadeUp"))[0]!, /^2027-01-18 1[12]:/);
    assert.match(await world.console("list jobs job=MadeUp", "llist jobid=2"), /makes up for the run of 18-Jan-2027 03:00:00/);

    // A restart at the wrong minute: the run starts late, and what ran before the crash does not run again.
    clock.set("2027-01-19 01:59:50");
    await world.until("the Director has seen the time", async () => /19-Jan/.test(await world.console("status dir")));
    await world.stop("dir");
    clock.advance({ hours: 0.5 });
    await world.start("dir");
    await world.until("the late run", async () => (await scheduledTimes(world, "Told")).length === 2);
    await world.kill("dir");
    await world.start("dir");
    assert.deepEqual((await scheduledTimes(world, "Told")).slice(1), ["2027-01-19 02:00:00"]);
  },
);

scenario(
  "overrides of a Run line reach the job, limits on its start and length hold, disabled things start nothing",
  {
    ...NEEDS,
    site: {
      job: "Schedule = Nightly\nMax Start Delay = 10 min",
      resources: `Schedule { Name = Nightly
        Run = Level=Full Pool=Other Priority=7 Accurate=yes at 1:00
        Run = Differential FullPool=Other at 2:00
        Run = Level=Incremental at 4:00
      }
      Pool { Name = Other\nPool Type = Backup\nLabel Format = "Other-" }
      ${adminJob("Ticker", "Run = hourly at 0:30")}`,
    },
  },
  async (world) => {
    const clock = world.useClock("2027-01-15 00:50:00");
    await world.start();
    assert.match(await world.console("status dir"), /Full +Backup +7 +15-Jan-27 01:00 +Save/);
    clock.set("2027-01-15 00:59:59");
    await world.until("the Full", () => /Backup Level: +Full[\s\S]*Priority: +7/.test(world.messages()));
    const full = world.messages();
    assert.match(full, /Pool: +"Other" \(From Run Pool override\)/);
    assert.match(full, /Scheduled time: +15-Jan-2027 01:00:00/);
    clock.set("2027-01-15 01:59:59");
    await world.until("the Differential", () =>
      /Backup Level: +Differential[\s\S]*Pool: +"Files" \(From Job resource\)/.test(world.messages()),
    );

    // Late by more than Max Start Delay: the machine slept.
    clock.set("2027-01-15 04:20:00");
    await world.until("the refusal", () => /Max start delay exceeded/.test(world.messages()));

    await world.until("the Ticker's runs", async () => (await scheduledTimes(world, "Ticker")).length === 3);
    for (const [off, on] of [
      ["disable schedule=OnTicker", "enable schedule=OnTicker"],
      ["disable job=Ticker", "enable job=Ticker"],
      ["disable client=client-fd", "enable client=client-fd"],
    ] as const) {
      const before = (await scheduledTimes(world, "Ticker")).length;
      await world.console(off);
      assert.doesNotMatch(await world.console("status schedule days=2 job=Ticker"), /OnTicker/);
      clock.advance({ hours: 1 });
      await world.console(on);
      assert.equal((await scheduledTimes(world, "Ticker")).length, before, off);
    }
  },
);
