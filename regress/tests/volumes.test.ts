import assert from "node:assert/strict";
import { assertSameTree } from "#regress/compare.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";

scenario(
  "a Volume that is full is followed by the next, and the job restores over all of them",
  { site: { pool: "Maximum Volume Bytes = 5M" } },
  async (world) => {
    bigFile(world.path("tree/big"), 22);
    plainTree(world.path("tree"));
    await world.start();
    const report = await world.backup("Full");
    assert.ok(world.volumes().length >= 5, world.volumes().join(" "));
    assert.equal(report.fields.get("Volume name(s)"), world.volumes().join("|"));
    const listing = await world.console("list volumes");
    assert.match(listing, /Vol-0001\s*\|\s*Full/);
    const where = await world.restore();
    await assertSameTree(world.path("tree"), where + world.path("tree"));
  },
);

scenario(
  "a Volume labelled by the operator is used where nothing labels by itself",
  { site: { labelMedia: false } },
  async (world) => {
    plainTree(world.path("tree"));
    await world.start();
    const labelled = await world.console("label storage=Disks pool=Files volume=ByHand-1");
    assert.match(labelled, /ByHand-1/);
    assert.deepEqual(world.volumes(), ["ByHand-1"]);
    const report = await world.backup("Full");
    assert.equal(report.fields.get("Volume name(s)"), "ByHand-1");
    const again = await world.console("label storage=Disks pool=Files volume=ByHand-1");
    assert.match(again, /already|exists/i);
  },
);

scenario(
  "jobs at the same time share one device and Volume, and each restores identically",
  { site: severalJobs },
  async (world) => {
    for (const name of ["A", "B", "C"]) {
      plainTree(world.path("tree", name), { seed: name });
      bigFile(world.path("tree", name, "big"), 40);
    }
    await world.start();
    const ids: number[] = [];
    for (const name of ["A", "B", "C"]) ids.push(await world.queue(`run job=Save${name} level=Full yes`));
    for (const id of ids) assert.equal((await world.report(id)).termination, "Backup OK");
    assert.equal(world.volumes().length, 1, "all on one Volume");
    for (const [i, name] of ["A", "B", "C"].entries()) {
      const where = await world.restore(`jobid=${ids[i]} all done`);
      await assertSameTree(world.path("tree", name), where + world.path("tree", name));
    }
  },
);

function severalJobs(dir: string): { resources: string } {
  const one = (name: string): string => `FileSet {
  Name = Tree${name}
  Include {
    Options { Signature = MD5 }
    File = "${dir}/tree/${name}"
  }
}
Job {
  Name = Save${name}
  Type = Backup
  Level = Full
  Client = client-fd
  FileSet = Tree${name}
  Storage = Disks
  Pool = Files
  Messages = Standard
}`;
  return { resources: ["A", "B", "C"].map(one).join("\n") };
}
