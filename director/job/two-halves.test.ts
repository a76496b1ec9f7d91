import assert from "node:assert/strict";
import { test } from "node:test";
import { abortable } from "#lib/base/abort.ts";
import type { Clock } from "#lib/base/clock.ts";
import { JobEnd } from "#proto/job.ts";
import { superviseHalves, type Half, type LinkState } from "./two-halves.ts";

/** A half that a test ends, cuts and asks whether it was canceled. */
class TestHalf implements Half {
  readonly lostMs = 100;
  canceled = 0;
  onLink: (state: LinkState, reason: string) => void = () => {};
  readonly #end = Promise.withResolvers<JobEnd>();
  onCancel: () => void = () => {};
  async follow(signal: AbortSignal, onLink: (state: LinkState, reason: string) => void): Promise<JobEnd> {
    this.onLink = onLink;
    return await abortable(this.#end.promise, signal);
  }
  async cancel(): Promise<void> {
    this.canceled++;
    this.onCancel();
  }
  end(status: string): void {
    this.#end.resolve(JobEnd.fromPartial({ status }));
  }
  fail(error: Error): void {
    this.#end.reject(error);
  }
}

/** A clock whose sleeps end when the test says so. */
class TestClock implements Clock {
  readonly sleeps: { ms: number; wake: () => void }[] = [];
  nowMs = () => 0;
  monotonicMs = () => 0;
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const sleep = { ms, wake: resolve };
    this.sleeps.push(sleep);
    try {
      await abortable(promise, signal);
    } finally {
      this.sleeps.splice(this.sleeps.indexOf(sleep), 1);
    }
  }
  async pass(ms: number): Promise<void> {
    await settle();
    for (const sleep of this.sleeps.filter((each) => each.ms === ms)) sleep.wake();
    await settle();
  }
}
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

function world() {
  const [fd, sd, clock, abort, leave] = [
    new TestHalf(),
    new TestHalf(),
    new TestClock(),
    new AbortController(),
    new AbortController(),
  ];
  const result = superviseHalves({ fd, sd }, { clock, signal: abort.signal, leaving: leave.signal, graceMs: 5, cancelMs: 30 });
  return { fd, sd, clock, abort, leave, result };
}

test("two good ends make the result, and nobody is told to stop", async () => {
  const { fd, sd, result } = world();
  fd.end("T");
  sd.end("T");
  const ends = await result;
  assert.deepEqual([ends.fd.kind, ends.sd.kind, fd.canceled, sd.canceled], ["ended", "ended", 0, 0]);
});

test("a half that fails takes the other one with it after a moment", async () => {
  const { fd, sd, clock, result } = world();
  sd.onCancel = () => sd.end("A");
  fd.end("f");
  await clock.pass(5);
  const ends = await result;
  assert.equal(sd.canceled, 1);
  assert.equal(ends.sd.kind === "ended" && ends.sd.end.status, "A");
});

test("a cancel reaches both, and one that does not answer is given up", async () => {
  const { fd, sd, clock, abort, result } = world();
  fd.cancel = async () => {
    throw new Error("no route");
  };
  sd.onCancel = () => sd.end("A");
  abort.abort();
  await clock.pass(30);
  const ends = await result;
  assert.deepEqual(ends.fd, { kind: "lost", reason: "it could not be told to stop: no route" });
  assert.equal(ends.sd.kind, "ended");
});

test("a lost client is waited for while the storage daemon still works, and given up some time after it ended", async () => {
  const { fd, sd, clock, result } = world();
  await settle();
  fd.onLink("lost", "connection refused");
  await settle();
  assert.equal(clock.sleeps.length, 0);
  sd.end("T");
  await clock.pass(100);
  const ends = await result;
  assert.deepEqual(ends.fd, { kind: "lost", reason: "given up: connection refused" });
});

test("a lost client that comes back in time is followed on", async () => {
  const { fd, sd, clock, result } = world();
  await settle();
  sd.end("T");
  await settle();
  fd.onLink("lost", "cut");
  await settle();
  assert.equal(clock.sleeps.length, 1);
  fd.onLink("connected", "");
  await settle();
  assert.equal(clock.sleeps.length, 0);
  fd.end("T");
  assert.equal((await result).fd.kind, "ended");
});

test("a daemon that does not know the job any more ends its half with its own words", async () => {
  const { fd, sd, clock, result } = world();
  sd.onCancel = () => sd.end("A");
  fd.fail(new Error("job unknown"));
  await clock.pass(5);
  assert.deepEqual((await result).fd, { kind: "lost", reason: "job unknown" });
});

test("a Director that stops leaves both daemons alone", async () => {
  const { fd, sd, clock, leave, result } = world();
  await settle();
  leave.abort(new Error("stopping"));
  await assert.rejects(result, /stopping/);
  await clock.pass(5);
  assert.deepEqual([fd.canceled, sd.canceled, clock.sleeps.length], [0, 0, 0]);
});
