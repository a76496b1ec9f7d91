import assert from "node:assert/strict";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";
import { plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

function pool(name: string, directives: string): string {
  return `Pool {\n  Name = ${name}\n  Pool Type = Backup\n  Maximum Volume Jobs = 1\n  Volume Retention = 1 hour\n  ${directives}\n}\n`;
}

const POOLS = [
  pool("Main", 'Label Format = "Main-"; Maximum Volumes = 2; Recycle Pool = Scratch; AutoPrune = yes'),
  pool("Poor", "AutoPrune = no"),
  pool("Purges", 'Label Format = "Purges-"; Maximum Volumes = 1; Purge Oldest Volume = yes; AutoPrune = no'),
  pool("Oldest", 'Label Format = "Oldest-"; Maximum Volumes = 1; Recycle Oldest Volume = yes; AutoPrune = no'),
  "Pool {\n  Name = Scratch\n  Pool Type = Backup\n  Recycle = yes\n}\n",
].join("");

/** Volumes of a pool with their status. */
async function stock(world: World, name: string): Promise<string> {
  const rows = [...(await world.console(`list volumes pool=${name}`)).matchAll(/^\|\s*[\d,]+\s*\| (\S+)\s*\| (\S+)\s*\|/gm)];
  return rows.map((row) => `${row[1]} ${row[2]}`).join(", ");
}

// Debian's Director agrees (NOCTURNE_REGRESS_SUBJECT=debian), save that it prunes what a later backup still needs; so this runs different Jobs.
scenario(
  "Volumes are pruned, moved to the Recycle Pool, taken from Scratch, and the oldest is given up, in Bacula's order",
  {
    site: (dir) => ({ resources: POOLS + ["One", "Two", "Three"].map((name) => another(dir, name)).join("") }),
    lacks: whyNoTestClock(),
  },
  async (world) => {
    const clock = world.useClock("2027-01-11 08:00:00");
    plainTree(world.path("tree"), { files: 2 });
    await world.start();
    const run = async (job: string, name: string) => {
      const report = await world.run(`job=${job} level=Full pool=${name}`);
      assert.equal(report.termination, "Backup OK", world.messages().slice(-2000));
      return report.fields.get("Volume name(s)");
    };
    const [main, purges, oldest] = ["Main-0001", "Purges-0002", "Oldest-0003"];
    assert.deepEqual(
      [await run("One", "Main"), await run("Two", "Purges"), await run("Three", "Oldest")],
      [main, purges, oldest],
    );
    clock.advance({ hours: 2 });
    assert.equal(await run("Two", "Purges"), purges, "Purge Oldest Volume, though its Full is Two's last");
    assert.equal(await run("One", "Main"), "Main-0004", "not pruned while it holds One's last Full, and a new one is allowed");
    assert.equal(await run("Two", "Main"), main, "pruned, moved to Scratch, and taken from there");
    assert.equal(await stock(world, "Main"), "Main-0001 Used, Main-0004 Used");
    await world.console("purge volume=Main-0004 yes");
    assert.equal(await stock(world, "Scratch"), "Main-0004 Purged", "Recycle Pool");
    assert.equal(await run("Three", "Poor"), "Main-0004", "a Pool that labels nothing lives on Scratch");
    assert.equal(await run("One", "Oldest"), oldest, "Recycle Oldest Volume, now that Three has a newer Full");
    assert.match(world.messages(), /Using Volume "Main-0004" from 'Scratch' pool\./);
    assert.match(world.messages(), /Recycled volume "Main-0001" on File device "Disk" .*all previous data lost/);
  },
);

function another(dir: string, name: string): string {
  return `Job {
  Name = ${name}
  Type = Backup
  Client = client-fd
  FileSet = Set${name}
  Storage = Disks
  Pool = Files
  Messages = Standard
}
FileSet {
  Name = Set${name}
  Include {
    Options {
      Signature = MD5
    }
    File = "${dir}/tree"
  }
}
`;
}
