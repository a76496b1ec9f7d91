import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { LoopFileSystem, whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { assertSameTree } from "#regress/compare.ts";
import { assertStoreClean, containersOf, dedup, dedupSite } from "#regress/dedup.ts";
import { freePorts } from "#lib/testing/ports.ts";
import { Daemon } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { PASSWORDS } from "#regress/site.ts";
import { bigFile, plainTree } from "#regress/trees.ts";

const MIB = 1 << 20;

/** Overwrites some bytes in the midst of a file. */
function damage(path: string): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(500, "damage"), 0, 500, Math.floor(statSync(path).size / 2));
  closeSync(file);
}

scenario(
  "a btrfs storage is replicated to a second storage daemon, again only what is new, is healed from there, and restores from there",
  {
    lacks: whyNoLoop("btrfs"),
    site: async (dir) => {
      const [second = 0] = await freePorts(1);
      writeFileSync(`${dir}/second-port`, String(second));
      return dedupSite(dir, {
        deviceType: "Btrfs",
        resources: `Storage { Name = Offsite; Address = 127.0.0.1; SD Port = ${second}; Password = "${PASSWORDS.storage}"; Device = Disk; Media Type = File }`,
      });
    },
  },
  async (world) => {
    for (const name of ["far", "work/far"]) mkdirSync(world.path(name), { recursive: true });
    await using _near = LoopFileSystem.make({ type: "btrfs", bytes: 400 * MIB, at: world.path("volumes") });
    await using _far = LoopFileSystem.make({ type: "btrfs", bytes: 400 * MIB, at: world.path("far") });
    const port = readFileSync(world.path("second-port"), "utf8");
    const farConfig = readFileSync(world.path("bacula-sd.conf"), "utf8")
      .replaceAll("work/sd", "work/far")
      .replace("Name = site-sd", "Name = far-sd")
      .replace(/SD Port = \d+/, `SD Port = ${port}`)
      .replaceAll(world.path("volumes"), world.path("far"));
    writeFileSync(world.path("far-sd.conf"), farConfig, { mode: 0o600 });
    const tree = world.path("tree");
    plainTree(tree, { files: 30 });
    bigFile(`${tree}/big`, 3);
    await world.start();
    const command = [...world.programs.sd, "-f", "-c", world.path("far-sd.conf")];
    const startFar = async () =>
      await Daemon.start("far", command, { logFile: world.path("logs", "far.log"), port: Number(port) });
    let far = await startFar();
    try {
      assert.match(await dedup(world, "init"), /3000 OK dedup init/);
      await world.backup("Full");
      const whole = await world.console("replicate storage=Disks to=Offsite");
      assert.match(whole, /is in place at .*far-sd/, whole);
      bigFile(`${tree}/later`, 2);
      await world.backup("Incremental");
      const more = await world.console("replicate storage=Disks to=Offsite");
      assert.match(more, /is in place at .*far-sd/, more);
      assert.doesNotMatch(more, /, whole$/m);
      const [container = ""] = containersOf(world.path("volumes")).files;
      damage(container);
      const looked = await dedup(world, "scrub lookonly");
      assert.match(looked, /3900 dedup scrub.*not all is well/, looked);
      const healed = await world.console("dedup scrub storage=Disks heal=Offsite");
      assert.match(healed, /3000 OK dedup scrub.*all is well/, healed);
      await assertStoreClean(world);
      await world.stop("sd");
      await far.stop();
      const [store = ""] = readdirSync(world.path("far/@replicas"));
      const replica = farConfig.replace(
        /^( *Archive Device = ).*$/m,
        `$1"${world.path("far/@replicas", store, "current")}"\n  Read Only = yes`,
      );
      writeFileSync(world.path("far-sd.conf"), replica, { mode: 0o600 });
      world.edit("bacula-dir.conf", /(Name = Disks[^}]*SD ?Port = )\d+/, `$1${port}`);
      await world.console("reload");
      far = await startFar();
      await assertSameTree(tree, (await world.restore()) + tree);
    } finally {
      await far.stop();
    }
  },
);
