import assert from "node:assert/strict";
import fs, { openSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { mock, test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { SyncedFile } from "./disk-file.ts";

type Synced = (error: Error | null) => void;

/** Stands in for the kernel: what fdatasync and fsync were asked, to be answered by hand. */
function heldSyncs(): Disposable & { readonly fsync: Synced[]; readonly fdatasync: Synced[] } {
  const held = { fsync: [] as Synced[], fdatasync: [] as Synced[] };
  const mocks = (["fsync", "fdatasync"] as const).map((name) =>
    mock.method(fs, name, ((_fd: number, done: Synced) => void held[name].push(done)) as typeof fs.fsync),
  );
  syncBuiltinESMExports();
  const dispose = (): void => {
    for (const each of mocks) each.mock.restore();
    syncBuiltinESMExports();
  };
  return { ...held, [Symbol.dispose]: dispose };
}

function ownerTells(doing: string, cause: unknown): Error {
  return new Error(`${doing} failed`, { cause });
}

const turns = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

test("of jobs that end together none takes a failed sync for a good one, though the kernel tells it only once", async () => {
  await using dir = await TempDir.make();
  using file = new SyncedFile(openSync(dir.file("volume"), "w"), { failure: ownerTells });
  using kernel = heldSyncs();
  const [first, second] = [file.sync(), file.sync()];
  const told = Promise.allSettled([first, second]);
  await turns();
  // In any order of the answers: the second one, asked beside the first, would be told that all is well.
  kernel.fsync[1]?.(null);
  kernel.fsync[0]!(new Error("EIO"));
  await turns();
  assert.deepEqual(
    (await told).map(({ status }) => status),
    ["rejected", "rejected"],
  );
  await assert.rejects(file.sync(), /making it durable failed/);
});

test("a writeback ahead of time does not take away the failure that a sync beside it would have been told", async () => {
  await using dir = await TempDir.make();
  using file = new SyncedFile(openSync(dir.file("volume"), "w"), { failure: ownerTells });
  using kernel = heldSyncs();
  const ending = file.sync();
  await turns();
  file.startWriteback();
  assert.equal(kernel.fdatasync.length, 0, "it waits until the sync is over");
  kernel.fsync[0]!(null);
  await ending;
  file.startWriteback();
  kernel.fdatasync[0]!(new Error("EIO"));
  await assert.rejects(file.sync(), /making it durable failed/);
});
