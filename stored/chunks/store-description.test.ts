import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { StoreServer } from "./store-server.ts";
import { newStore, storeSettings } from "./testing/store-bench.ts";

test("a store that is not there is not made by opening it", async () => {
  await using dir = await TempDir.make();
  await using server = new StoreServer(storeSettings(dir.path));
  await assert.rejects(server.call("open", null), { code: "STORE_NOT_INITIALIZED" });
  await using elsewhere = new StoreServer(storeSettings(dir.file("not-mounted")));
  await assert.rejects(elsewhere.call("open", null), { code: "STORE_NOT_INITIALIZED" });
  await assert.rejects(elsewhere.call("init", null), { code: "DEVICE_OPEN_FAILED" });
});

test("a store is made once; its id stays", async () => {
  await using dir = await TempDir.make();
  await using first = await newStore(dir.path);
  const { store } = await first.call("open", null);
  await first.call("close", null);
  await using second = new StoreServer(storeSettings(dir.path));
  await assert.rejects(second.call("init", null), { code: "STORE_INVALID" });
  assert.equal((await second.call("open", null)).store, store);
});

test("where the description is lost but chunks are, no new store is made, and a copy brings it back", async () => {
  await using dir = await TempDir.make();
  await (await newStore(dir.path)).call("close", null);
  await rm(dir.file("@chunks", "store.json"));
  await using server = new StoreServer(storeSettings(dir.path));
  await assert.rejects(server.call("open", null), { code: "STORE_INVALID" });
  await assert.rejects(server.call("init", null), { code: "STORE_INVALID" });
  // As the hint says.
  await copyFile(dir.file("@chunks", "all", "store.json"), dir.file("@chunks", "store.json"));
  await server.call("open", null);
});

test("a description of a later release, or one that is damaged, is refused", async () => {
  await using dir = await TempDir.make();
  await (await newStore(dir.path)).call("close", null);
  const path = dir.file("@chunks", "store.json");
  const good = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  const refusals: [unknown, RegExp][] = [
    [{ ...good, format: 2 }, /format 2; this release knows 1/],
    [{ ...good, identity: "md5" }, /identities of kind "md5"/],
    [{ ...good, store: "no uuid" }, /no description/],
    [{ ...good, epoch: -1 }, /no description/],
    [[], /no description/],
    [null, /no description/],
  ];
  for (const [value, words] of refusals) {
    await writeFile(path, JSON.stringify(value));
    await using server = new StoreServer(storeSettings(dir.path));
    await assert.rejects(server.call("open", null), (error: Error & { code: string }) => {
      assert.equal(error.code, "STORE_INVALID");
      assert.match(error.message, words);
      return true;
    });
  }
  await writeFile(path, '{"format": 1, "sto');
  await using server = new StoreServer(storeSettings(dir.path));
  await assert.rejects(server.call("open", null), { code: "STORE_INVALID" });
  await rm(path);
  await mkdir(path);
  await assert.rejects(server.call("open", null), { code: "STORE_INVALID" });
});
