import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { scenario } from "#regress/scenario.ts";
import { changeTree, plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

/** Names of the files (not directories) that a restore line brought back, under the tree. */
async function restoredFiles(world: World, line: string, ...answers: readonly string[]): Promise<string[]> {
  const where = world.path(`restored-${Date.now()}`);
  const report = await world.report(await world.queue(`restore where=${where} ${line} yes`, ...answers));
  assert.equal(report.termination, "Restore OK", report.text + world.messages().slice(-2000));
  return (await world.namesUnder(where + world.path("tree"))).filter((name) => /\.(txt|bin)$/.test(name));
}

scenario("single files and directories come back by name, by a list of names, and by directory", {}, async (world) => {
  const tree = world.path("tree");
  plainTree(tree);
  await world.start();
  await world.backup("Full");
  assert.deepEqual(await restoredFiles(world, `client=client-fd file=${tree}/folder-1/file-1.txt done`), [
    "folder-1/file-1.txt",
  ]);
  writeFileSync(world.path("list"), `${tree}/folder-2/file-2.txt\n${tree}/folder-3/file-3.txt\n`);
  assert.deepEqual(await restoredFiles(world, `client=client-fd file=<${world.path("list")} done`), [
    "folder-2/file-2.txt",
    "folder-3/file-3.txt",
  ]);
  const folder = await restoredFiles(world, `client=client-fd directory=${tree}/folder-4 done`);
  assert.equal(folder.length, 8);
  assert.ok(folder.every((name) => name.startsWith("folder-4/")));
});

scenario("a restore as of a moment brings back what was there then", {}, async (world) => {
  const tree = world.path("tree");
  plainTree(tree);
  await world.start();
  await world.backup("Full");
  await sleep(2000);
  const moment = localTime(new Date());
  await sleep(2000);
  changeTree(tree, 1);
  await world.backup("Incremental");
  const where = world.path("then");
  const line = `restore where=${where} client=client-fd before="${moment}" select all done yes`;
  assert.equal((await world.runLine(line)).termination, "Restore OK");
  assert.equal(readFileSync(`${where}${tree}/folder-1/file-1.txt`, "utf8"), "plain line 1\n".repeat(2));
});

scenario("the menu of ways to choose is numbered, and a number takes one", {}, async (world) => {
  plainTree(world.path("tree"));
  await world.start();
  await world.backup("Full");
  const menu = await world.console("restore", ".");
  for (const number of ["1", "3", "5", "12", "13"]) assert.match(menu, new RegExp(`^ *${number}: `, "m"), menu);
  const jobs = await world.console(`restore where=${world.path("restored")}`, "5", "done", "no");
  assert.match(jobs, /folder|cwd is|\$/);
});

scenario("wildcards mark and unmark in the tree; find, count and estimate tell", {}, async (world) => {
  const tree = world.path("tree");
  plainTree(tree);
  await world.start();
  await world.backup("Full");
  const where = world.path("restored");
  const output = await world.console(
    `restore where=${where} client=client-fd select`,
    `cd ${tree}/folder-0`,
    "pwd",
    "mark *",
    "unmark file-1*",
    "ls",
    "find *-5.txt",
    "count",
    "estimate",
    "done",
    "yes",
    "wait",
  );
  assert.match(output, /folder-0/);
  const names = (await world.namesUnder(`${where}${tree}`)).filter((name) => name.endsWith(".txt"));
  assert.ok(
    names.length > 0 && names.every((name) => name.startsWith("folder-0/") && !name.includes("file-1")),
    names.join(" "),
  );
});

/** Local time as Bacula writes it. */
function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
