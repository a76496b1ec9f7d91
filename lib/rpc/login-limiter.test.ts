import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#lib/testing/fake-clock.ts";
import { FAILED_LOGINS_MAX, FAILED_LOGINS_WINDOW_MS, LoginLimiter } from "./login-limiter.ts";

test("a source waits after too many failures, until the window is over or another source is meant", async () => {
  const clock = new FakeClock();
  const limiter = new LoginLimiter(clock);
  for (let count = 0; count < FAILED_LOGINS_MAX; count++) limiter.failed("a");
  assert.ok(limiter.waitMs("a") > 0);
  assert.equal(limiter.waitMs("b"), 0);
  await clock.advance(FAILED_LOGINS_WINDOW_MS + 1);
  assert.equal(limiter.waitMs("a"), 0);
});

test("a success forgets the failures before it", () => {
  const limiter = new LoginLimiter(new FakeClock());
  for (let count = 1; count < FAILED_LOGINS_MAX; count++) limiter.failed("a");
  limiter.succeeded("a");
  limiter.failed("a");
  assert.equal(limiter.waitMs("a"), 0);
});

test("a flood of sources is forgotten oldest first", () => {
  const limiter = new LoginLimiter(new FakeClock());
  for (let count = 0; count < FAILED_LOGINS_MAX; count++) limiter.failed("first");
  for (let count = 0; count < 10_000; count++) limiter.failed(`source ${count}`);
  assert.equal(limiter.waitMs("first"), 0);
});
