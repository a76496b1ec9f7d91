import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import test from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { LoopFileSystem, whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { DeviceTrouble } from "./device-trouble.ts";
import { DeviceWatch } from "./device-watch.ts";
import { nextWatch, type WatchState } from "./watch-state.ts";

const answers: WatchState = { kind: "answers", failure: "" };
const asked: WatchState = { kind: "asked", number: 1, sinceMs: 5, failure: "" };

test("a probe that comes back in time leaves the device as it was", () => {
  assert.deepEqual(nextWatch(answers, { kind: "sent", number: 1, atMs: 5 }), asked);
  assert.deepEqual(nextWatch(asked, { kind: "result", number: 1, failure: "" }), answers);
});

test("a late probe makes it hung, since the probe was sent, until that very probe comes back", () => {
  const hung = nextWatch(asked, { kind: "late", number: 1 });
  assert.deepEqual(hung, { kind: "hung", number: 1, sinceMs: 5 });
  assert.equal(nextWatch(hung, { kind: "result", number: 0, failure: "" }), hung);
  assert.deepEqual(nextWatch(hung, { kind: "result", number: 1, failure: "" }), answers);
  assert.equal(nextWatch(answers, { kind: "late", number: 1 }), answers, "a limit that fires after the answer");
});

test("work on a device that hangs is given up only when it was canceled", async () => {
  const trouble = new DeviceTrouble();
  const cancel = new AbortController();
  const work = Promise.withResolvers<string>();
  const given = trouble.orGiveUp(work.promise, cancel.signal);
  cancel.abort(new Error("canceled"));
  trouble.begin(1);
  await assert.rejects(given, /canceled/);
  trouble.end();
  const other = trouble.orGiveUp(work.promise, new AbortController().signal);
  trouble.begin(2);
  work.resolve("done");
  assert.equal(await other, "done");
  await trouble.orLeave(new Promise(() => {}));
});

test("a canceled work ends by itself where the device does not hang", async () => {
  const work = Promise.withResolvers<string>();
  const given = new DeviceTrouble().orGiveUp(work.promise, AbortSignal.abort());
  work.resolve("ended well");
  assert.equal(await given, "ended well");
});

interface Heard {
  readonly told: string[];
  next(): Promise<string>;
}

function hearing(directory: string, limitMs: number, mayWrite = true): Heard & Disposable {
  const told: string[] = [];
  let wake = () => {};
  const say = (text: string) => {
    told.push(text);
    wake();
  };
  const options = { name: "D", directory, mayWrite, intervalMs: 20, limitMs };
  const watch = new DeviceWatch(options, {
    hung: () => say("hung"),
    back: () => say("back"),
    failing: (reason) => say(`failing ${reason}`),
  });
  return {
    told,
    next: async () => {
      while (told.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
      return told.shift() ?? "";
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

test("a directory that goes away and comes back is told once each, and nothing is left in it", async () => {
  await using dir = await TempDir.make();
  mkdirSync(dir.file("volumes"));
  // Its timers do not keep the process; the test does.
  const keep = setInterval(() => {}, 1000);
  using heard = hearing(dir.file("volumes"), 60_000);
  rmSync(dir.file("volumes"), { recursive: true });
  assert.match(await heard.next(), /failing ENOENT/);
  mkdirSync(dir.file("volumes"));
  assert.equal(await heard.next(), "failing ");
  clearInterval(keep);
  assert.deepEqual(
    readdirSync(dir.file("volumes")).filter((name) => name !== ".nocturne-probe"),
    [],
  );
});

for (const type of ["btrfs", "ext4"] as const) {
  test(`a frozen ${type} is found to hang and to be back`, { skip: whyNoLoop(type) ?? false }, async () => {
    await using disk = LoopFileSystem.make({ type, bytes: 256 << 20 });
    const keep = setInterval(() => {}, 1000);
    using heard = hearing(disk.path, 300);
    disk.freeze();
    assert.equal(await heard.next(), "hung");
    disk.thaw();
    assert.equal(await heard.next(), "back");
    clearInterval(keep);
  });
}
