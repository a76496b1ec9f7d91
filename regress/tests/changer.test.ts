import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { LIBRARY_SITE, loadedSlot, makeLibrary } from "#regress/changer.ts";
import { assertSameTree } from "#regress/compare.ts";
import { mustRun } from "#regress/process.ts";
import { BIN, JUDGING_DEBIAN } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import type { SiteOptions } from "#regress/site.ts";
import { bigFile, plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const BLS = "/usr/sbin/bls";

/** Eight slots, six of them with barcodes. */
const CODES = ["A1", "A2", "A3", "A4", "B1", "B2"];

const site = (more: SiteOptions = {}): SiteOptions => ({ ...LIBRARY_SITE, labelMedia: false, ...more });

/** Labels media with their barcodes; Debian's console wants the yes as an answer. */
async function labelSlots(world: World, slots: string, pool = "Files"): Promise<string> {
  const line = `label barcodes storage=Disks drive=0 pool=${pool} slots=${slots}`;
  return JUDGING_DEBIAN ? await world.console(line, "yes") : await world.console(`${line} yes`);
}

/** Slot and InChanger of a Volume as the catalog has them. */
async function placeOf(world: World, volume: string): Promise<string> {
  const text = await world.console(`llist volume=${volume}`);
  const value = (name: string) => new RegExp(`^ *${name}: *(\\S+)`, "im").exec(text)?.[1];
  return `${value("slot")},${value("inchanger")}`;
}

scenario(
  "a backup over three media of a library and its restore need no operator",
  { programs: [BLS], site: site({ pool: "Maximum Volume Bytes = 3000000" }) },
  async (world) => {
    makeLibrary(world, { slots: 8, drives: 1, barcodes: CODES });
    const tree = world.path("tree");
    plainTree(tree, { files: 20 });
    bigFile(`${tree}/big`, 7);
    await world.start();
    assert.match(await labelSlots(world, "1-4"), /3305 Autochanger "load Volume A1, Slot 1, Drive 0", status is OK/);
    assert.equal(await placeOf(world, "A3"), "3,1");
    const saved = await world.backup("Full");
    const volumes = /Volume name\(s\): +(\S+)/.exec(saved.text)?.[1]?.split("|") ?? [];
    assert.equal(volumes.length, 3, saved.text);
    await assertSameTree(tree, (await world.restore()) + tree);
    // What lies in the slots is what any Bacula reads.
    mkdirSync(world.path("links"));
    for (const volume of volumes) symlinkSync(world.path("library", `slot${volume.slice(1)}`), world.path("links", volume));
    const device = /^Device \{[^]*?^\}\n/m.exec(readFileSync(world.path("bacula-sd.conf"), "utf8"))?.[0] ?? "";
    const plain = device
      .replace(/Archive Device = .*/, `Archive Device = "${world.path("links")}"`)
      .replace("Autochanger = yes", "");
    const conf = readFileSync(world.path("bacula-sd.conf"), "utf8").replaceAll(/^(?:Device|Autochanger) \{[^]*?^\}\n/gm, "");
    writeFileSync(world.path("bls.conf"), conf + plain);
    const { output } = await mustRun(BLS, ["-c", world.path("bls.conf"), "-V", volumes.join("|"), "Drive-0"]);
    const listed = output.split("\n").filter((line) => line.includes(tree));
    assert.equal(listed.length, 27, `bls does not find all files:\n${output}`);
  },
);

scenario(
  "update slots follows the barcodes, and with scan the labels; a medium that is not what the catalog says is put away, and another one is written",
  { site: site() },
  async (world) => {
    makeLibrary(world, { slots: 8, drives: 1, barcodes: CODES });
    await world.start();
    await labelSlots(world, "1-3");
    await world.console("unmount storage=Disks drive=0");
    // Somebody moves a cartridge from slot 2 to slot 7.
    rmSync(world.path("library/slot7"));
    await mustRun(`${BIN}/disk-changer`, [world.path("library/conf"), "transfer", "2", "7"]);
    const told = await world.console("update slots storage=Disks drive=0");
    assert.match(told, /Catalog record for Volume "A1" is up to date\./);
    assert.match(told, /Catalog record for Volume "A2" updated to reference slot 7\./);
    assert.match(told, /Volume "A4" not found in catalog\. Slot=4 InChanger set to zero\./);
    assert.equal(await placeOf(world, "A2"), "7,1");
    renameSync(world.path("library/slot1"), world.path("library/aside"));
    renameSync(world.path("library/slot3"), world.path("library/slot1"));
    renameSync(world.path("library/aside"), world.path("library/slot3"));
    await world.console("mount storage=Disks drive=0 slot=1");
    const scanned = await world.console("update slots=1,3-4 scan storage=Disks drive=0");
    assert.match(scanned, /3001 Volume=A3 Slot=1[^]*Catalog record for Volume "A3" updated to reference slot 1\./);
    assert.equal(await placeOf(world, "A1"), "3,1");
    const listed = await world.console("status storage=Disks slots drive=0");
    assert.match(listed, /\| +7 \| A2 +\| Append +\| File +\| Files +\|/);
    assert.match(listed, /\| +4\*\| A4 +\| \? /);

    const tree = world.path("tree");
    plainTree(tree, { files: 20 });
    await world.console("update volume=A2 volstatus=Used", "update volume=A3 volstatus=Used", "release storage=Disks drive=0");
    renameSync(world.path("library/slot3"), world.path("library/aside"));
    renameSync(world.path("library/slot1"), world.path("library/slot3"));
    renameSync(world.path("library/aside"), world.path("library/slot1"));
    // A1 should be in slot 3, where A3 is, which may not be written.
    const job = await world.queue("run job=Save level=Full yes");
    await world.until("the job asks for a Volume", () => /Please (?:mount|use the "label")/.test(world.messages()));
    assert.match(world.messages(), /Autochanger Volume "A1" not found in slot 3: drive "Drive-0" holds Volume "A3", not "A1"/);
    await world.console("update slots scan storage=Disks drive=0 slots=1,3", "mount storage=Disks drive=0");
    const report = await world.report(job);
    assert.equal(report.termination, "Backup OK", report.text + world.messages().slice(-3000));
    assert.equal(loadedSlot(world, 0), 1);
    assert.doesNotMatch(await world.console("list media"), /\| Error /);
    await assertSameTree(tree, (await world.restore()) + tree);
  },
);

scenario(
  "two drives serve three Pools at once, and every job is restored",
  {
    site: site({
      pool: "Maximum Volume Bytes = 4000000",
      resources: ["P1", "P2"]
        .map((name) => `Pool {\n  Name = ${name}\n  Pool Type = Backup\n  Maximum Volume Bytes = 4000000\n}`)
        .join("\n"),
    }),
  },
  async (world) => {
    makeLibrary(world, { slots: 8, drives: 2, barcodes: [...CODES, "C1", "C2"] });
    const tree = world.path("tree");
    plainTree(tree, { files: 20 });
    bigFile(`${tree}/big`, 6);
    await world.start();
    await labelSlots(world, "1-4");
    await labelSlots(world, "5-6", "P1");
    await labelSlots(world, "7-8", "P2");
    const pools = ["Files", "P1", "P2"];
    const jobs = await world.queueAll(...pools.map((pool) => `run job=Save level=Full pool=${pool} yes`));
    for (const report of await world.reports(jobs))
      assert.equal(report.termination, "Backup OK", report.text + world.messages().slice(-3000));
    for (const job of jobs) {
      const where = await world.restore(`select jobid=${job} all done`, world.path(`restored-${job}`));
      await assertSameTree(tree, where + tree);
    }
    assert.match(world.messages(), /3307 Issuing autochanger "unload Volume [ABC]\d, Slot \d, Drive \d" command/);
  },
);

scenario(
  "directories as drives: three Pools on two of them at once, a third is never chosen, and restores find the right one",
  {
    site: {
      ...LIBRARY_SITE,
      pool: "Maximum Volume Bytes = 4000000",
      resources: ["P1", "P2"]
        .map((name) => `Pool { Name = ${name}; Pool Type = Backup; Label Format = "${name}-"; Maximum Volume Bytes = 4000000 }`)
        .join("\n"),
    },
  },
  async (world) => {
    const names = ["D0", "D1", "D2"];
    const device = (name: string) => {
      mkdirSync(world.path(name));
      return `Device {
  Name = ${name}; Media Type = File; Device Type = File; Archive Device = "${world.path(name)}"; Label Media = yes
  Autochanger = yes; Random Access = yes; Removable Media = no; Maximum Concurrent Jobs = 2
  ${name === "D2" ? "Autoselect = no" : ""}
}
`;
    };
    const changer = `Autochanger { Name = Disk; Device = ${names.join(", ")}; Changer Device = /dev/null; Changer Command = "" }\n`;
    world.edit("bacula-sd.conf", /^Device \{[^]*?^\}\n/m, names.map(device).join("") + changer);
    const tree = world.path("tree");
    plainTree(tree, { files: 20 });
    bigFile(`${tree}/big`, 6);
    await world.start();
    const pools = ["Files", "P1", "P2", "Files"];
    const jobs = await world.queueAll(...pools.map((pool) => `run job=Save level=Full pool=${pool} yes`));
    for (const { termination } of await world.reports(jobs))
      assert.equal(termination, "Backup OK", world.messages().slice(-3000));
    const [first = [], second = [], third = []] = await Promise.all(names.map((name) => world.namesUnder(world.path(name))));
    assert.ok(first.length > 0 && second.length > 0, `both drives are used: ${first.join()} / ${second.join()}`);
    assert.deepEqual(third, [], "a device with Autoselect = no was chosen");
    for (const job of jobs.slice(1)) {
      const where = await world.restore(`select jobid=${job} all done`, world.path(`restored-${job}`));
      await assertSameTree(tree, where + tree);
    }
    assert.doesNotMatch(world.messages(), /Please mount/);
  },
);
