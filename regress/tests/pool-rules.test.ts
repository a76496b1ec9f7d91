import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { scenario } from "#regress/scenario.ts";
import { plainTree } from "#regress/trees.ts";

function pool(name: string, directives: string): string {
  return `Pool {\n  Name = ${name}\n  Pool Type = Backup\n  Label Format = "${name}-"\n  ${directives}\n}\n`;
}

scenario(
  "a precious Volume is kept from everything until an operator says otherwise, and each refusal says why",
  {},
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    await world.backup("Full");
    assert.match(await world.console("update volume=Vol-0001 precious=yes"), /New Precious flag is: yes/);
    assert.match(await world.console("llist volume=Vol-0001"), /Precious: 1/i);
    const before = readFileSync(world.path("volumes/Vol-0001"));
    const refusals = await world.console(
      "purge volume=Vol-0001 yes",
      "delete volume=Vol-0001 yes",
      "update volume=Vol-0001 volstatus=Used",
      "prune volume=Vol-0001 yes",
      "update volume=Vol-0001 volstatus=Append",
    );
    assert.ok(
      (refusals.match(/precious/g) ?? []).length >= 4,
      `purge, delete, prune and Append are refused as precious:\n${refusals}`,
    );
    const other = await world.backup("Full");
    assert.equal(other.fields.get("Volume name(s)"), "Vol-0002", "the next job takes another");
    assert.deepEqual(readFileSync(world.path("volumes/Vol-0001")), before, "no byte of it has changed");
    await world.restore("jobid=1 all done");
    await world.console("update volume=Vol-0001 precious=no", "purge volume=Vol-0001 yes");
    assert.match(await world.console("update volume=Vol-0001 precious=yes", "relabel storage=Disks oldvolume=Vol-0001 volume=New-1 pool=Files"), /precious, so it is not relabeled/); // prettier-ignore
    assert.match(await world.console("truncate volume=Vol-0001 storage=Disks yes"), /precious|No Volumes/);
    assert.deepEqual(readFileSync(world.path("volumes/Vol-0001")), before, "still no byte");
  },
);

scenario(
  "a medium is retired after Max Writes, a disabled Pool is not written, and newvolume begins a new Volume",
  {
    site: { resources: pool("Worn", "Max Writes = 2; Maximum Volume Jobs = 1; Volume Capacity = 100K; Capacity Warning = 10") },
  },
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    const run = async () => (await world.backup("Full", "pool=Worn")).fields.get("Volume name(s)");
    assert.equal(await run(), "Worn-0001");
    await world.console("purge volume=Worn-0001 yes");
    assert.equal(await run(), "Worn-0001", "the second writing");
    await world.console("purge volume=Worn-0001 yes");
    assert.equal(await run(), "Worn-0002", "not a third time");
    assert.match(
      world.messages(),
      /Max writes reached: Volume "Worn-0001" was written 2 times .*Marking Volume "Worn-0001" as Disabled/,
    );
    assert.match(
      await world.console("list media pool=Worn"),
      /Worn-0001 +\| Disabled[\s\S]*102,?400 \| +\d+ \|/,
      "capacity and percent used",
    );

    await world.console("disable pool=Worn");
    assert.match(await world.console("run job=Save level=Full pool=Worn yes"), /Pool "Worn" is disabled/);
    await world.restore("jobid=3 all done");
    await world.console("enable pool=Worn");

    assert.equal((await world.backup("Full")).fields.get("Volume name(s)"), "Vol-0003");
    assert.equal((await world.backup("Full", "newvolume=yes")).fields.get("Volume name(s)"), "Vol-0004");
    const refused = await world.console("update volume=Vol-0004 volfiles=10", "update volume=Vol-0004 volfiles=5", "update volume=Vol-0004 volfiles=5 force yes"); // prettier-ignore
    assert.match(refused, /New Volume Files is: 10[\s\S]*10: 5 is less[\s\S]*Warning: .*smaller by force: 10 to 5/);
  },
);

scenario(
  "Pools say who may write to them: refused by -t or at the start, and the Pool decides of labelling",
  {
    site: {
      labelMedia: false,
      resources: [
        pool("Labels", "Auto Label = yes"),
        pool("Asks", "Auto Label = no"),
        pool("Fulls", "Auto Label = yes; Allowed Levels = Full; Catalog Files = no"),
      ].join(""),
    },
  },
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    writeFileSync(world.path("volumes/Labels-0001"), "what somebody has put here");
    await world.start();
    const labelled = await world.backup("Full", "pool=Labels");
    assert.notEqual(labelled.fields.get("Volume name(s)"), "Labels-0001", "a file with data is never taken for a new Volume");
    assert.equal(readFileSync(world.path("volumes/Labels-0001"), "utf8"), "what somebody has put here");
    const full = await world.backup("Full", "pool=Fulls");
    assert.match(await world.console(`list files jobid=${full.jobId}`), /^(?![\s\S]*file-1\.txt)/, "Catalog Files = no");
    const refused = await world.report(await world.queue("run job=Save level=Incremental pool=Fulls yes"));
    assert.notEqual(refused.termination, "Backup OK");
    assert.match(world.messages(), /Pool "Fulls" does not take Level "Incremental" \(Allowed Levels = Full\)/);
    const waiting = await world.queue("run job=Save level=Full pool=Asks yes");
    await world.until("the operator is asked", () => /Auto Label = no/.test(world.messages()));
    await world.console(`cancel jobid=${waiting} yes`);
    assert.deepEqual(
      world.volumes().filter((name) => name.startsWith("Asks")),
      [],
    );
  },
);

scenario(
  "with Auto Verify a Volume is read back when it is closed, and damage is told before anybody needs the data",
  { site: { resources: pool("Read", "Auto Verify = yes; Maximum Volume Jobs = 2") } },
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    await world.backup("Full", "pool=Read");
    assert.match(await world.console("llist volume=Read-0001"), /LastVerified: *\n/i, "open Volumes are not read");
    await world.backup("Full", "pool=Read");
    assert.match(await world.console("llist volume=Read-0001"), /LastVerified: 20/i);
    await world.backup("Full", "pool=Read");
    const path = world.path("volumes/Read-0002");
    const data = readFileSync(path);
    data[2000] = (data[2000] ?? 0) ^ 1;
    writeFileSync(path, data);
    const second = await world.run("job=Save level=Full pool=Read");
    assert.match(world.messages(), /Volume "Read-0002" is damaged: 1 bad blocks[\s\S]*JobId 3,4/);
    assert.notEqual(second.termination, "Backup OK");
    assert.match(await world.console("list volumes pool=Read"), /Read-0002 +\| Error/);
  },
);
