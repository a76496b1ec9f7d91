import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { assertSameTree } from "#regress/compare.ts";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { freePorts } from "#lib/testing/ports.ts";
import { Daemon } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { PASSWORDS } from "#regress/site.ts";
import { bigFile, plainTree } from "#regress/trees.ts";

/** Pool, Storage and Device of a further place for Volumes. */
function pool(name: string): string {
  return `Pool { Name = ${name}; Pool Type = Backup; Storage = ${name}; Label Format = "${name}-" }`;
}
function storage(name: string, port: number): string {
  return `Storage {
  Name = ${name}; Address = 127.0.0.1; SD Port = ${port}; Password = "${PASSWORDS.storage}"; Device = ${name}; Media Type = ${name}
  Maximum Concurrent Jobs = 10
}`;
}
function device(name: string, directory: string): string {
  return `Device {
  Name = ${name}; Media Type = ${name}; Device Type = File; Archive Device = "${directory}"
  Label Media = yes; Random Access = yes; Automatic Mount = yes; Removable Media = no; Always Open = no
}
`;
}

scenario(
  "a restore whose files lie at two devices of one storage daemon and at a second storage daemon is one job, and is identical",
  {
    site: async (dir, ports) => {
      const [second = 0] = await freePorts(1);
      writeFileSync(`${dir}/second-port`, String(second));
      return {
        resources: [pool("Other"), storage("Other", ports.storage), pool("Far"), storage("Far", second)].join("\n"),
      };
    },
  },
  async (world) => {
    for (const name of ["other", "far", "work/far"]) mkdirSync(world.path(name), { recursive: true });
    world.edit("bacula-sd.conf", /^Messages/m, `${device("Other", world.path("other"))}Messages`);
    const port = readFileSync(world.path("second-port"), "utf8");
    const far = readFileSync(world.path("bacula-sd.conf"), "utf8")
      .replaceAll("work/sd", "work/far")
      .replace("Name = site-sd", "Name = far-sd")
      .replace(/SD Port = \d+/, `SD Port = ${port}`)
      .replace(/Name = Other; Media Type = Other/, "Name = Far; Media Type = Far")
      .replace(world.path("other"), world.path("far"));
    writeFileSync(world.path("far-sd.conf"), far, { mode: 0o600 });
    const tree = world.path("tree");
    plainTree(tree);
    bigFile(`${tree}/big`, 20);
    await world.start();
    const command = [...world.programs.sd, "-f", "-c", world.path("far-sd.conf")];
    const second = await Daemon.start("far", command, { logFile: world.path("logs", "far.log"), port: Number(port) });
    try {
      await world.backup("Full");
      await sleep(1100);
      plainTree(`${tree}/later`, { files: 20 });
      await sleep(1100); // what changes in the second in which a job begins is saved by the next one too
      await world.backup("Incremental", "storage=Other pool=Other");
      await sleep(1100); // jobs that begin in one second save the same changes
      plainTree(`${tree}/last`, { files: 20 });
      bigFile(`${tree}/big-2`, 20);
      await world.backup("Incremental", "storage=Far pool=Far");
      const where = await world.restore();
      assert.match(world.messages(), /far-sd JobId 4: Ready to read/);
      await assertSameTree(tree, where + tree);
      assert.match(await world.console("list joblog jobid=4"), /Ready to read from volume "Other-/);
    } finally {
      await second.stop();
    }
  },
);

scenario(
  "of several Storages a save takes the first that has room and can be reached, and says so",
  {
    site: async (dir, ports) => {
      const [nobody = 0] = await freePorts(1);
      const near = storage("Near", ports.storage).replace("Jobs = 10", "Jobs = 1").replace("= Near; Media", "= Disk; Media");
      return {
        resources: [
          storage("Gone", nobody),
          near.replace("Media Type = Near", "Media Type = File"),
          `JobDefs {
            Name = Defs; Type = Backup; Level = Full; Client = client-fd; FileSet = Tree; Pool = Files; Messages = Standard
            Maximum Concurrent Jobs = 5
          }
          Job { Name = Group; JobDefs = Defs; Storage = Near, Disks; Client Run Before Job = "sh -c 'until [ -e ${dir}/go ]; do sleep 0.1; done'" }
          Job { Name = Fallback; JobDefs = Defs; Storage = Gone, Near, Disks }
          Job { Name = Crowded; JobDefs = Defs; Storage = Tight, Disks }`,
          storage("Tight", ports.storage).replace("Media Type = Tight", "Media Type = File"),
        ].join("\n"),
      };
    },
  },
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    const tight = device("Tight", world.path("volumes"))
      .replace("Type = Tight", "Type = File")
      .replace("Label", "Minimum Free Space = 100TB; Label");
    world.edit("bacula-sd.conf", /^Messages/m, `${tight}Messages`);
    await world.start();
    const both = await world.queueAll("run job=Group yes", "run job=Group yes");
    await world.until("the first runs", () => /JobId 1: shell command/.test(world.messages()));
    const third = await world.run("job=Fallback");
    assert.equal(third.fields.get("Storage"), '"Disks" (From Job resource)', third.text);
    assert.match(world.messages(), /Could not connect to Storage "Gone"[\s\S]*Storage "Disks" is used in the place of "Gone"/);
    writeFileSync(world.path("go"), "");
    const used = (await world.reports(both)).map((report) => report.fields.get("Storage"));
    assert.deepEqual(used, ['"Near" (From Job resource)', '"Disks" (From Job resource)']);
    assert.equal((await world.run("job=Fallback storage=Near")).fields.get("Storage"), '"Near" (From User input)');
    assert.equal((await world.run("job=Crowded")).fields.get("Storage"), '"Disks" (From Job resource)');
    assert.match(world.messages(), /Storage "Tight" has no room: device "Tight" has .* free, Minimum Free Space is 100/);
    await world.console("disable storage=Near");
    assert.equal((await world.run("job=Group")).fields.get("Storage"), '"Disks" (From Job resource)');
  },
);
