import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { BIN } from "#regress/programs.ts";
import { runCommand } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { everythingTree, plainTree } from "#regress/trees.ts";

scenario(
  "quickstart saves a tree of everything, restores it, finds it identical, and leaves nothing behind",
  { root: true },
  async (world) => {
    everythingTree(world.path("tree"));
    const ended = await runCommand(join(BIN, "nocturne"), ["quickstart", world.path("tree"), "--dir", world.path("quick")]);
    assert.equal(ended.status, 0, ended.output);
    assert.match(ended.output, /Termination:\s+Backup OK/);
    assert.match(ended.output, /Rate:\s+[\d.]+ KB\/s/);
    assert.match(ended.output, /Termination:\s+Restore OK/);
    assert.match(ended.output, /The restored tree is identical/);
    assert.deepEqual(await world.namesUnder(world.path("quick")).catch(() => []), []);
  },
);

scenario(
  "quickstart --dedup saves into the store, restores from it, and a second Full stores nothing new",
  {},
  async (world) => {
    plainTree(world.path("tree"), { files: 20 });
    const ended = await runCommand(join(BIN, "nocturne"), [
      "quickstart",
      world.path("tree"),
      "--dedup",
      "--dir",
      world.path("quick"),
    ]);
    assert.equal(ended.status, 0, ended.output);
    assert.match(ended.output, /The restored tree is identical/);
    assert.match(ended.output, /Deduplication: +all known, .*\n {2}New Chunks: +0, /);
    assert.match(ended.output, /3000 OK dedup status\./);
  },
);

scenario("quickstart --keep leaves a site running that the printed bconsole command reaches", {}, async (world) => {
  plainTree(world.path("tree"));
  const ended = await runCommand(join(BIN, "nocturne"), [
    "quickstart",
    world.path("tree"),
    "--keep",
    "--dir",
    world.path("quick"),
  ]);
  try {
    assert.equal(ended.status, 0, ended.output);
    const [, program = "", config = ""] = /^\s+(\S*bconsole) -c (\S+)$/m.exec(ended.output) ?? [];
    const answer = await runCommand(program, ["-c", config], { input: "list jobs\n" });
    assert.match(answer.output, /Backup-quickstart/);
  } finally {
    await runCommand(join(BIN, "nocturne"), ["stop", "-c", world.path("quick/etc")]);
  }
});

scenario("quickstart of what does not exist is one line", {}, async (world) => {
  mkdirSync(world.path("quick"));
  const ended = await runCommand(join(BIN, "nocturne"), ["quickstart", world.path("nowhere")]);
  assert.equal(ended.status, 1);
  assert.match(ended.output, /^nocturne: there is no .*nowhere to back up/m);
});
