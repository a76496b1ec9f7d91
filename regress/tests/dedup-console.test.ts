import assert from "node:assert/strict";
import { join } from "node:path";
import { containersOf, dedup, dedupSite } from "#regress/dedup.ts";
import { BIN } from "#regress/programs.ts";
import { runCommand } from "#regress/process.ts";
import { numberIn } from "#regress/report.ts";
import { scenario } from "#regress/scenario.ts";
import { plainTree, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const MIB = 1 << 20;
const site = (dir: string) => dedupSite(dir);

async function startWithStore(world: World): Promise<void> {
  await world.start();
  assert.match(await dedup(world, "init"), /3000 OK dedup init/);
}

const stored = (world: World): number => containersOf(world.path("volumes")).bytes;

scenario(
  "what is given up while the storage daemon is away is freed when it is back, though the Director was restarted meanwhile",
  { site },
  async (world) => {
    randomFile(`${world.path("tree")}/big`, 12);
    await startWithStore(world);
    await world.backup("Full");
    assert.ok(stored(world) > MIB);
    await world.stop("sd");
    assert.match(await world.console("delete jobid=1 yes"), /JobId=1 and associated records deleted/);
    await world.kill("dir");
    await world.start("dir");
    await world.start("sd");
    await world.until("the space is free again", () => stored(world) < MIB / 8);
    assert.match(await dedup(world, "verify"), /3000 OK dedup verify/);
  },
);

scenario("a purged Volume gives its chunks back, and truncate the rest of it", { site }, async (world) => {
  randomFile(`${world.path("tree")}/big`, 12);
  await startWithStore(world);
  await world.backup("Full");
  assert.ok(stored(world) > MIB);
  assert.match(await world.console("truncate volume=Vol-0001"), /only a purged Volume is truncated/);
  assert.match(
    await world.console("purge volume=Vol-0001"),
    /no more Jobs associated with Volume "Vol-0001"\. Marking it purged/,
  );
  await world.until("the space is free again", () => stored(world) < MIB / 8);
  assert.match(await world.console("truncate volume=Vol-0001"), /The volume "Vol-0001" has been truncated/);
  assert.match(await world.console("list volumes"), /Vol-0001 +\| Purged .*\| +15 \|/);
  await world.backup("Full");
  assert.match(await world.console("list volumes"), /Vol-0001 +\| Append /);
});

scenario("the numbers of the report are those of the store", { site }, async (world) => {
  plainTree(world.path("tree"), { files: 50 });
  for (const name of ["one", "two"]) randomFile(`${world.path("tree")}/${name}`, 5);
  await startWithStore(world);
  const report = await world.backup("Full");
  const status = await dedup(world, "status");
  const chunks = /^ +(\d[\d,]*) chunks in/m.exec(status)?.[1];
  assert.equal(numberIn(report, "New Chunks"), Number(chunks?.replaceAll(",", "")), `${report.text}\n${status}`);
  const jobBytes = numberIn(report, "FD Bytes Written");
  assert.match(report.text, new RegExp(`Deduplication: .*, ${jobBytes.toLocaleString("en-US")} \\(`));
  assert.match(await world.console("list jobs"), new RegExp(`\\| ${jobBytes.toLocaleString("en-US")} +\\| T`));
});

scenario("dedup and replicate end in words and in a state for scripts", { site }, async (world) => {
  await startWithStore(world);
  const bconsole = async (...lines: string[]) =>
    await runCommand(join(BIN, "bconsole"), ["-c", world.path("bconsole.conf"), ...lines.flatMap((line) => ["-x", line])]);
  const good = await bconsole(".api 2", "dedup status storage=Disks");
  assert.match(good.output, /\{"table":"dedup","rows":\[\{"line":"Store .*\}\]\}/);
  const well = await bconsole("dedup vacuum storage=Disks");
  assert.deepEqual([well.status, /3000 OK dedup vacuum/.test(well.output)], [0, true], well.output);
  for (const line of [
    "dedup init storage=Disks",
    "dedup status storage=Nope",
    "replicate storage=Disks to=Disks",
    "dedup scrub storage=Disks heal=Disks",
  ]) {
    const ended = await bconsole(line);
    assert.notEqual(ended.status, 0, ended.output);
    assert.doesNotMatch(ended.output, /internal error|TypeError/);
  }
  assert.match((await bconsole("help dedup")).output, /heal=<storage with a replica>/);
});
