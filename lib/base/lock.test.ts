import assert from "node:assert/strict";
import { test } from "node:test";
import { Mutex, Semaphore } from "./lock.ts";

test("a mutex lets one in at a time, in order of arrival", async () => {
  const mutex = new Mutex();
  const order: string[] = [];
  const visit = async (name: string) => {
    using _held = await mutex.acquire();
    order.push(`${name} in`);
    await new Promise(setImmediate);
    order.push(`${name} out`);
  };
  await Promise.all([visit("a"), visit("b"), visit("c")]);
  assert.deepEqual(order, ["a in", "a out", "b in", "b out", "c in", "c out"]);
});

test("an aborted wait holds nothing and loses no permit", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  const controller = new AbortController();
  const waiting = semaphore.acquire(controller.signal);
  controller.abort(new Error("stop"));
  held[Symbol.dispose]();
  await assert.rejects(waiting, /stop/);
  using _again = await semaphore.acquire();
});
