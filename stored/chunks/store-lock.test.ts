import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { StoreServer } from "./store-server.ts";
import { newStore, storeSettings } from "./testing/store-bench.ts";

test("a store that another process has open is refused, until that process is gone, however it went", async () => {
  await using dir = await TempDir.make();
  await (await newStore(dir.path)).call("close", null);
  const script = fileURLToPath(new URL("testing/hold-store.ts", import.meta.url));
  const holder = spawn(process.execPath, [script, dir.path], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(holder, "exit");
  await using server = new StoreServer(storeSettings(dir.path));
  try {
    await once(holder.stdout, "data");
    await assert.rejects(server.call("open", null), (error: Error & { code: string }) => {
      assert.equal(error.code, "STORE_IN_USE");
      assert.match(error.message, new RegExp(`process ${holder.pid} has the store open`));
      return true;
    });
  } finally {
    holder.kill("SIGKILL");
    await ended;
  }
  assert.equal((await server.call("open", null)).chunks, 0);
});

test("a store is opened once within a process, and again after it was closed", async () => {
  await using dir = await TempDir.make();
  await using first = await newStore(dir.path);
  await using second = new StoreServer(storeSettings(dir.path));
  await assert.rejects(second.call("open", null), { code: "STORE_IN_USE" });
  await first.call("close", null);
  await second.call("open", null);
});
