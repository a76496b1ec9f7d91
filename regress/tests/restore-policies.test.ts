import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertSameTree } from "#regress/compare.ts";
import { mustRun } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { plainTree } from "#regress/trees.ts";

const OLD = 1_000_000_000;
const SAVED = 1_500_000_000;
const NEW = 1_700_000_000;

for (const [policy, older, newer] of [
  ["always", "saved", "saved"],
  ["ifnewer", "saved", "there"],
  ["ifolder", "there", "saved"],
  ["never", "there", "there"],
] as const) {
  scenario(
    `replace=${policy}: a file that is older is ${older === "saved" ? "replaced" : "kept"}, a newer one ${newer === "saved" ? "replaced" : "kept"}`,
    {},
    async (world) => {
      for (const name of ["older", "newer", "absent"]) {
        writeFileSync(world.path("tree", name), "saved");
        utimesSync(world.path("tree", name), SAVED, SAVED);
      }
      await world.start();
      await world.backup("Full");
      const where = world.path("restored");
      const there = where + world.path("tree");
      mkdirSync(there, { recursive: true });
      for (const [name, time] of [
        ["older", OLD],
        ["newer", NEW],
      ] as const) {
        writeFileSync(join(there, name), "there");
        utimesSync(join(there, name), time, time);
      }
      await world.runLine(`restore where=${where} replace=${policy} select all done yes`);
      assert.equal(readFileSync(join(there, "older"), "utf8"), older);
      assert.equal(readFileSync(join(there, "newer"), "utf8"), newer);
      assert.equal(readFileSync(join(there, "absent"), "utf8"), "saved");
    },
  );
}

scenario("a link planted in the way of a restore is not followed", { root: true }, async (world) => {
  mkdirSync(world.path("tree/inner"), { recursive: true });
  writeFileSync(world.path("tree/inner/file"), "from the backup");
  await world.start();
  await world.backup("Full");
  const where = world.path("restored");
  mkdirSync(where + world.path("tree"), { recursive: true });
  mkdirSync(world.path("victim"));
  symlinkSync(world.path("victim"), where + world.path("tree/inner"));
  await world.runLine(`restore where=${where} replace=always select all done yes`);
  assert.equal(existsSync(world.path("victim/file")), false, "nothing was written through the link");
});

scenario("a link planted in place of a file is replaced, not written through", { root: true }, async (world) => {
  writeFileSync(world.path("tree/file"), "from the backup");
  await world.start();
  await world.backup("Full");
  const where = world.path("restored");
  mkdirSync(where + world.path("tree"), { recursive: true });
  writeFileSync(world.path("victim"), "untouched");
  symlinkSync(world.path("victim"), where + world.path("tree/file"));
  await world.runLine(`restore where=${where} replace=always select all done yes`);
  assert.equal(readFileSync(world.path("victim"), "utf8"), "untouched");
  assert.throws(() => readlinkSync(where + world.path("tree/file")), "the link is gone");
});

scenario("a restore to the original place puts everything back", {}, async (world) => {
  plainTree(world.path("tree"));
  await world.start();
  await world.backup("Full");
  await mustRun("cp", ["-a", world.path("tree"), world.path("copy")]);
  await mustRun("rm", ["-rf", world.path("tree")]);
  await world.restore("select all done", "/");
  await assertSameTree(world.path("copy"), world.path("tree"));
});

scenario("only what was marked in the tree comes back", {}, async (world) => {
  plainTree(world.path("tree"));
  await world.start();
  await world.backup("Full");
  const where = world.path("restored");
  const output = await world.console(
    `restore where=${where} select`,
    `cd ${world.path("tree")}`,
    "mark folder-1",
    "cd folder-2",
    "mark file-2.txt",
    "lsmark",
    "estimate",
    "done",
    "yes",
    "wait",
  );
  assert.match(output, /file-2\.txt/);
  assert.deepEqual(await world.namesUnder(where + world.path("tree")), [
    ...(await world.namesUnder(world.path("tree"))).filter(
      (name) => name.startsWith("folder-1") || name === "folder-2" || name === "folder-2/file-2.txt",
    ),
  ]);
});

scenario(
  "a file whose data is damaged on the Volume makes the restore an Error, and the others come back",
  {},
  async (world) => {
    plainTree(world.path("tree"), { files: 200 });
    await world.start();
    await world.backup("Full");
    const [volume = ""] = world.volumes();
    const bytes = readFileSync(world.path("volumes", volume));
    bytes.fill(0x55, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 64);
    writeFileSync(world.path("volumes", volume), bytes);
    const report = await world.runLine(`restore where=${world.path("restored")} select all done yes`);
    assert.notEqual(report.termination, "Restore OK", report.text);
    const names = await world.namesUnder(world.path("restored") + world.path("tree"));
    assert.ok(names.length > 50, `much came back: ${names.length}`);
  },
);
