import assert from "node:assert/strict";
import { cpSync, utimesSync, writeFileSync } from "node:fs";
import { CATALOGS, scenarioOn } from "#regress/catalogs.ts";
import { assertSameTree } from "#regress/compare.ts";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";
import { plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const lacks = whyNoTestClock();

/** Changes a file in the time of the site: the kernel knows only that of the machine. */
function changeFile(world: World): void {
  const seconds = world.clock!.nowMs / 1000;
  writeFileSync(world.path("tree/changing"), `${seconds}\n`);
  utimesSync(world.path("tree/changing"), seconds, seconds);
}

/** Runs backups on following days in one console session, each after so many days. */
async function days(world: World, plan: readonly (readonly [afterDays: number, level: string])[]): Promise<void> {
  for (const [afterDays, level] of plan) {
    world.clock!.advance({ days: afterDays });
    changeFile(world);
    await world.backup(level);
  }
}

for (const catalog of CATALOGS)
  scenarioOn(
    catalog,
    "file records go first, then jobs, Volumes last: what is gone from the catalog can still be restored as a whole",
    {
      lacks,
      site: {
        client: "File Retention = 1 day\n  Job Retention = 1 year",
        pool: "Volume Retention = 2 years\n  Maximum Volume Jobs = 1",
      },
    },
    async (world) => {
      world.useClock("2027-01-15 10:00:00");
      plainTree(world.path("tree"), { files: 5 });
      await world.start();
      await world.backup("Full");
      cpSync(world.path("tree"), world.path("first"), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
      await days(world, [[2, "Full"]]);
      assert.match(world.messages(), /JobId 2: Pruned Files from 1 Jobs for client client-fd from catalog\./);
      assert.doesNotMatch(await world.console("list files jobid=1"), /tree\//, "file records after two days");
      assert.match(await world.console("list jobs"), /^\|\s*1 \|/m, "the job after two days");
      const where = await world.restore("jobid=1 all done");
      assert.deepEqual(await world.namesUnder(where + world.path("tree")), await world.namesUnder(world.path("first")));
      // A leap of a whole year would be taken for a clock that was set wrong.
      await days(world, [
        [180, "Full"],
        [185, "Full"],
      ]);
      assert.match(world.messages(), /Pruned \d+ Jobs? for client client-fd from catalog\./);
      assert.doesNotMatch(await world.console("list jobs"), /^\|\s*1 \|/m, "the job after a year");
      assert.match(await world.console("prune volume=Vol-0001 yes"), /holds no Job any more and is kept until 2029-01-1\d/);
      world.clock!.advance({ days: 400 });
      assert.match(await world.console("prune volume=Vol-0001 yes"), /Marking it purged/);
      assert.match(await world.console("list volumes"), /Vol-0001\s*\|\s*Purged/);
    },
  );

for (const catalog of CATALOGS)
  scenarioOn(
    catalog,
    "with a retention shorter than the Full cycle the newest Full and its chain stay, and the messages say why",
    {
      lacks,
      site: {
        pool: "Volume Retention = 1 day\n  Job Retention = 1 day\n  Maximum Volume Jobs = 1\n  Recycle Pool = Spare",
        resources: sparePool(),
      },
    },
    async (world) => {
      world.useClock("2027-01-15 10:00:00");
      plainTree(world.path("tree"), { files: 5 });
      changeFile(world); // its directory must not change later: the kernel would date that by the machine's clock
      await world.start();
      await world.backup("Full");
      await days(world, [[2, "Incremental"], [2, "Differential"], [2, "Incremental"]]); // prettier-ignore
      const simulated = await world.console("prune simulate");
      assert.match(simulated, /\|\s*1 \| Save\s*\| Full .*\| kept .*the newest good Full/, simulated);
      const pruned = await world.console("prune expired volume yes", "prune jobs client=client-fd yes");
      assert.match(pruned, /Kept Full JobId 1 of .*: the newest good Full of its client and FileSet "Tree"\./);
      assert.match(pruned, /Kept Differential JobId 3 of .*: part of the newest chain/);
      const where = await world.restore("select all done current client=client-fd");
      await assertSameTree(world.path("tree"), where + world.path("tree"));
      await days(world, [[2, "Full"]]);
      assert.match(world.messages(), /JobId 6: Pruned \d Jobs? for client client-fd from catalog/);
      const jobs = await world.console("list jobs", "prune expired volume yes", "list volumes pool=Spare");
      assert.doesNotMatch(jobs, /^\|\s*[134] \| Save/m, "the old chain after the next Full");
      assert.match(jobs, /Vol-0001\s*\|\s*Purged/, "purged Volumes are in the RecyclePool");
    },
  );

scenario(
  "a rotation of seven Volumes goes round by itself: on day 8 the first is written again",
  {
    lacks,
    site: {
      pool: "Volume Retention = 6 days 12 hours\n  Volume Use Duration = 23 hours\n  Maximum Volumes = 7",
      client: "Job Retention = 1 year",
    },
  },
  async (world) => {
    world.useClock("2027-01-01 22:00:00");
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    const used: string[] = [];
    for (let day = 0; day < 10; day++) {
      used.push((await world.backup("Full")).fields.get("Volume name(s)") ?? "");
      world.clock!.advance({ days: 1 });
    }
    const seven = ["Vol-0001", "Vol-0002", "Vol-0003", "Vol-0004", "Vol-0005", "Vol-0006", "Vol-0007"];
    assert.deepEqual(used, [...seven, "Vol-0001", "Vol-0002", "Vol-0003"]);
    assert.match(world.messages(), /JobId 8: All records pruned from Volume "Vol-0001"; marking it "Purged"/);
    assert.match(world.messages(), /JobId 8: Recycled volume "Vol-0001"/);
  },
);

scenario(
  "Keep thins the backups of a job to days and months, and their Volumes become free",
  { lacks, site: { job: "Keep = 2 daily, 2 monthly", pool: "Maximum Volume Jobs = 1\n  Action On Purge = Truncate" } },
  async (world) => {
    world.useClock("2027-01-30 10:00:00");
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    await world.backup("Full");
    for (let day = 0; day < 4; day++) await days(world, [[1, "Full"]]); // 31 January to 3 February
    const listing = await world.console("list jobs", "prune expired volume all yes", "list volumes");
    assert.deepEqual(
      [...listing.matchAll(/^\|\s*(\d+) \| Save/gm)].map((row) => row[1]),
      ["2", "4", "5"],
      listing,
    );
    assert.match(world.messages(), /JobId 4: Recycled volume "Vol-0001"/, "the Volume of a backup that Keep gave up");
    assert.match(listing, /Vol-0001\s*\|\s*Used[^]*Vol-0002\s*\|\s*Used[^]*Vol-0003\s*\|\s*Purged/);
    const before = world.volumeBytes();
    assert.match(await world.console("truncate volume allpools storage=Disks"), /The volume "Vol-0003" has been truncated/);
    assert.ok(world.volumeBytes() < before, "space after truncating");
  },
);

function sparePool(): string {
  return "Pool {\n  Name = Spare\n  Pool Type = Backup\n}\n";
}
