import assert from "node:assert/strict";
import { test } from "node:test";
import { FileDevice } from "../device/file-device.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { sparing } from "./sparing-device.ts";
import type { Device } from "../device/device.ts";

/** A device of which the test says how much is free. */
function device(archiveDevice: string, room: { free: number }): Device {
  const plain = new FileDevice({ name: "D", archiveDevice });
  return sparing(Object.assign(plain, { space: () => ({ free: room.free, total: 1e9 }) }), 1000);
}

test("a Volume is full when less is free than is to be left, and nothing of the last block is on it", async () => {
  await using directory = await TempDir.make();
  const room = { free: 1_000_000 };
  using medium = device(directory.path, room).create("Vol-1", new Uint8Array(100));
  const block = new Uint8Array(4 * 1024 * 1024);
  assert.deepEqual(medium.append([block]), { kind: "written" });
  room.free = 999;
  assert.deepEqual(medium.append([block]), { kind: "written" }, "it is not looked at before every block");
  const outcome = medium.append([block]);
  assert.ok(outcome.kind === "full");
  assert.equal(outcome.blocks, 0);
  assert.match(outcome.reason, /999 bytes are free, and Minimum Free Space is 1,000/);
  assert.equal(medium.end, 100 + 2 * block.byteLength);
});

test("what there is can be read whatever is free", async () => {
  await using directory = await TempDir.make();
  const room = { free: 1_000_000 };
  const file = device(directory.path, room);
  file.create("Vol-1", Buffer.from("label")).close();
  room.free = 0;
  using medium = file.open("Vol-1", "read");
  const into = new Uint8Array(5);
  assert.equal(medium.readAt(into, 0), 5);
});
