import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { assertSameTree } from "#regress/compare.ts";
import { mustRun } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const MIB = 1 << 20;

/** Files of collected data, with their sizes. */
function spooled(world: World): readonly number[] {
  return readdirSync(world.path("spool"))
    .filter((name) => name.endsWith(".spool"))
    .map((name) => statSync(world.path("spool", name), { throwIfNoEntry: false })?.size ?? 0);
}

function spoolingSite(dir: string, device: string, jobs: readonly string[] = []) {
  mkdirSync(`${dir}/spool`);
  const resources = jobs.map(
    (name) => `FileSet { Name = Tree${name}; Include { Options { Signature = MD5 }; File = "${dir}/tree/${name}" } }
Job { Name = Save${name}; Type = Backup; Level = Full; Client = client-fd; FileSet = Tree${name}; Storage = Disks; Pool = Files; Messages = Standard; Spool Data = yes }`,
  );
  return { job: "Spool Data = yes", device: `Spool Directory = "${dir}/spool"\n${device}`, resources: resources.join("\n") };
}

scenario(
  "three jobs spool at the same time, write their runs one after the other, and restore identically; Debian's bls reads the Volume",
  {
    site: (dir) => spoolingSite(dir, "Maximum Spool Size = 12M; Maximum Job Spool Size = 3M", ["A", "B", "C"]),
    programs: ["/usr/sbin/bls"],
  },
  async (world) => {
    // Three jobs at their own limit stay below the device's, so that it is always their own that is reached.
    for (const name of ["A", "B", "C"]) {
      plainTree(world.path("tree", name), { seed: name });
      bigFile(world.path("tree", name, "big"), 15);
    }
    await world.start();
    const ids = await world.queueAll(...["A", "B", "C"].map((name) => `run job=Save${name} yes`));
    let most = 0;
    const watching = setInterval(
      () =>
        (most = Math.max(
          most,
          spooled(world).reduce((sum, bytes) => sum + bytes, 0),
        )),
      5,
    );
    for (const { termination } of await world.reports(ids)) assert.equal(termination, "Backup OK");
    clearInterval(watching);
    assert.ok(most > 0 && most <= 12 * MIB, `at most ${most} bytes were spooled`);
    assert.deepEqual(spooled(world), []);
    const messages = world.messages();
    for (const text of [
      "Spooling data ...",
      "User specified Job spool size reached: JobSpoolSize=",
      "Writing spooled data to Volume. Despooling ",
      "Spooling data again ...",
      'Committing spooled data to Volume "Vol-0001". Despooling ',
      "Despooling elapsed time = 00:00:",
      "Sending spooled attrs to the Director. Despooling ",
      "Volume write rate: ",
    ])
      assert.ok(messages.includes(text), `not said: ${text}`);
    assert.match(
      await world.console("status storage=Disks"),
      /Data spooling: 0 active jobs, 0 bytes; 3 total jobs, [\d,]+ max bytes\/job\./,
    );
    for (const [i, name] of ["A", "B", "C"].entries()) {
      const where = await world.restore(`jobid=${ids[i]} all done`);
      await assertSameTree(world.path("tree", name), where + world.path("tree", name));
    }
    const blocks = await mustRun("/usr/sbin/bls", ["-k", "-c", world.path("bacula-sd.conf"), "-V", "Vol-0001", "Disk"]);
    assert.doesNotMatch(blocks.output, /error/i);
  },
);

scenario(
  "a storage daemon that is killed while data is spooled leaves a failed job, and after its start no spool files",
  { site: (dir) => ({ ...spoolingSite(dir, ""), job: "Spool Data = yes; Maximum Bandwidth = 20 mb/s" }) },
  async (world) => {
    bigFile(world.path("tree/big"), 60);
    await world.start();
    const jobId = await world.queue("run job=Save level=Full yes");
    await world.until("data is spooled", () => spooled(world).some((bytes) => bytes > 10 * MIB));
    await world.kill("sd");
    assert.ok(spooled(world).length > 0);
    await world.start("sd");
    assert.notEqual((await world.report(jobId)).termination, "Backup OK");
    assert.deepEqual(spooled(world), []);
    const where = await world.restore(`jobid=${(await world.backup("Full")).jobId} all done`);
    await assertSameTree(world.path("tree"), where + world.path("tree"));
  },
);

scenario(
  "a spool disk that is full means earlier runs, and a warning; nothing is lost",
  { root: true, site: (dir) => spoolingSite(dir, "") },
  async (world) => {
    bigFile(world.path("tree/big"), 40);
    await mustRun("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", world.path("spool")]);
    try {
      await world.start();
      const report = await world.run("job=Save level=Full");
      assert.match(report.termination, /^Backup OK/, report.text + world.messages());
      assert.match(
        world.messages(),
        /The spool disk takes no more data: .*No space left|The spool disk takes no more data: .*ENOSPC/,
      );
      const where = await world.restore();
      await assertSameTree(world.path("tree"), where + world.path("tree"));
    } finally {
      await world.stop();
      await mustRun("umount", [world.path("spool")]);
    }
  },
);
