import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { assertSameTree } from "#regress/compare.ts";
import { mustRun } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { plainTree, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const NAMES = ["A", "B", "C", "D", "E"];

function jobsOf(dir: string, names: readonly string[]): string {
  const one = (name: string): string => `FileSet {
  Name = Tree${name}
  Include {
    Options {
      Signature = MD5
    }
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
  Write Bootstrap = "${dir}/${name}.bsr"
}`;
  return names.map(one).join("\n");
}

scenario(
  "five jobs at once over six Volumes: each is restored identically, and Debian's bls and bextract read each",
  {
    site: (dir) => ({ pool: "Maximum Volume Bytes = 8M", resources: jobsOf(dir, NAMES) }),
    programs: ["/usr/sbin/bls", "/usr/sbin/bextract"],
  },
  async (world) => {
    for (const name of NAMES) {
      plainTree(world.path("tree", name), { seed: name, files: 10 });
      randomFile(world.path("tree", name, "big"), 10);
    }
    await world.start();
    const ids = await queueAll(world, NAMES);
    for (const id of ids) assert.equal((await world.report(id)).termination, "Backup OK");
    assert.ok(world.volumes().length >= 6, `six Volumes: ${world.volumes().join(" ")}`);
    assert.match(await world.console("list jobmedia"), /^\| +\d+ \| Vol-0004/m);
    const config = ["-c", world.path("bacula-sd.conf"), "-V", world.volumes().join("|")];
    const sessions = (await mustRun("/usr/sbin/bls", ["-j", ...config, "Disk"])).output;
    assert.equal(sessions.match(/Errors=0 Status=T/g)?.length, NAMES.length, `bls sees five jobs end well:\n${sessions}`);
    for (const [at, name] of NAMES.entries()) {
      assert.match(sessions, new RegExp(`Job=Save${name}\\.`), `bls sees Save${name}`);
      const tree = world.path("tree", name);
      const into = world.path(`extracted-${name}`);
      mkdirSync(into);
      // Without a bootstrap bextract writes the interleaved records of several jobs into one file.
      await mustRun("/usr/sbin/bextract", ["-c", world.path("bacula-sd.conf"), "-b", world.path(`${name}.bsr`), "Disk", into]);
      await assertSameTree(tree, into + tree, { wholeSeconds: true });
      await assertSameTree(tree, (await world.restore(`jobid=${ids[at]} all done`)) + tree);
    }
  },
);

const MANY = Array.from({ length: 20 }, (_unused, at) => String(at + 1));
const MORE_DEVICES = ["Disk2", "Disk3", "Disk4"];

function sharedCounter(dir: string): { readonly resources: string; readonly device: string; readonly storage: string } {
  const pool = (name: string): string => `Pool {
  Name = ${name}
  Pool Type = Backup
  Label Format = "${name}-\${Tapes+:p/3/0/r}"
  Maximum Volume Jobs = 1
}
`;
  const device = (name: string): string => `}
Device {
  Name = ${name}
  Media Type = File
  Device Type = File
  Archive Device = "${dir}/volumes"
  Label Media = yes
  Random Access = yes
  Automatic Mount = yes
  Removable Media = no
  Always Open = no
`;
  const counter = "Counter {\n  Name = Tapes\n  Minimum = 1\n  Catalog = MyCatalog\n}\n";
  return {
    // The site's own Device is left open: the last brace closes the last one here.
    device: MORE_DEVICES.map(device).join(""),
    storage: `Device = ${MORE_DEVICES.join(", ")}`,
    resources: [counter, pool("Left"), pool("Right"), jobsOf(dir, MANY)].join(""),
  };
}

scenario(
  "twenty jobs at once in two Pools with one Counter: no number comes twice, over a restart of the Director too",
  { site: (dir) => sharedCounter(dir) },
  async (world) => {
    for (const name of MANY) plainTree(world.path("tree", name), { seed: name, files: 1 });
    await world.start();
    await queueAll(world, MANY, (at) => `pool=${at % 2 === 0 ? "Left" : "Right"}`);
    await world.until("some jobs have their Volumes", () => world.volumes().length >= 8);
    await world.kill("dir");
    await world.startOne("dir");
    await world.console("wait");
    const numbers = world.volumes().map((name) => name.replace(/^\w+-/, ""));
    assert.equal(new Set(numbers).size, numbers.length, `no number twice: ${world.volumes().join(" ")}`);
    const jobs = await world.console("list jobs");
    const done = jobs.match(/\| T +\|/g)?.length ?? 0;
    // A job whose start was under way when the Director was killed is given up, as docs/job-states.md says: ten run at once.
    const failed = jobs.match(/\| [fEA] +\|/g)?.length ?? 0;
    assert.ok(done >= 10 && done + failed === MANY.length, `all jobs have ended, most of them well:\n${jobs}`);
    assert.ok(numbers.length >= done, `each job has its own Volume: ${world.volumes().join(" ")}`);
  },
);

/** Queues jobs from one console, so that they run at once; gives their JobIds. */
async function queueAll(
  world: World,
  names: readonly string[],
  more: (at: number) => string = () => "",
): Promise<readonly number[]> {
  const output = await world.console(...names.map((name, at) => `run job=Save${name} ${more(at)} yes`));
  const ids = [...output.matchAll(/JobId=(\d+)/g)].map((match) => Number(match[1]));
  assert.equal(ids.length, names.length, output);
  return ids;
}
