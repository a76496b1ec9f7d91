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

test("jobs beyond the daemon's most wait, and say for what", async () => {
  const reservations = new Reservations([{ ...device, jobsMax: 0 }], { jobsMax: 1 });
  const reasons: string[] = [];
  const first = await reservations.reserve(wish("P"), waiter("one"), never);
  const second = reservations.reserve(wish("P"), waiter("two", reasons), never);
  assert.deepEqual(reasons, ["the storage daemon runs its most of 1 jobs"]);
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
});

test("a job is not passed by younger ones for ever", async () => {
  const reservations = new Reservations([{ ...device, jobsMax: 0 }]);
  let current = await reservations.reserve(wish("P"), waiter("first"), never);
  const order: string[] = [];
  const other = reservations.reserve(wish("Q"), waiter("other"), never).then((held) => {
    order.push("other");
    held[Symbol.dispose]();
  });
  const rest: Promise<void>[] = [];
  // Each job of the stream comes before the one before it has ended: the device is never free of Pool P.
  for (let at = 0; at < 40; at++) {
    const next = reservations.reserve(wish("P"), waiter(`P${at}`), never);
    const isTaken = await Promise.race([next.then(() => true), new Promise((resolve) => void setImmediate(resolve, false))]);
    if (isTaken === true) {
      current[Symbol.dispose]();
      current = await next;
    } else rest.push(next.then((held) => held[Symbol.dispose]()));
  }
  assert.ok(rest.length > 0, "all of them passed");
  current[Symbol.dispose]();
  await Promise.all([other, ...rest]);
  assert.deepEqual(order, ["other"]);
});

test("the wait for an operator is bounded, the wait for other jobs is not", async () => {
  const reservations = new Reservations([device]);
  reservations.setBlocked("A", true);
  const bounded = { ...waiter("one"), blockedMsMax: 20 };
  await assert.rejects(reservations.reserve(wish("P"), bounded, never), { code: "JOB_NO_VOLUME" });
  assert.deepEqual(reservations.waiting, []);
  reservations.setBlocked("A", false);
  const held = await reservations.reserve(wish("P"), waiter("two"), never);
  const patient = reservations.reserve(wish("Q"), bounded, never);
  await new Promise((resolve) => void setTimeout(resolve, 60));
  held[Symbol.dispose]();
  (await patient)[Symbol.dispose]();
});

test("a device that somebody has alone is given to no job, however many it may have", async () => {
  const reservations = new Reservations([{ ...device, jobsMax: 0 }]);
  const alone = reservations.takeAlone("A");
  const reasons: string[] = [];
  const reading = reservations.reserve({ ...wish("P"), work: { kind: "read" } }, waiter("one", reasons), never);
  assert.equal(reservations.waiting.length, 1);
  alone[Symbol.dispose]();
  using _ = await reading;
  assert.deepEqual(reservations.useOf("A"), { kind: "read", jobs: 1 });
});
