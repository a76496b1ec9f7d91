import assert from "node:assert/strict";
import { chmodSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { unfinishedPath } from "./container-name.ts";
import { ReadStore } from "./read-store.ts";
import { StoreServer } from "./store-server.ts";
import { idsOf, newStore, noise, runJob, storeSettings } from "./testing/store-bench.ts";

const plains = [noise(1, 70_000), noise(2, 90_000)];

/** Every name below a directory with its bytes and the time of its last change. */
function everythingIn(directory: string): Map<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return new Map(
    names.map((name) => {
      const path = join(directory, name);
      const { mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
      return [name, `${mtimeNs} ${ctimeNs} ${lstatSync(path).isFile() ? readFileSync(path, "hex") : ""}`];
    }),
  );
}

test("a store is read without a change to anything in it, also to what a crash left", async () => {
  await using dir = await TempDir.make();
  const server = await newStore(dir.path);
  const session = await runJob(server, dir.path, 1, plains);
  await server.call("close", null);
  writeFileSync(unfinishedPath(dir.file("@chunks/all/containers"), 2), "half a container");
  const before = everythingIn(dir.path);
  {
    await using store = await ReadStore.open(dir.path);
    await using another = await ReadStore.open(dir.path);
    const places = await store.locate(session, idsOf([...plains, noise(3, 9)]));
    assert.deepEqual([...places.containers], [1, 1, 0]);
    assert.deepEqual(await another.locate({ id: 77, time: 1 }, idsOf(plains)), await store.locate(session, idsOf(plains)));
    assert.match(store.notes.join("\n"), /1 unfinished containers in .* are passed over/);
  }
  assert.deepEqual(everythingIn(dir.path), before);
});

test("a store that may be written to meanwhile is not read, and one that is read is not opened for writing", async () => {
  await using dir = await TempDir.make();
  const server = await newStore(dir.path);
  await assert.rejects(ReadStore.open(dir.path), { code: "STORE_IN_USE" });
  await server.call("close", null);
  {
    await using _reader = await ReadStore.open(dir.path);
    await using writer = new StoreServer(storeSettings(dir.path));
    await assert.rejects(writer.call("open", null), { code: "STORE_IN_USE" });
  }
  await using again = new StoreServer(storeSettings(dir.path));
  assert.equal((await again.call("open", null)).chunks, 0);
});

test("a copy of a store without its lock file is read", async () => {
  await using dir = await TempDir.make();
  const server = await newStore(dir.path);
  const session = await runJob(server, dir.path, 1, plains);
  await server.call("close", null);
  rmSync(dir.file("@chunks/lock"));
  chmodSync(dir.file("@chunks"), 0o500);
  await using store = await ReadStore.open(dir.path);
  assert.deepEqual([...(await store.locate(session, idsOf(plains))).containers], [1, 1]);
  chmodSync(dir.file("@chunks"), 0o700);
});
