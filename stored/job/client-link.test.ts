import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ClientLink } from "./client-link.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

test("waits beside a client's connection leave nothing behind when they are over", async () => {
  const link = new ClientLink({ client: "c", graceMs: 1_000_000 });
  const { signal } = new AbortController();
  const waits = async (count: number) => {
    for (let at = 0; at < count; at += 1) await link.orLost(Promise.resolve(at), signal);
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await waits(1000);
  const after = await waits(100_000);
  link.close();
  assert.ok(after - before < 5_000_000, `${after - before} bytes stay after 100,000 waits`);
});

test("a client that stays away too long is told as lost", async () => {
  const link = new ClientLink({ client: "c", graceMs: 10 });
  await assert.rejects(link.orLost(new Promise(() => {}), new AbortController().signal), { code: "JOB_CLIENT_LOST" });
  await assert.rejects(link.orLost(new Promise(() => {}), new AbortController().signal), { code: "JOB_CLIENT_LOST" });
});
