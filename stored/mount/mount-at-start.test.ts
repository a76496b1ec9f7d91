import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { StorageDaemonService } from "#proto/stored.ts";
import { fileBatches } from "../testing/file-batches.ts";
import { StorageWorld } from "../testing/storage-world.ts";

async function statusOf(world: StorageWorld): Promise<string> {
  return (await world.director.unary(StorageDaemonService.status, { sections: ["devices"], api: false })).lines.join("\n");
}

for (const automatic of ["yes", "no"]) {
  test(`with Automatic Mount = ${automatic} what is in a drive is ${automatic === "yes" ? "" : "not "}known when the daemon has started`, async () => {
    await using world = await StorageWorld.start({
      more: `Device { Name = Tape; Media Type = File; Device Type = VTape; Archive Device = "@volumes@/tape"; Label Media = yes; Automatic Mount = ${automatic} }`,
    });
    writeFileSync(join(world.volumes, "tape"), "");
    const saved = await world.append(fileBatches(2, 100_000), { devices: ["Tape"] });
    assert.equal(saved.end.status, "T", saved.messages.join("\n"));
    await world.down();
    await world.up();
    const seen = /Volume "Vol-0001" was last seen in it/;
    if (automatic === "yes") while (!seen.test(await statusOf(world))) await new Promise((resolve) => setTimeout(resolve, 20));
    else assert.doesNotMatch(await statusOf(world), seen);
    const again = await world.append(fileBatches(2, 100_000, 2), { devices: ["Tape"] });
    assert.equal(again.end.status, "T", again.messages.join("\n"));
  });
}

test("a drive in which nothing can be read keeps nobody from starting", async () => {
  await using world = await StorageWorld.start({
    more: `Device { Name = Tape; Media Type = File; Device Type = VTape; Archive Device = "@volumes@/none"; Automatic Mount = yes }`,
  });
  assert.match(await statusOf(world), /Device VTape: "Tape" \(.+\) is not open/);
});
