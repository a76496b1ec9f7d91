import assert from "node:assert/strict";
import { JUDGING_DEBIAN } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";
import { bigFile, plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

function pool(name: string, directives: string): string {
  return `Pool {\n  Name = ${name}\n  Pool Type = Backup\n  Label Format = "${name}-"\n  ${directives}\n}\n`;
}

const LIMITED = [
  pool("Once", "Use Volume Once = yes"),
  pool("Jobs", "Maximum Volume Jobs = 2"),
  pool("Bytes", "Maximum Volume Bytes = 500K"),
  pool("Day", "Volume Use Duration = 23 hours"),
].join("");

/** VolStatus of every Volume of a pool, oldest first. */
async function statuses(world: World, name: string): Promise<string> {
  const rows = [...(await world.console(`list volumes pool=${name}`)).matchAll(/^\|\s*[\d,]+\s*\| (\S+)\s*\| (\S+)\s*\|/gm)];
  return rows.map((row) => row[2]).join(" ");
}

scenario(
  "each limit of a Pool closes a Volume as Used or Full, and the next job goes on with another",
  { site: { resources: LIMITED }, lacks: whyNoTestClock() },
  async (world) => {
    const clock = world.useClock("2027-01-11 20:00:00");
    plainTree(world.path("tree"), { files: 3 });
    bigFile(world.path("tree/big"), 1);
    await world.start();
    const run = async (...pools: readonly string[]): Promise<void> => {
      const ids: number[] = [];
      for (const name of pools) ids.push(await world.queue(`run job=Save level=Full pool=${name} yes`));
      for (const id of ids) assert.equal((await world.report(id)).termination, "Backup OK");
    };
    const forward = async (hours: number): Promise<void> => {
      clock.advance({ hours });
      if (!JUDGING_DEBIAN) return;
      // Its timers go by the time of day: all that are set would be over at once.
      await world.stop();
      await world.start();
    };
    await run("Jobs", "Day");
    await forward(22);
    await run("Jobs", "Day", "Once");
    await forward(2);
    await run("Jobs", "Day", "Once", "Bytes");
    assert.equal(await statuses(world, "Once"), "Used Used", "Use Volume Once");
    assert.equal(await statuses(world, "Jobs"), "Used Append", "Maximum Volume Jobs = 2, three jobs");
    assert.equal(await statuses(world, "Day"), "Used Append", "Volume Use Duration = 23 h, after 24 h");
    assert.equal(await statuses(world, "Bytes"), "Full Full Append", "Maximum Volume Bytes = 500K, a job of 1.1 MB");
    assert.match(world.messages(), /Max Volume jobs=2 exceeded\. Marking Volume "Jobs-\d+" as Used\./);
    assert.match(world.messages(), /Max configured use duration=82,?800 sec\. exceeded\. Marking Volume "Day-\d+" as Used\./);
  },
);

scenario(
  "jobs that run at once keep to Maximum Volume Jobs: each waits until its device is free for another Volume",
  { site: { job: "Maximum Concurrent Jobs = 5", resources: pool("One", "Maximum Volume Jobs = 1") } },
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    bigFile(world.path("tree/big"), 1);
    await world.start();
    const line = "run job=Save level=Full pool=One yes";
    for (const report of await world.reports(await world.queueAll(line, line, line)))
      assert.equal(report.termination, "Backup OK");
    assert.equal(await statuses(world, "One"), "Used Used Used");
    const numbers = [...(await world.console("llist volumes pool=One")).matchAll(/\b(voljobs|volblocks): (\d+)/gi)];
    assert.deepEqual(
      numbers.map(([, what, number]) => `${what?.toLowerCase()} ${number}`),
      Array.from({ length: 3 }, () => ["voljobs 1", "volblocks 17"]).flat(),
    );
  },
);

scenario(
  "Maximum Pool Bytes stops a Pool: the job asks for a Volume, and goes on when one is freed",
  {
    site: { resources: pool("Whole", "Maximum Pool Bytes = 1M; Maximum Volumes = 3") },
    lacks: JUDGING_DEBIAN ? "Bacula 9.6 has no Maximum Pool Bytes" : undefined,
  },
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    bigFile(world.path("tree/big"), 1);
    await world.start();
    await world.backup("Full", "pool=Whole");
    assert.equal(await statuses(world, "Whole"), "Used", "the Volume of a Pool that is full takes no more");
    const jobId = await world.queue("run job=Save level=Full pool=Whole yes");
    await world.until("the job waits for a Volume", () => /Cannot find any appendable volumes/.test(world.messages()));
    assert.match(world.messages(), /the Pool holds 1,?\d+,?\d+ bytes already \(Maximum Pool Bytes = 1048576\)/);
    assert.match(await world.console("list pools"), /\| Whole\s*\|\s*1 \|\s*3 \|/, "NumVols and MaxVols");
    const [volume = ""] = world.volumes();
    await world.console(`purge volume=${volume} yes`);
    assert.equal((await world.report(jobId)).termination, "Backup OK");
    assert.deepEqual(world.volumes(), [volume], "it was written anew");
  },
);
