import assert from "node:assert/strict";
import test from "node:test";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { RoomMaker } from "./room-maker.ts";

const session = { id: 1, time: 2 };
const full = () => new OperatorError("STORE_FULL", "no room");

/** A call that finds no room until `needed` steps were made, and a maker whose steps are counted. */
function world({ needed, roomFor = [] as boolean[] }: { readonly needed: number; readonly roomFor?: boolean[] }) {
  const steps: string[] = [];
  const step = async (name: string) => void steps.push(name);
  const maker = new RoomMaker({
    collectDead: async () => await step("collect"),
    settleRoom: async () => await step("settle"),
    roomFor: async () => {
      await step("ask");
      return roomFor.shift() ?? false;
    },
  });
  const call = async () => {
    if (steps.length < needed) throw full();
    return "done";
  };
  return { steps, maker, call };
}

test("what was deleted is collected and settled before anybody is asked", async () => {
  const { steps, maker, call } = world({ needed: 1 });
  assert.equal(await maker.retried(session, call), "done");
  assert.deepEqual(steps, ["collect", "settle"]);
});

test("when that does not help somebody is asked, again and again while there is hope", async () => {
  const { steps, maker, call } = world({ needed: 10, roomFor: [true, true] });
  assert.equal(await maker.retried(session, call), "done");
  assert.deepEqual(steps, ["collect", "settle", "collect", "settle", "ask", "collect", "settle", "collect", "settle", "ask"]);
});

test("when nobody makes room the call fails with what it met", async () => {
  const { maker, call } = world({ needed: 100 });
  await assert.rejects(maker.retried(session, call), { code: "STORE_FULL" });
});

test("two calls that find no room at once settle once", async () => {
  const { steps, maker } = world({ needed: 1 });
  const call = async () => {
    if (steps.length < 2) throw full();
    return "done";
  };
  await Promise.all([maker.retried(session, call), maker.retried({ id: 2, time: 2 }, call)]);
  assert.deepEqual(steps, ["collect", "settle"]);
});

test("another failure is not tried again", async () => {
  const { steps, maker } = world({ needed: 0 });
  const call = async () => {
    throw new OperatorError("QUOTA_EXCEEDED", "quota");
  };
  await assert.rejects(maker.retried(session, call), { code: "QUOTA_EXCEEDED" });
  assert.deepEqual(steps, []);
});
