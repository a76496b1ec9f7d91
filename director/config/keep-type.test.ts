import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDirectorConfig } from "./load.ts";
import { keepText } from "../retention/keep-rules.ts";
import { formatDuration } from "#lib/base/duration.ts";

const config = async (keep: string) =>
  await parseDirectorConfig(`Director { Name = d; QueryFile = /dev/null; WorkingDirectory = /tmp; Password = p; Messages = M }
Messages { Name = M; console = all }
Catalog { Name = C; dbname = c }
Pool { Name = P; Pool Type = Backup; Keep = ${keep} }
`);
const rule = async (keep: string) => (await config(keep)).pools.get("P")!.keep;

test("a rule is a list of counts and periods, quoted or not", async () => {
  const wanted = { last: 3, hourly: 24, daily: 7, weekly: 4, monthly: 12, yearly: 3, minimumAge: 172_800 };
  assert.deepEqual(await rule("last 3, 24 hourly, 7 daily, 4 weekly, 12 monthly, 3 yearly, minimum age 2 days"), wanted);
  assert.deepEqual(await rule('"last 3, 24 hourly, 7 daily, 4 weekly, 12 monthly, 3 yearly, minimum age 2 days"'), wanted);
  assert.deepEqual((await rule("7 Daily"))!.daily, 7);
});

test("what is no rule is refused, with an example", async () => {
  for (const wrong of [
    "7",
    "daily",
    "0 daily",
    "7 daily, 3 daily",
    "7 dayly",
    "7 daily,",
    "minimum age soon",
    "last",
    "1000000 daily",
  ])
    await assert.rejects(config(wrong), (error: Error) => /Keep|keep|daily/.test(String(error)), wrong);
});

test("what is printed is read back as the same rule", async () => {
  const count = fc.integer({ min: 1, max: 400 });
  const any = fc.record({
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    minimumAge: fc.integer({ min: 1, max: 10 ** 8 }),
  });
  await fc.assert(
    fc.asyncProperty(any, async (one) => assert.deepEqual(await rule(keepText(one, formatDuration)), { ...one })),
    { numRuns: 20 },
  );
});
