import assert from "node:assert/strict";
import { test } from "node:test";
import { StorageWorld } from "../testing/storage-world.ts";
import { fileBatches } from "../testing/file-batches.ts";

const SECOND = `Device { Name = Second; Media Type = File; Device Type = File; Archive Device = "@volumes@"; LabelMedia = yes }`;

test("a job goes to the device that has room, says so, and waits for room only where none has", async () => {
  await using world = await StorageWorld.start({ device: "Minimum Free Space = 1000TB", more: SECOND });
  const batches = fileBatches(2, 1000);
  const saved = await world.append(batches, { devices: ["Disk", "Second"] });
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.match(saved.messages.join("\n"), /Device "Disk" has no room \(.* bytes are free .*\): the job goes to another one/);
  assert.match(saved.messages.join("\n"), /device "Second"/);
  const waiting = world.appendRequest();
  await world.startJob({ ...waiting, devices: ["Disk"] });
  void world.follow(waiting, AbortSignal.timeout(15_000)).catch(() => {});
  void world.sendBatches(waiting, batches).catch(() => {});
  await world.untilState(waiting, "M");
});

test("a device without room is not passed over for one that cannot do the job", async () => {
  const others = `Device { Name = Off; Media Type = File; Device Type = File; Archive Device = "@volumes@"; Enabled = no }
    Device { Name = Other; Media Type = Other; Device Type = File; Archive Device = "@volumes@" }`;
  await using world = await StorageWorld.start({ device: "Minimum Free Space = 1000TB", more: others });
  const waiting = world.appendRequest();
  await world.startJob({ ...waiting, devices: ["Disk", "Off", "Other"] });
  const following = world.follow(waiting, AbortSignal.timeout(15_000));
  void world.sendBatches(waiting, fileBatches(2, 1000)).catch(() => {});
  await Promise.race([world.untilState(waiting, "M"), following.then(({ messages }) => assert.fail(messages.join("\n")))]);
  following.catch(() => {});
});
