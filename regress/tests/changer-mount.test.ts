import assert from "node:assert/strict";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { LIBRARY_SITE, loadedSlot, makeLibrary } from "#regress/changer.ts";
import { assertSameTree } from "#regress/compare.ts";
import { BIN } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";

const CODES = ["A1", "A2", "A3", "A4"];

scenario(
  "after unmount a restore asks for a mount, goes on after it, and fails when nobody comes; a changer that hangs is killed after its time, while the status answers at once and says what it does",
  { site: { ...LIBRARY_SITE, labelMedia: false } },
  async (world) => {
    world.edit("bacula-dir.conf", /Type = Restore\n/, "Type = Restore\n  Max Wait Time = 1 second\n");
    const script = world.path("slow-changer");
    const body = `#!/bin/sh\nif [ "$2" = load ] && [ -e ${world.path("hang")} ]; then sleep 600; fi\nexec ${BIN}/disk-changer "$@"\n`;
    writeFileSync(script, body, { mode: 0o755 });
    makeLibrary(world, { slots: 4, drives: 1, barcodes: CODES, script, device: "Maximum Changer Wait = 5" });
    const tree = world.path("tree");
    plainTree(tree, { files: 10 });
    await world.start();
    await world.console("label barcodes storage=Disks drive=0 pool=Files slots=1-2 yes");
    await world.backup("Full");
    assert.match(
      await world.console("unmount storage=Disks drive=0"),
      /3307 Issuing autochanger "unload [^]*3002 Device "Drive-0" .* unmounted/,
    );
    assert.equal(loadedSlot(world, 0), 0);
    assert.match(await world.console("status storage=Disks"), /Device is BLOCKED\. User unmounted\./);
    const late = await world.report(await world.queue(`restore where=${world.path("late")} select all done yes`));
    assert.match(late.termination, /Restore (?:Error|Canceled)/, late.text);
    assert.match(world.messages(), /Please mount: "Drive-0" is unmounted by the operator/);
    world.edit("bacula-dir.conf", "Max Wait Time = 1 second", "Max Wait Time = 10 minutes");
    await world.console("reload");
    const where = world.path("in-time");
    const job = await world.queue(`restore where=${where} select all done yes`);
    await world.until("the job waits", async () => /Drive-0" is unmounted/.test(await world.console("status storage=Disks")));
    await world.console("mount storage=Disks drive=0");
    assert.equal((await world.report(job)).termination, "Restore OK", world.messages().slice(-3000));
    await assertSameTree(tree, where + tree);

    await world.console("release storage=Disks drive=0");
    writeFileSync(world.path("hang"), "");
    const saving = await world.queue("run job=Save level=Full yes");
    await world.until("the changer works", async () =>
      /It is loading slot 1 into drive 0/.test(await world.console("status storage=Disks")),
    );
    await world.until("it is killed", () => /did not end within 5 seconds and was killed/.test(world.messages()));
    assert.match(
      world.messages(),
      /changer "Disk": loading slot 1 into drive 0: ".*slow-changer .*conf load 1 .*drive0 0" did not end/,
    );
    rmSync(world.path("hang"));
    await world.console("mount storage=Disks drive=0");
    assert.equal((await world.report(saving)).termination, "Backup OK", world.messages().slice(-3000));
  },
);

scenario(
  "an operator serves a drive without a changer: any good medium will do, and a restore asks for the right one",
  { site: { labelMedia: false, pool: "Maximum Volume Bytes = 3000000" } },
  async (world) => {
    const tree = world.path("tree");
    plainTree(tree, { files: 10 });
    bigFile(`${tree}/big`, 4);
    for (const name of ["one", "two"]) writeFileSync(world.path(name), "");
    const insert = (name: string) => {
      rmSync(world.path("drive"), { force: true });
      symlinkSync(world.path(name), world.path("drive"));
    };
    insert("one");
    world.edit("bacula-sd.conf", /Archive Device = .*/, `Archive Device = "${world.path("drive")}"`);
    await world.start();
    await world.console("label storage=Disks volume=M1 pool=Files", "unmount storage=Disks");
    insert("two");
    assert.match(
      await world.console(
        "mount storage=Disks",
        "label storage=Disks volume=M2 pool=Files",
        "label storage=Disks volume=M3 pool=Files",
      ),
      /3920 Cannot label Volume because it is already labeled: "M2"/,
    );
    const job = await world.queue("run job=Save level=Full yes");
    await world.until("the second medium is asked for", () =>
      /Please mount Volume "M1"|drive "Disk" holds Volume "M2", not "M1"/.test(world.messages()),
    );
    await world.console("unmount storage=Disks");
    insert("one");
    await world.console("mount storage=Disks");
    assert.equal((await world.report(job)).termination, "Backup OK", world.messages().slice(-3000));
    const where = world.path("restored");
    const restore = await world.queue(`restore where=${where} select all done yes`);
    await world.until("the first medium is asked for", () => /Please mount read Volume "M2"/.test(world.messages()));
    insert("two");
    await world.console("mount storage=Disks");
    await world.until("the other medium is asked for", () => /Please mount read Volume "M1"/.test(world.messages()));
    insert("one");
    await world.console("mount storage=Disks");
    assert.equal((await world.report(restore)).termination, "Restore OK", world.messages().slice(-3000));
    await assertSameTree(tree, where + tree);
  },
);

scenario(
  "four jobs on one device whose Volume is full all wait for the next one, and each can be canceled",
  { site: { labelMedia: false, pool: "Maximum Volume Bytes = 2000000" } },
  async (world) => {
    plainTree(world.path("tree"), { files: 5 });
    bigFile(world.path("tree/big"), 4);
    await world.start();
    await world.console("label storage=Disks volume=V1 pool=Files");
    const jobs = await world.queueAll(...Array<string>(4).fill("run job=Save level=Full yes"));
    const waiting = async () =>
      (await world.console("status dir")).match(/is waiting for an appendable Volume|needs a|waiting for a/gi)?.length ?? 0;
    await world.until("all four wait", async () => (await waiting()) >= 4);
    assert.match(await world.console("status storage=Disks"), /BLOCKED waiting for a Volume/);
    await world.console(...jobs.slice(0, 3).map((job) => `cancel jobid=${job}`));
    for (const { termination } of await world.reports(jobs.slice(0, 3))) assert.equal(termination, "Backup Canceled");
    await world.console(...[2, 3, 4].map((at) => `label storage=Disks volume=V${at} pool=Files`));
    const last = jobs[3] ?? 0;
    assert.equal((await world.report(last)).termination, "Backup OK", world.messages().slice(-3000));
  },
);

scenario(
  "an operator's commands go on beside five jobs on one device, and all are restored",
  { site: { pool: "Maximum Volume Bytes = 5000000" } },
  async (world) => {
    const tree = world.path("tree");
    plainTree(tree, { files: 20 });
    bigFile(`${tree}/big`, 3);
    await world.start();
    const jobs = await world.queueAll(...Array<string>(5).fill("run job=Save level=Full yes"));
    for (let round = 0; round < 3; round++)
      await world.console(
        "status storage=Disks",
        "unmount storage=Disks",
        "mount storage=Disks",
        `label storage=Disks volume=Extra-${round} pool=Files`,
        "release storage=Disks",
      );
    await world.console("mount storage=Disks");
    for (const { termination } of await world.reports(jobs))
      assert.equal(termination, "Backup OK", world.messages().slice(-3000));
    for (const job of [jobs[4]]) {
      const where = await world.restore(`select jobid=${job} all done`, world.path(`restored-${job}`));
      await assertSameTree(tree, where + tree);
    }
  },
);
