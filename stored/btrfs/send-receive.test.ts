import assert from "node:assert/strict";
import { test } from "node:test";
import { ReceiveStream } from "./send-receive.ts";

test("a receiving program that ends early is no endless wait for whoever writes", { timeout: 60_000 }, async () => {
  using stream = new ReceiveStream("/no/such/directory");
  const signal = AbortSignal.timeout(50_000);
  const writes = async () => {
    for (;;) await stream.write(new Uint8Array(1024 * 1024), signal);
  };
  await assert.rejects(writes(), { code: /^BTRFS_/ });
});
