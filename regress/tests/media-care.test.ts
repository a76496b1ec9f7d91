import assert from "node:assert/strict";
import { openSync, closeSync, writeSync, statSync, chmodSync, writeFileSync } from "node:fs";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree } from "#regress/trees.ts";

scenario(
  "the label of a Volume is shown, a scan reads it all and names the block that is damaged",
  { site: (dir) => ({ device: `Format Command = "${dir}/format.sh %v"` }) },
  async (world) => {
    plainTree(world.path("tree"));
    bigFile(world.path("tree/big"), 5);
    writeFileSync(world.path("format.sh"), "#!/bin/sh\necho formatting $1\nexit 0\n");
    chmodSync(world.path("format.sh"), 0o755);
    await world.start();
    await world.backup("Full");
    const label = await world.console("dump label storage=Disks volume=Vol-0001");
    for (const line of [
      /^Volume Label:/m,
      /VolName +: Vol-0001/,
      /PoolName +: Files/,
      /MediaType +: File/,
      /LabelType +: VOL_LABEL/,
      /VolumeId +: [0-9a-f-]{36}$/m,
      /MinBlockSize +: 0$/m,
      /MaxBlockSize +: 64512$/m,
      /Uname +: \S+ x86_64-linux /,
      /^Date first written: \d/m,
    ])
      assert.match(label, line);

    const sound = await world.console("scan storage=Disks volume=Vol-0001");
    assert.match(sound, /Volume "Vol-0001": [\d,]+ blocks, [\d,]+ bytes, 0 bad blocks/);
    const care = await world.console(
      "sqlquery",
      "SELECT LastVerified, BadBlocks FROM NocturneMedia, Media WHERE NocturneMedia.MediaId = Media.MediaId;",
      "",
    );
    assert.match(care, /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);

    const path = world.path("volumes/Vol-0001");
    const at = Math.floor(statSync(path).size / 2);
    const fd = openSync(path, "r+");
    writeSync(fd, Buffer.from([0xa5, 0x5a, 0xa5]), 0, 3, at);
    closeSync(fd);
    const damaged = await world.console("scan storage=Disks oldest=1");
    const address = Number(/address (\d+): [\d,]+ bytes are bad: the checksum of block \d+ is wrong/.exec(damaged)?.[1]);
    assert.ok(address <= at && at < address + 64_512, damaged);
    assert.match(damaged, /1 bad blocks/);
    assert.match(damaged, /marked in Error/);
    assert.match(await world.console("list volumes"), /Vol-0001\s*\|\s*Error/);

    const refused = await world.console("format storage=Disks volume=Vol-0001 yes");
    assert.match(refused, /holds jobs: it is not formatted/);
    const formatted = await world.console("format storage=Disks volume=New-0001", "yes");
    assert.match(formatted, /formatting New-0001/);
    assert.match(formatted, /ended with status 0/);
    assert.match(await world.console("scan storage=Disks volume=Nowhere"), /has no Volume "Nowhere"/);
  },
);
