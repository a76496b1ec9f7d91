import assert from "node:assert/strict";
import test from "node:test";
import { Worker } from "node:worker_threads";
import { endThread } from "./end-thread.ts";

const LIBC = JSON.stringify(new URL("./libc.ts", import.meta.url).href);

test("a thread that is ended while it loads libc leaves the process alive", async () => {
  const source = `
    const { parentPort } = await import("node:worker_threads");
    parentPort.on("message", (message) => { if (message === null) parentPort.close(); });
    (await import(${LIBC})).libc();`;
  for (let delayMs = 0; delayMs < 60; delayMs += 4) {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await endThread(worker);
    assert.equal(worker.threadId, -1);
  }
});

test("a thread that has ended already is no trouble", async () => {
  const worker = new Worker("", { eval: true });
  await new Promise((resolve) => worker.once("exit", resolve));
  await endThread(worker);
});
