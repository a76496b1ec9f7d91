import assert from "node:assert/strict";
import { test } from "node:test";
import { Changes } from "../job/changes.ts";
import { OperatorWait } from "./operator-wait.ts";
import type { JobVoice } from "../job/job-voice.ts";

const voice = { say: () => {}, enter: () => {} } as unknown as JobVoice;

test("what an operator does while a job looks is not missed by the wait that follows", async () => {
  const poke = new Changes();
  const wait = new OperatorWait({ voice, poke, maxWaitMs: 1_000_000, signal: AbortSignal.timeout(2000) });
  poke.notify(); // a Volume is labeled after the Director has said that there is none
  await wait.until("m", "a Volume");
  poke.notify();
  await wait.until("m", "a Volume");
  await assert.rejects(wait.until("m", "a Volume"), { name: "TimeoutError" });
});
