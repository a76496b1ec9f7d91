import assert from "node:assert/strict";
import { test } from "node:test";
import { Reservations } from "./reservations.ts";
import type { DeviceWish } from "./choose-device.ts";

const device = {
  name: "A",
  mediaType: "File",
  isEnabled: true,
  isReadOnly: false,
  isBlocked: false,
  isHung: false,
  jobsMax: 1,
};
const wish = (pool: string): DeviceWish => ({
  devices: ["A"],
  mediaType: "File",
  work: { kind: "append", pool },
  prefersMounted: true,
});
const waiter = (label: string, reasons: string[] = []) => ({ label, waits: (reason: string) => void reasons.push(reason) });
const never = new AbortController().signal;

test("jobs that wait are served in the order of their coming", async () => {
  const reservations = new Reservations([device]);
  const order: string[] = [];
  const first = await reservations.reserve(wish("P"), waiter("one"), never);
  const rest = ["two", "three"].map(async (label) => {
    using _ = await reservations.reserve(wish("P"), waiter(label), never);
    order.push(label);
    await new Promise(setImmediate);
  });
  assert.deepEqual(
    reservations.waiting.map(({ label }) => label),
    ["two", "three"],
  );
  first[Symbol.dispose]();
  await Promise.all(rest);
  assert.deepEqual(order, ["two", "three"]);
  assert.deepEqual(reservations.useOf("A"), { kind: "idle" });
});

test("a job that is canceled while it waits leaves the queue and takes nothing", async () => {
  const reservations = new Reservations([device]);
  using _ = await reservations.reserve(wish("P"), waiter("one"), never);
  const reasons: string[] = [];
  const cancel = new AbortController();
  const waiting = reservations.reserve(wish("Q"), waiter("two", reasons), cancel.signal);
  assert.deepEqual(reasons, ['"A" is writing to Pool "P"']);
  cancel.abort(new Error("canceled"));
  await assert.rejects(waiting, /canceled/);
  assert.deepEqual(reservations.waiting, []);
});

test("a device that does not fit is refused at once", async () => {
  const reservations = new Reservations([device]);
  await assert.rejects(reservations.reserve({ ...wish("P"), mediaType: "LTO" }, waiter("one"), never), {
    code: "JOB_NO_DEVICE",
  });
});
