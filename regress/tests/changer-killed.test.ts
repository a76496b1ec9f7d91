import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { LIBRARY_SITE, loadedSlot, makeLibrary } from "#regress/changer.ts";
import { assertSameTree } from "#regress/compare.ts";
import { BIN } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

/** NOCTURNE_REGRESS_LONG=1: all moments of a swap. */
const isLong = process.env.NOCTURNE_REGRESS_LONG !== undefined;

/** What the changer is asked, and when the daemon is killed: before the program has moved the medium, after it did, or that long after it ended. */
interface Moment {
  readonly name: string;
  readonly when: string;
  readonly afterMs: number;
}

const MOMENTS: readonly (Moment & { readonly always: boolean })[] = [
  { name: "it is asked what is loaded", when: "loaded before", afterMs: 0, always: false },
  { name: "the old medium is being unloaded", when: "unload before", afterMs: 0, always: false },
  { name: "the old medium has just been unloaded", when: "unload after", afterMs: 0, always: false },
  { name: "the new medium is being loaded", when: "load before", afterMs: 0, always: true },
  { name: "the new medium has just been loaded", when: "load after", afterMs: 0, always: false },
  { name: "the new label is being read", when: "load end", afterMs: 5, always: true },
  { name: "the new Volume is being mounted", when: "load end", afterMs: 40, always: false },
  { name: "the new Volume is being written", when: "load end", afterMs: 150, always: false },
];

const CODES = Array.from({ length: 20 }, (_, at) => `A${String(at + 1).padStart(2, "0")}`);
/** How long the changer's program goes on after its daemon was killed. */
const LINGERS_S = 1;

/** A changer that tells when a moment has come, and then takes its time. */
function slowChanger(world: World): string {
  const script = world.path("slow-changer");
  const at = (when: string) =>
    `if [ "$moment" = "$2 ${when}" ]; then rm -f ${world.path("moment")}; : > ${world.path("reached")}; ${when === "end" ? "" : `sleep ${LINGERS_S}; `}fi\n`;
  const body = `#!/bin/sh\nmoment=$(cat ${world.path("moment")} 2>/dev/null)\n${at("before")}${BIN}/disk-changer "$@"\nstatus=$?\n${at("after")}${at("end")}exit $status\n`;
  writeFileSync(script, body, { mode: 0o755 });
  return script;
}

function waitFor(world: World, when: string): Promise<void> {
  rmSync(world.path("reached"), { force: true });
  writeFileSync(world.path("moment"), when);
  return world.until(`the changer comes to "${when}"`, () => existsSync(world.path("reached")));
}

scenario(
  "kill -9 of the storage daemon within a swap: the job's failure is told, the library is found as it is, and the next job works without a hand",
  { site: { ...LIBRARY_SITE, labelMedia: false, pool: "Maximum Volume Jobs = 1" } },
  async (world, context) => {
    makeLibrary(world, { slots: CODES.length, drives: 1, barcodes: CODES, script: slowChanger(world) });
    const tree = world.path("tree");
    plainTree(tree, { files: 20 });
    bigFile(`${tree}/big`, 20);
    await world.start();
    await world.console("label barcodes storage=Disks drive=0 pool=Files yes");
    await world.backup("Full");
    for (const { name, when, afterMs } of MOMENTS.filter(({ always }) => isLong || always)) {
      const startMs = Date.now();
      if (when.startsWith("loaded")) await world.console("mount storage=Disks drive=0"); // by hand: it is asked anew
      const reached = waitFor(world, when);
      const killed = await world.queue("run job=Save level=Full yes");
      await reached;
      await sleep(afterMs);
      await world.kill("sd");
      await world.start("sd");
      const lost = await world.report(killed);
      assert.match(lost.termination, /Backup Error/, `${name}: ${lost.text}`);
      const saved = await world.backup("Full");
      const status = await world.console("status storage=Disks");
      assert.doesNotMatch(status, /BLOCKED|waiting for|Writing:.*JobId/, `${name}: ${status}`);
      const slot = loadedSlot(world, 0);
      assert.equal(
        /Volume name\(s\): +(\S+)/.exec(saved.text)?.[1],
        CODES[slot - 1],
        `${name}: another medium is in the drive`,
      );
      await assertSameTree(tree, (await world.restore(`jobid=${saved.jobId} all done`)) + tree);
      context.diagnostic(`${name}: ${Date.now() - startMs} ms`);
    }
    assert.doesNotMatch(await world.console("list media"), /\| Error /);
  },
);

scenario(
  "kill -9 of the Director within label barcodes and update slots: said again, they do the rest",
  { site: { ...LIBRARY_SITE, labelMedia: false } },
  async (world) => {
    makeLibrary(world, { slots: 4, drives: 1, barcodes: CODES.slice(0, 4), script: slowChanger(world) });
    plainTree(world.path("tree"), { files: 10 });
    await world.start();
    const command = "label barcodes storage=Disks drive=0 pool=Files yes";
    for (const when of ["load before", "load after", "load end"]) {
      const reached = waitFor(world, when);
      const cut = world.consoleEnded(command);
      await reached;
      await world.kill("dir");
      await cut;
      await world.start("dir");
    }
    await world.until("all media are labeled", async () => {
      await world.console(command);
      return (await world.console("list media pool=Files")).match(/\| A0\d /g)?.length === 4;
    });
    for (const slot of [1, 2, 3, 4]) assert.ok(readFileSync(world.path("library", `slot${slot}`)).includes(`A0${slot}`));

    const reached = waitFor(world, "list before");
    const cut = world.consoleEnded("update slots storage=Disks drive=0");
    await reached;
    await world.kill("dir");
    await cut;
    await world.start("dir");
    const told = await world.console("update slots storage=Disks drive=0");
    assert.equal(told.match(/is up to date\./g)?.length, 4, told);
    await world.backup("Full");
  },
);
