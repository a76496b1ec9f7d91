import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readlinkSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { parseList, parseListAll } from "./parse-listing.ts";

const bin = (name: string) => fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));

async function library(config = "maxslot=5\nmaxdrive=1\n") {
  const dir = await TempDir.make();
  await writeFile(dir.file("conf"), config);
  for (const slot of [1, 2, 3]) await writeFile(dir.file(`slot${slot}`), `data ${slot}`);
  const run = (...args: readonly string[]) => {
    const [command = "", slot = "0", drive = "0", ...more] = args;
    const words = [dir.file("conf"), command, slot, dir.file(`drive${drive}`), drive, ...more];
    const { status, stdout } = spawnSync(bin("disk-changer"), words, { encoding: "utf8" });
    return status === 0 ? stdout.trim() : `failed: ${stdout.trim()}`;
  };
  return { dir, run, [Symbol.asyncDispose]: async () => await dir[Symbol.asyncDispose]() };
}

test("disk-changer loads and unloads, and refuses what cannot be", async () => {
  await using made = await library();
  assert.equal(made.run("slots"), "5");
  assert.equal(made.run("load", "2", "0"), "");
  assert.equal(readlinkSync(made.dir.file("drive0")), made.dir.file("slot2"));
  assert.equal(made.run("loaded", "0", "0"), "2");
  assert.match(made.run("load", "2", "1"), /failed: .*slot 2 is in drive 0/);
  assert.match(made.run("load", "3", "0"), /failed: .*drive 0 is full/);
  assert.match(made.run("load", "5", "1"), /failed: .*slot 5 is empty/);
  assert.match(made.run("load", "6", "1"), /failed: .*not one of 1 to 5/);
  assert.match(made.run("load", "1", "2"), /failed: .*not one of 0 to 1/);
  assert.match(made.run("unload", "3", "0"), /failed: .*medium of slot 2, not of slot 3/);
  assert.equal(made.run("unload", "2", "0"), "");
  assert.match(made.run("unload", "2", "0"), /failed: .*drive 0 is empty/);
  assert.equal(existsSync(made.dir.file("drive0")), false);
});

test("disk-changer lists what the daemon understands", async () => {
  await using made = await library();
  await writeFile(made.dir.file("barcodes"), "1:A1\n 2 : A2 \n");
  made.run("load", "1", "1");
  assert.deepEqual(
    parseList(made.run("list")).map((place) => `${place.number}:${place.barcode}`),
    ["1:A1", "2:A2", "3:", "4:", "5:"],
  );
  assert.deepEqual(
    parseListAll(made.run("listall")).map(
      (place) => `${place.kind}${place.number}:${place.full}:${place.barcode}:${place.loadedFrom}`,
    ),
    [
      "drive0:false::0",
      "drive1:true:A1:1",
      "slot1:false::0",
      "slot2:true:A2:0",
      "slot3:true::0",
      "slot4:false::0",
      "slot5:false::0",
    ],
  );
});

test("disk-changer executes nothing that its configuration or a Volume's name holds, and destroys no file in a drive's place", async () => {
  await using made = await library('maxslot=$(touch x)\nmaxdrive="`touch x`"\n');
  assert.match(made.run("slots"), /failed: .*must be numbers/);
  await writeFile(made.dir.file("conf"), "maxslot=5\nmaxdrive=1\n");
  assert.match(made.run("load", "5", "0", "../../etc/x"), /failed: .*slot 5 is empty/);
  assert.match(made.run("load", "5", "0", "a b;touch x"), /failed: /);
  await writeFile(made.dir.file("drive0"), "precious");
  assert.match(made.run("load", "1", "0"), /failed: .*is no drive of this changer/);
  assert.equal(await readFile(made.dir.file("drive0"), "utf8"), "precious");
});

const STATUS = `  Storage Changer /dev/sg1:2 Drives, 6 Slots ( 2 Import/Export )
Data Transfer Element 0:Full (Storage Element 1 Loaded):VolumeTag = E01001L8
Data Transfer Element 1:Empty
      Storage Element 1:Empty
      Storage Element 2:Full :VolumeTag=E01002L8
      Storage Element 3:Full
      Storage Element 4:Empty
      Storage Element 5 IMPORT/EXPORT:Empty
      Storage Element 6 IMPORT/EXPORT:Full :VolumeTag=CLN001
`;

test("mtx-changer tells what mtx says, and moves by it", async () => {
  await using dir = await TempDir.make();
  await writeFile(dir.file("status"), STATUS);
  const fake = `#!/bin/sh\ncase "$3" in status) cat ${dir.file("status")} ;; *) echo "$@" >> ${dir.file("moves")} ;; esac\n`;
  await writeFile(dir.file("mtx"), fake, { mode: 0o755 });
  await writeFile(dir.file("conf"), `mtx=${dir.file("mtx")}\nmt=/bin/false\nready_wait=0\n`);
  const run = (...args: readonly string[]) =>
    execFileSync(bin("mtx-changer"), ["/dev/sg1", ...args], {
      encoding: "utf8",
      env: { ...process.env, MTX_CHANGER_CONF: dir.file("conf") },
    });
  assert.equal(run("slots"), "4\n");
  assert.equal(run("list"), "1:E01001L8\n2:E01002L8\n3:\n4:\n");
  assert.equal(run("loaded", "0", "/dev/nst0", "0"), "1\n");
  assert.equal(run("loaded", "0", "/dev/nst1", "1"), "0\n");
  assert.deepEqual(
    parseListAll(run("listall")).map((place) => `${place.kind}${place.number}:${place.full}:${place.barcode}`),
    [
      "drive0:true:E01001L8",
      "drive1:false:",
      "slot1:false:",
      "slot2:true:E01002L8",
      "slot3:true:",
      "slot4:false:",
      "import5:false:",
      "import6:true:CLN001",
    ],
  );
  run("unload", "1", "/dev/nst0", "0");
  run("load", "2", "/dev/nst0", "0");
  run("transfer", "3", "4");
  assert.equal(
    await readFile(dir.file("moves"), "utf8"),
    "-f /dev/sg1 unload 1 0\n-f /dev/sg1 load 2 0\n-f /dev/sg1 transfer 3 4\n",
  );
});
