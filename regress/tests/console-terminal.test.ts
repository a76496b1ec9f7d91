import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { scenario } from "#regress/scenario.ts";
import { SCRIPT, Terminal } from "#regress/terminal.ts";
import { plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const needs = { programs: [SCRIPT] };

/** A console at a terminal, with a home directory of its own. */
function open(world: World, term: string): Terminal {
  mkdirSync(world.path("home"), { recursive: true });
  return Terminal.start([world.programs.console, "-c", world.path("bconsole.conf")], { HOME: world.path("home"), TERM: term });
}

scenario(
  "Ctrl-C stops a line, a question, a wait and a long listing, and the console and its jobs live on",
  needs,
  async (world) => {
    plainTree(world.path("tree"), { files: 3 });
    await world.start();
    await using terminal = open(world, "xterm");
    await terminal.expect("*");
    terminal.type("this is not what I mean\x03");
    await terminal.expect("*");
    terminal.type("version\r");
    await terminal.expect("site-dir Version:");
    await terminal.expect("*");
    terminal.type("run\r");
    await terminal.expect("Select Job resource");
    terminal.type("\x03");
    await terminal.expect("Interrupted.");
    await terminal.expect("*");
    terminal.type('run job=Save level=Full when="2030-01-01 00:00:00" yes\r');
    await terminal.expect("Job queued. JobId=1");
    await terminal.expect("*");
    terminal.type("wait\r");
    await terminal.expect("wait\r");
    terminal.type("\x03");
    await terminal.expect("Interrupted.");
    await terminal.expect("*");
    terminal.type("sqlquery\r");
    await terminal.expect("Enter SQL query: ");
    terminal.type("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 20000000) SELECT x FROM n;\r");
    await terminal.expect(/\| +30 \|/);
    terminal.type("\x03");
    await terminal.expect("Interrupted.");
    await terminal.expect("*");
    terminal.type("status dir\r");
    await terminal.expect("is waiting for its start time");
    await terminal.expect("*");
    terminal.type("cancel jobid=1\r");
    await terminal.expect("marked to be canceled");
    await terminal.expect("*");
    terminal.type("quit\r");
    assert.equal(await terminal.ended(), 0);
  },
);

scenario(
  "typed lines are kept for the next session, readable by their owner alone, and come back with the up key",
  needs,
  async (world) => {
    await world.start();
    {
      await using terminal = open(world, "xterm");
      await terminal.expect("*");
      terminal.type("time\r");
      await terminal.expect("*");
      terminal.type("quit\r");
      assert.equal(await terminal.ended(), 0);
    }
    const history = world.path("home", ".bconsole_history");
    assert.equal(readFileSync(history, "utf8"), "time\nquit\n");
    assert.equal(statSync(history).mode & 0o777, 0o600);
    await using terminal = open(world, "xterm");
    await terminal.expect("*");
    terminal.type("\x1b[A\x1b[A\r");
    await terminal.expect(/\d\d-[A-Z][a-z][a-z]-\d{4} \d\d:\d\d:\d\d/);
  },
);

scenario("the tab key completes commands, keywords and names", needs, async (world) => {
  await world.start();
  await using terminal = open(world, "xterm");
  await terminal.expect("*");
  terminal.type("estim\t");
  await terminal.expect("estimate");
  terminal.type(" job=Sa\t");
  await terminal.expect("job=Save");
  terminal.type("\x03");
  await terminal.expect("*");
});

scenario("a dumb terminal works too, and commands of ~/.bconsolerc run at the start", needs, async (world) => {
  await world.start();
  mkdirSync(world.path("home"), { recursive: true });
  writeFileSync(world.path("home", ".bconsolerc"), "@echo from the rc file\n");
  await using terminal = open(world, "dumb");
  await terminal.expect("from the rc file");
  await terminal.expect("*");
  terminal.type("run\r");
  await terminal.expect("Select Job resource");
  terminal.type("\x03");
  await terminal.expect("Interrupted.");
  await terminal.expect("*");
  terminal.type("quit\r");
  assert.equal(await terminal.ended(), 0);
});
