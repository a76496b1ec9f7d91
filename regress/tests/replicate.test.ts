import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { btrfsImage } from "#regress/btrfs-image.ts";
import { assertSameTree } from "#regress/compare.ts";
import { dedupSite, makeStore } from "#regress/dedup.ts";
import { freePorts } from "#lib/testing/ports.ts";
import { Daemon } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { PASSWORDS } from "#regress/site.ts";
import { plainTree, randomFile } from "#regress/trees.ts";
import type { SiteOptions } from "#regress/site.ts";
import type { World } from "#regress/world.ts";

const lacks = whyNoLoop("btrfs");

/** A site with a second storage daemon: its device Far takes replicas, its device Replica reads one. */
async function twoStorages(dir: string): Promise<SiteOptions> {
  const [port = 0] = await freePorts(1);
  writeFileSync(`${dir}/far-port`, String(port));
  const storage = (name: string) => `Storage {
  Name = ${name}; Address = 127.0.0.1; SD Port = ${port}; Password = "${PASSWORDS.storage}"; Device = ${name}; Media Type = File
}`;
  return dedupSite(dir, { deviceType: "Btrfs", resources: ["Far", "Replica"].map(storage).join("\n") });
}

/** The second storage daemon. */
class FarStorage implements AsyncDisposable {
  readonly #world: World;
  #daemon: Daemon | undefined;

  constructor(world: World) {
    this.#world = world;
    for (const name of ["far", "work/far"]) mkdirSync(world.path(name), { recursive: true });
    const config = readFileSync(world.path("bacula-sd.conf"), "utf8")
      .replaceAll("work/sd", "work/far")
      .replace("Name = site-sd", "Name = far-sd")
      .replace("Name = Disk", "Name = Far")
      .replace(/SD Port = \d+/, `SD Port = ${this.#port}`)
      .replace(world.path("volumes"), world.path("far"));
    writeFileSync(world.path("far-sd.conf"), config, { mode: 0o600 });
  }

  get #port(): number {
    return Number(readFileSync(this.#world.path("far-port"), "utf8"));
  }

  /** Where replicas lie, by store. */
  get replicas(): string[] {
    const folder = this.#world.path("far", "@replicas");
    return existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : [];
  }

  /** Declares what was replicated as a device of its own, read-only. */
  declareReplica(): void {
    const device = `Device {
  Name = Replica; Media Type = File; Device Type = Btrfs; Archive Device = "${this.replicas[0]}/current"
  Read Only = yes; Random Access = yes; Automatic Mount = yes; Removable Media = no
}
`;
    const path = this.#world.path("far-sd.conf");
    writeFileSync(path, readFileSync(path, "utf8").replace(/^Messages/m, `${device}Messages`));
  }

  async start(): Promise<void> {
    const command = [...this.#world.programs.sd, "-f", "-c", this.#world.path("far-sd.conf")];
    this.#daemon = await Daemon.start("far", command, { logFile: this.#world.path("logs", "far.log"), port: this.#port });
  }

  async kill(): Promise<void> {
    await this.#daemon?.kill();
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

scenario(
  "a store is replicated to a second storage daemon, then what is new, and a restore from the replica alone is identical",
  { site: twoStorages, root: true, lacks },
  async (world) => {
    await using _near = await btrfsImage(world.path("volumes"), { mebibytes: 1024 });
    await using far = new FarStorage(world);
    await using _far = await btrfsImage(world.path("far"), { mebibytes: 1024 });
    const tree = world.path("tree");
    plainTree(tree, { files: 100 });
    randomFile(`${tree}/big`, 60);
    await makeStore(world);
    await world.start();
    await far.start();
    await world.backup("Full");
    const first = await world.console("replicate storage=Disks to=Far");
    assert.match(first, /@chunks\/all: .*whole[^]*was replicated/);
    randomFile(`${tree}/more`, 10);
    await world.backup("Full");
    const second = await world.console("replicate storage=Disks to=Far");
    assert.match(second, /@chunks\/all: 10\.\d+ M bytes, what is new[^]*was replicated/);
    await far.stop();
    far.declareReplica();
    await far.start();
    await world.stop("sd");
    const where = await world.restore("storage=Replica jobid=2 all done");
    await assertSameTree(tree, where + tree);
    assert.match(await world.console("dedup verify storage=Replica"), /all is well/);
    await far.stop();
  },
);

scenario(
  "kill -9 of sender or receiver within a replication leaves the former replica, and the next replication is whole",
  { site: twoStorages, root: true, lacks },
  async (world) => {
    await using _near = await btrfsImage(world.path("volumes"), { mebibytes: 2048 });
    await using far = new FarStorage(world);
    await using _far = await btrfsImage(world.path("far"), { mebibytes: 2048 });
    const tree = world.path("tree");
    randomFile(`${tree}/big`, 20);
    await makeStore(world);
    await world.start();
    await far.start();
    await world.backup("Full");
    await world.console("replicate storage=Disks to=Far");
    for (const [round, victim] of ["sd", "far"].entries()) {
      randomFile(`${tree}/round-${round}`, 200);
      await world.backup("Full");
      const going = world.console("replicate storage=Disks to=Far");
      const incoming = `${far.replicas[0]}/incoming/@chunks`;
      await world.until("the store arrives", () => existsSync(incoming) && readdirSync(incoming).length > 0);
      if (victim === "sd") await world.kill("sd");
      else await far.kill();
      assert.doesNotMatch(await going, /was replicated/);
      if (victim === "sd") await world.start("sd");
      else await far.start();
      const again = await world.console("replicate storage=Disks to=Far");
      assert.match(again, /what is new[^]*was replicated/, `${victim} was killed`);
      assert.equal(readdirSync(far.replicas[0]!).length, 2, "one generation and the link to it");
    }
    for (const [name, bytes] of containersAt(world.path("volumes")))
      assert.ok(containersAt(`${far.replicas[0]}/current`).get(name)?.equals(bytes), name);
    await far.stop();
  },
);

/** Containers of the domain by name. */
function containersAt(archiveDevice: string): ReadonlyMap<string, Buffer> {
  const root = `${archiveDevice}/@chunks/all/containers`;
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ncc"));
  return new Map(names.map((name) => [name, readFileSync(`${root}/${name}`)]));
}

scenario(
  "dedup scrub mends what was damaged from the replica, declared as a device or not",
  { site: twoStorages, root: true, lacks },
  async (world) => {
    await using _near = await btrfsImage(world.path("volumes"), { mebibytes: 1024 });
    await using far = new FarStorage(world);
    await using _far = await btrfsImage(world.path("far"), { mebibytes: 1024 });
    const tree = world.path("tree");
    plainTree(tree, { files: 100 });
    randomFile(`${tree}/big`, 40);
    await makeStore(world);
    await world.start();
    await far.start();
    await world.backup("Full");
    await world.console("replicate storage=Disks to=Far");
    for (const from of ["Far", "Replica"]) {
      if (from === "Replica") {
        await far.stop();
        far.declareReplica();
        await far.start();
      }
      const victim = [...containersAt(world.path("volumes")).keys()].toSorted()[0]!;
      const path = `${world.path("volumes")}/@chunks/all/containers/${victim}`;
      const bytes = readFileSync(path);
      for (let at = 5000; at < bytes.byteLength; at += 100_000) bytes[at]! ^= 1;
      writeFileSync(path, bytes);
      const output = await world.console(`dedup scrub storage=Disks heal=${from}`);
      const [, mended = "", wanted = ""] = /(\d+) of (\d+) damaged or missing chunks were mended/.exec(output) ?? [];
      assert.ok(Number(wanted) > 10 && mended === wanted, output);
      const where = await world.restore("jobid=1 all done");
      await assertSameTree(tree, where + tree);
    }
    assert.match(await world.console("dedup scrub storage=Disks"), /all is well/);
    await far.stop();
  },
);
