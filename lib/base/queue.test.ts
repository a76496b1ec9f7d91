import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedQueue } from "./queue.ts";

function queueOf(bytesMax: number): BoundedQueue<string> {
  return new BoundedQueue<string>({ bytesMax, bytesOf: (item) => item.length });
}

test("items come out in order and the loop ends after end()", async () => {
  const queue = queueOf(1000);
  await queue.push("a");
  await queue.push("b");
  queue.end();
  assert.deepEqual(await Array.fromAsync(queue), ["a", "b"]);
});

test("push waits while the queue is full and goes on when the consumer takes", async () => {
  const queue = queueOf(4);
  await queue.push("1234");
  let pushed = false;
  const second = queue.push("5").then(() => (pushed = true));
  await new Promise(setImmediate);
  assert.equal(pushed, false);
  assert.equal(await queue.shift(), "1234");
  await second;
  assert.equal(queue.bytes, 1);
});

test("an item larger than the bound passes when it is alone", async () => {
  const queue = queueOf(2);
  await queue.push("123456");
  assert.equal(await queue.shift(), "123456");
});

test("an abort frees a waiting producer and a waiting consumer with the signal's reason", async () => {
  const queue = queueOf(1);
  const controller = new AbortController();
  const consumer = queue.shift(controller.signal);
  controller.abort(new Error("job canceled"));
  await assert.rejects(consumer, /job canceled/);
  await queue.push("x");
  await assert.rejects(queue.push("y", controller.signal), /job canceled/);
});

test("fail makes both sides reject and drops what waits", async () => {
  const queue = queueOf(1);
  await queue.push("x");
  const waiting = queue.push("y");
  queue.fail(new Error("disk gone"));
  await assert.rejects(waiting, /disk gone/);
  await assert.rejects(queue.shift(), /disk gone/);
  assert.equal(queue.bytes, 0);
});

test("a consumer that leaves its loop frees the producer", async () => {
  const queue = queueOf(1);
  await queue.push("x");
  const waiting = queue.push("y");
  for await (const item of queue) {
    assert.equal(item, "x");
    break;
  }
  await waiting.catch(() => {});
  await assert.rejects(queue.push("z"), /consumer of the queue has left/);
});
