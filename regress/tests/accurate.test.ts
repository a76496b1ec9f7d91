import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assertSameTree } from "#regress/compare.ts";
import { scenario } from "#regress/scenario.ts";
import { plainTree } from "#regress/trees.ts";

const SIGNED = (dir: string, accurate = "") => `Include {
    Options { Signature = SHA256 ${accurate} }
    File = "${dir}/tree"
  }`;

scenario(
  "an accurate job knows deleted files and directories, and saves old files that were moved in",
  { site: (dir) => ({ job: "Accurate = yes", fileset: SIGNED(dir) }) },
  async (world) => {
    const tree = world.path("tree");
    plainTree(tree);
    mkdirSync(world.path("elsewhere", "old"), { recursive: true });
    writeFileSync(world.path("elsewhere", "old", "file"), "from another time");
    utimesSync(world.path("elsewhere", "old", "file"), 1_000_000_000, 1_000_000_000);
    await world.start();
    await world.backup("Full");
    await sleep(1100); // a chain of jobs is ordered by the seconds in which they began
    rmSync(`${tree}/folder-1`, { recursive: true });
    rmSync(`${tree}/folder-2/file-2.txt`);
    renameSync(world.path("elsewhere", "old"), `${tree}/old`);
    renameSync(`${tree}/folder-3`, `${tree}/folder-three`);
    assert.match(
      await world.console("estimate job=Save level=Incremental accurate=yes listing"),
      /tree\/folder-three\/file-3\.txt/,
    );
    const report = await world.backup("Incremental");
    assert.match(report.text, /Accurate:\s+yes/);
    const where = await world.restore();
    await assertSameTree(tree, where + tree);

    // What is gone stays gone, and a Differential is complete by itself with the Full.
    rmSync(`${tree}/old`, { recursive: true });
    await sleep(1100);
    await world.backup("Differential");
    await assertSameTree(tree, (await world.restore()) + tree);
    // A whole job comes back, though it holds records of files that are gone.
    await world.restore("jobid=2 all done");
    await sleep(1100);
    // What comes back under its old name is saved again.
    mkdirSync(`${tree}/folder-1`);
    writeFileSync(`${tree}/folder-1/file-1.txt`, "new");
    await world.backup("Incremental");
    await assertSameTree(tree, (await world.restore()) + tree);
  },
);

scenario(
  "an accurate job that compares digests saves a file whose content alone has changed, and no other",
  { site: (dir) => ({ job: "Accurate = yes", fileset: SIGNED(dir, "; Accurate = s2") }) },
  async (world) => {
    const tree = world.path("tree");
    plainTree(tree, { files: 6 });
    await world.start();
    await world.backup("Full");
    await sleep(1100); // a chain of jobs is ordered by the seconds in which they began
    const changed = `${tree}/folder-0/file-0.txt`;
    const content = readFileSync(changed);
    const { atime, mtime } = statSync(changed);
    content[0]! ^= 1;
    writeFileSync(changed, content);
    utimesSync(changed, atime, mtime);
    chmodSync(`${tree}/folder-1/file-1.txt`, 0o600);
    const report = await world.backup("Incremental");
    assert.match(report.text, /FD Files Written:\s+1$/m);
    assert.match(await world.console("list files jobid=2"), /file-0\.txt/);
  },
);

scenario(
  "a file that stands where a directory was comes back as a file, without what was in the directory",
  {
    site: (dir) => ({
      job: "Accurate = yes",
      fileset: `Include { Options { Signature = MD5 } File = "${dir}/tree"; File = "${dir}/gone" }`,
    }),
  },
  async (world) => {
    plainTree(world.path("tree"));
    plainTree(world.path("gone"));
    await world.start();
    await world.backup("Full");
    await sleep(1100); // a chain of jobs is ordered by the seconds in which they began
    rmSync(world.path("gone"), { recursive: true });
    writeFileSync(world.path("gone"), "a file where a directory was");
    await world.backup("Incremental");
    const where = await world.restore();
    assert.equal(readFileSync(where + world.path("gone"), "utf8"), "a file where a directory was");
  },
);
