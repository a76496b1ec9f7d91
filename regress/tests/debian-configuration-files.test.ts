import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertSameTree } from "#regress/compare.ts";
import { scenario } from "#regress/scenario.ts";
import type { World } from "#regress/world.ts";

const INSTALLED = "/etc/bacula";
const FILES = ["bacula-dir.conf", "bacula-fd.conf", "bacula-sd.conf", "bconsole.conf"];

/** Directories of the package, and what stands for them here: nothing else but ports is changed in the files. */
function places(world: World): ReadonlyMap<RegExp, string> {
  return new Map([
    [/\/nonexistant\/path\/to\/file\/archive\/dir\/bacula-restores/g, world.path("restored")],
    [/\/nonexistant\/path\/to\/file\/archive\/dir/g, world.path("volumes")],
    [/\/var\/lib\/bacula/g, world.path("work")],
    [/\/run\/bacula/g, world.path("work")],
    [/\/var\/log\/bacula\/bacula\.log/g, world.path("messages.log")],
    [/\/etc\/bacula\/scripts/g, join(INSTALLED, "scripts")],
    [/^(\s*dirport\s*=\s*)9101/gim, `$1${world.ports.director}`],
    [/^(\s*fdport\s*=\s*)9102/gim, `$1${world.ports.fileDaemon}`],
    [/^(\s*sdport\s*=\s*)9103/gim, `$1${world.ports.storage}`],
  ]);
}

scenario(
  "the configuration files of Debian's Bacula packages start our daemons and run their default job",
  { root: true, programs: FILES.map((file) => join(INSTALLED, file)) },
  async (world) => {
    for (const file of FILES) {
      let text = readFileSync(join(INSTALLED, file), "utf8");
      for (const [from, to] of places(world)) text = text.replaceAll(from, to);
      writeFileSync(world.path(file), text);
    }
    mkdirSync(world.path("work"), { recursive: true });
    await world.start();
    const output = await world.console("run job=BackupClient1 yes", "wait", "messages");
    const jobId = /JobId=(\d+)/.exec(output)?.[1];
    assert.ok(jobId !== undefined, output);
    const report = await world.report(Number(jobId));
    assert.equal(report.termination, "Backup OK", report.text + world.messages().slice(-2000));
    await world.console("restore client=$CLIENT select all done yes".replace("$CLIENT", clientName(world)), "wait");
    await assertSameTree("/usr/sbin", world.path("restored/usr/sbin"), { wholeSeconds: true, ignoreAttributes: true });
  },
);

function clientName(world: World): string {
  return /Client \{\s*Name = (\S+)/.exec(readFileSync(world.path("bacula-dir.conf"), "utf8"))?.[1] ?? "";
}
