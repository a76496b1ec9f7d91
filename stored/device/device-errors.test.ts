import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import type { WalkedRun, WalkOptions } from "../testing/device-error-walk.ts";

const failingCalls = new URL("../testing/failing-calls.ts", import.meta.url);
const walker = fileURLToPath(new URL("../testing/device-error-walk.ts", import.meta.url));

/** All places and all errors take minutes; a few of each run always. */
const isThorough = process.env.NOCTURNE_DEVICE_ERRORS === "all";
const timeout = isThorough ? 3_600_000 : 600_000;
const step = isThorough ? 1 : 7;
const errors = ["EIO", "ENOSPC", "ENXIO", "EROFS", "EACCES", "EDQUOT", "EFBIG", "ENODEV"] as const;

/** Walks through failures of a disk under a real storage daemon; nothing may be wrong with any run. */
async function walked(wish: Partial<WalkOptions>): Promise<readonly WalkedRun[]> {
  await using scratch = await TempDir.make();
  const run = spawnSync(process.execPath, ["--import", failingCalls.href, walker, JSON.stringify({ step, ...wish })], {
    env: { ...process.env, TMPDIR: scratch.path, NOCTURNE_FAILING_BELOW: scratch.path, NODE_TEST_CONTEXT: "" },
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  assert.equal(run.status, 0, `${run.stderr.slice(-3000)}`);
  const runs = run.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as WalkedRun);
  assert.ok(runs.length > 0, "no failure was met");
  const wrong = runs.filter(({ fault }) => fault !== "");
  assert.deepEqual(wrong, [], wrong.map(({ fault, plan }) => `${fault} (${JSON.stringify(plan)})`).join("\n"));
  return runs;
}

const say = (run: WalkedRun) =>
  `${JSON.stringify(run.plan)} ${run.statuses.join()} ${run.volumes.join()}\n${run.messages.join("\n")}`;

test("a write that fails once, wherever, costs a job nothing but a warning", { timeout }, async () => {
  for (const run of await walked({ kinds: ["write"], failures: ["EIO"] })) {
    assert.deepEqual(run.statuses, ["T", "T"], say(run));
    assert.ok(run.warnings > 0, say(run));
  }
});

test("an end of the medium, in whatever way it shows, is followed by the next Volume", { timeout }, async () => {
  const failures = isThorough ? (["ENOSPC", "ENXIO", "EDQUOT", "EFBIG", "ZERO", "SHORT"] as const) : (["ENXIO"] as const);
  for (const run of await walked({ kinds: ["write"], failures })) assert.deepEqual(run.statuses, ["T", "T"], say(run));
});

test("a write-protected Volume becomes Read-Only, is never in Error for it, and the job goes on", { timeout }, async () => {
  // The second write is the first behind a label.
  const runs = await walked({ kinds: ["write"], failures: ["EROFS"], step: isThorough ? 1 : 8, first: 2 });
  for (const run of runs) assert.ok(!run.volumes.includes("Error"), say(run));
  assert.ok(runs.some(({ volumes, statuses }) => volumes.includes("Read-Only") && statuses.join() === "T,T"));
});

test(
  "a device that fails for good makes jobs fail with the reason, and no Volume that holds data is lost",
  { timeout },
  async () => {
    const runs = await walked({ kinds: ["write"], failures: ["EIO"], lasting: [true], step: isThorough ? 1 : 9 });
    for (const run of runs) {
      assert.equal(run.statuses.at(-1), "E", say(run));
      assert.match(run.messages.join("\n"), /EIO/);
    }
  },
);

const failures = isThorough ? errors : (["EIO"] as const);

test("a failed fsync loses nothing that was reported as saved", { timeout }, async () => {
  await walked({ kinds: ["sync"], failures });
});

test("a failed open, cut or name loses nothing that was reported as saved", { timeout }, async () => {
  await walked({ kinds: ["open", "name", "truncate"], failures, step: isThorough ? 1 : 9 });
});

test("a failed close loses nothing that was reported as saved", { timeout }, async () => {
  await walked({ kinds: ["close"], failures, step: isThorough ? 1 : 9 });
});

test("a failed close is only a warning where that is said", { timeout }, async () => {
  for (const run of await walked({
    kinds: ["close"],
    failures: ["EIO"],
    device: "Ignore Close Errors = yes",
    first: 2,
    step: 2,
  })) {
    if (!/Ignore Close Errors/.test(run.messages.join("\n"))) continue;
    assert.deepEqual(run.statuses, ["T", "T"], say(run));
    assert.ok(!run.volumes.includes("Error"), say(run));
  }
});

test("an error that the device's EOD Error Code names is the end of the medium", { timeout }, async () => {
  const [run] = await walked({ kinds: ["write"], failures: ["EIO"], device: "EOD Error Code = EIO", first: 2, step: 1000 });
  assert.ok(run !== undefined);
  assert.deepEqual(run.statuses, ["T", "T"], say(run));
  assert.equal(run.volumes[0], "Full");
});

test("an error that the device's Write Protect Error Code names makes the Volume Read-Only", { timeout }, async () => {
  const device = "Write Protect Error Code = EIO";
  const [run] = await walked({ kinds: ["write"], failures: ["EIO"], device, first: 2, step: 1000 });
  assert.ok(run !== undefined);
  assert.deepEqual(run.statuses, ["T", "T"], say(run));
  assert.equal(run.volumes[0], "Read-Only");
});

test("a read that fails once is done again", { timeout }, async () => {
  for (const run of await walked({ kinds: ["read"], failures: ["EIO"], step: isThorough ? 1 : 2 })) {
    assert.deepEqual(run.statuses, ["T", "T"], say(run));
    assert.ok(!run.volumes.includes("Error"), say(run));
  }
});
