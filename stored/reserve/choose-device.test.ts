import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseDevice } from "./choose-device.ts";
import type { DeviceState, DeviceUse, DeviceWish } from "./choose-device.ts";

function devices(...list: readonly (Partial<DeviceState> & { readonly name: string })[]): Map<string, DeviceState> {
  return new Map(
    list.map((device) => [
      device.name,
      {
        mediaType: "File",
        isEnabled: true,
        isReadOnly: false,
        isBlocked: false,
        isHung: false,
        jobsMax: 0,
        use: { kind: "idle" },
        ...device,
      },
    ]),
  );
}

const appending = (pool: string, jobs = 1): DeviceUse => ({ kind: "append", pool, jobs });

function wish(more: Partial<DeviceWish> = {}): DeviceWish {
  return { devices: ["A", "B"], mediaType: "File", work: { kind: "append", pool: "P" }, prefersMounted: true, ...more };
}

test("jobs of one Pool share a device", () => {
  assert.deepEqual(chooseDevice(devices({ name: "A" }, { name: "B", use: appending("P") }), wish()), {
    kind: "take",
    device: "B",
  });
});

test("a job that rather has a Volume of its own takes an idle device", () => {
  const choice = chooseDevice(devices({ name: "A", use: appending("P") }, { name: "B" }), wish({ prefersMounted: false }));
  assert.deepEqual(choice, { kind: "take", device: "B" });
});

test("a device that writes to another Pool is left alone", () => {
  assert.deepEqual(chooseDevice(devices({ name: "A", use: appending("Q") }, { name: "B" }), wish()), {
    kind: "take",
    device: "B",
  });
  const choice = chooseDevice(devices({ name: "A", use: appending("Q") }), wish());
  assert.deepEqual(choice, { kind: "wait", reason: '"A" is writing to Pool "Q"', isBlocked: false });
});

test("Maximum Concurrent Jobs of a device is kept", () => {
  const full = devices({ name: "A", use: appending("P", 2), jobsMax: 2 }, { name: "B" });
  assert.deepEqual(chooseDevice(full, wish()), { kind: "take", device: "B" });
});

test("a device whose Volume has as many jobs as it may have is passed over, and waited for where it is the only one", () => {
  const taken = { name: "A", use: appending("P"), isVolumeTaken: true };
  assert.deepEqual(chooseDevice(devices(taken, { name: "B" }), wish()), { kind: "take", device: "B" });
  const reason = '"A" is writing to a Volume that takes no more jobs';
  assert.deepEqual(chooseDevice(devices(taken), wish()), { kind: "wait", reason, isBlocked: false });
});

test("reading and writing exclude each other on a device", () => {
  assert.equal(chooseDevice(devices({ name: "A", use: appending("P") }), wish({ work: { kind: "read" } })).kind, "wait");
  assert.equal(chooseDevice(devices({ name: "A", use: { kind: "read", jobs: 1 } }), wish()).kind, "wait");
  assert.equal(
    chooseDevice(devices({ name: "A", use: { kind: "read", jobs: 1 } }), wish({ work: { kind: "read" } })).kind,
    "take",
  );
});

test("an unmounted device is waited for", () => {
  assert.deepEqual(chooseDevice(devices({ name: "A", isBlocked: true }), wish()), {
    kind: "wait",
    reason: '"A" is unmounted by the operator',
    isBlocked: true,
  });
});

test("what can never do is refused with the reason for each device", () => {
  assert.deepEqual(chooseDevice(devices({ name: "C" }), wish()), { kind: "never", reason: 'no device is called "A" or "B"' });
  const choice = chooseDevice(devices({ name: "A", mediaType: "LTO" }, { name: "B", isEnabled: false }), wish());
  assert.deepEqual(choice, { kind: "never", reason: 'for Media Type "File": "A" has Media Type "LTO"; "B" is disabled' });
  assert.equal(chooseDevice(devices({ name: "A", isReadOnly: true }), wish()).kind, "never");
  const without = chooseDevice(devices({ name: "A", isWithoutDriver: true }), wish());
  assert.match(JSON.stringify(without), /\\"A\\" is of a Device Type that has no driver in this release/);
});

test("an idle drive that has the right medium is taken before an empty one, and that before one with another medium", () => {
  const drives = devices(
    { name: "A", isDrive: true, volume: "Q-1", pool: "Q" },
    { name: "B", isDrive: true },
    { name: "C", isDrive: true, volume: "P-1", pool: "P" },
  );
  const all = ["A", "B", "C"];
  assert.deepEqual(chooseDevice(drives, wish({ devices: all })), { kind: "take", device: "C" });
  const other = wish({ devices: all, work: { kind: "append", pool: "R" } });
  assert.deepEqual(chooseDevice(drives, other), { kind: "take", device: "B" });
  const read = wish({ devices: all, work: { kind: "read" }, volumes: ["Q-1"] });
  assert.deepEqual(chooseDevice(drives, read), { kind: "take", device: "A" });
});

test("a drive is read by one job at a time, a directory by several", () => {
  const reading = { kind: "read", jobs: 1 } as const;
  const read = wish({ devices: ["A"], work: { kind: "read" } });
  assert.equal(chooseDevice(devices({ name: "A", use: reading, isDrive: true }), read).kind, "wait");
  assert.equal(chooseDevice(devices({ name: "A", use: reading }), read).kind, "take");
});

test("a device on which reading is not allowed serves no restore", () => {
  const choice = chooseDevice(devices({ name: "A", forbidden: ["read"] }, { name: "B" }), wish({ work: { kind: "read" } }));
  assert.deepEqual(choice, { kind: "take", device: "B" });
});
