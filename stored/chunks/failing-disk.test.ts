import assert from "node:assert/strict";
import { mkdir, open, readdir } from "node:fs/promises";
import { mock, test } from "node:test";
import { describeError } from "#lib/errors/operator-error.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { writeFailure } from "./durable.ts";
import { StoreServer } from "./store-server.ts";
import { framesOf, idsOf, newStore, noise, runJob, sessionKey, storeSettings, writeReferences } from "./testing/store-bench.ts";
import type { FileHandle } from "node:fs/promises";

const start = { jobId: 1, pool: "Default", client: "c1" };

function systemError(code: string, errno: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: what the system says`), { code, errno });
}

/** The class of open files, whose calls fail here as those of a failing disk do. */
async function fileHandles(dir: TempDir): Promise<FileHandle> {
  await using file = await open(dir.path);
  return Object.getPrototypeOf(file) as FileHandle;
}

test("of a container that could not be made durable nothing is relied on: no job that needs it is committed", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const plains = [noise(1, 500), noise(2, 500)];
  await runJob(server, dir.path, 1, [noise(3, 500)]);
  const [first, second] = [sessionKey(2), sessionKey(3)];
  for (const session of [first, second]) await server.call("begin", { session, ...start });
  await server.call("append", { session: first, frames: framesOf(plains) });
  await server.call("known", { session: second, ids: idsOf(plains) });
  const references = writeReferences({ directory: dir.path, session: first }, [plains]);
  const failing = mock.method(await fileHandles(dir), "sync", async () => {
    throw systemError("EIO", -5);
  });
  await assert.rejects(server.call("commit", { session: first, references }), { code: "DEVICE_IO_FAILED" });
  failing.mock.restore();
  await server.call("abandon", { session: first });
  const others = writeReferences({ directory: dir.path, session: second }, [plains]);
  await assert.rejects(server.call("commit", { session: second, references: others }), { code: "CHUNK_MISSING" });
  await server.call("abandon", { session: second });
  assert.deepEqual(await readdir(dir.file("@chunks", "all", "containers", "00")), ["00000001.ncc"]);
  await runJob(server, dir.path, 4, plains);
  assert.equal((await server.call("open", null)).chunks, 3);
});

test("wherever a job's end finds no room at a sync, it is made again and the job is saved", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const handles = await fileHandles(dir);
  const real = handles.sync;
  for (let nth = 1, isDone = false; !isDone; nth++) {
    const session = sessionKey(nth);
    const plains = [noise(nth * 10, 500), noise(nth * 10 + 1, 1500)];
    await mkdir(dir.file("Vol-1"), { recursive: true });
    await server.call("begin", { session, ...start });
    await server.call("append", { session, frames: framesOf(plains) });
    const references = writeReferences({ directory: dir.path, session }, [plains]);
    let calls = 0;
    const failing = mock.method(handles, "sync", async function sync(this: FileHandle) {
      if (++calls === nth) throw systemError("ENOSPC", -28);
      await real.call(this);
    });
    assert.equal((await server.call("commit", { session, references })).references, 2, `sync ${nth}`);
    isDone = calls < nth;
    failing.mock.restore();
  }
  const report = await server.call("scrub", { lookOnly: true });
  assert.equal(report.isClean, true, report.lines.join("\n"));
  await server.call("close", null);
  await using again = new StoreServer(storeSettings(dir.path));
  const facts = await again.call("open", null);
  assert.deepEqual(facts.notes, []);
  assert.ok(facts.chunks > 6);
});

test("what a disk without room let go of at a sync is never taken for durable", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const session = sessionKey(1);
  await server.call("begin", { session, ...start });
  const plains = [noise(1, 500), noise(2, 500)];
  await server.call("append", { session, frames: framesOf(plains) });
  const references = writeReferences({ directory: dir.path, session }, [plains]);
  let isFirst = true;
  const handles = await fileHandles(dir);
  const real = handles.sync;
  const failing = mock.method(handles, "sync", async function sync(this: FileHandle) {
    if (!isFirst) return await real.call(this);
    isFirst = false;
    await this.write(Buffer.alloc(100), 0, 100, 900); // as a kernel that drops the pages that it could not write
    throw systemError("ENOSPC", -28);
  });
  await assert.rejects(server.call("commit", { session, references }), { code: "CONTAINER_DAMAGED" });
  failing.mock.restore();
  await assert.rejects(server.call("commit", { session, references }), { code: "CHUNK_MISSING" });
  await server.call("abandon", { session });
  await runJob(server, dir.path, 2, plains);
});

test("a write that fails otherwise ends its job, and the container keeps the chunks before it", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const session = sessionKey(1);
  await server.call("begin", { session, ...start });
  const plains = [noise(1, 500), noise(2, 500), noise(3, 500)];
  await server.call("append", { session, frames: framesOf(plains.slice(0, 1)) });
  const failing = mock.method(await fileHandles(dir), "writev", async () => {
    throw systemError("EIO", -5);
  });
  const two = [1, 2].map((i) => server.call("append", { session, frames: framesOf(plains.slice(i, i + 1)) }));
  for (const append of two) await assert.rejects(append, { code: "DEVICE_IO_FAILED" });
  failing.mock.restore();
  assert.deepEqual([...(await server.call("known", { session, ids: idsOf(plains) }))], [0b001]);
  await server.call("append", { session, frames: framesOf(plains.slice(2)) });
  const references = writeReferences({ directory: dir.path, session }, [[plains[0]!, plains[2]!]]);
  await server.call("commit", { session, references });
});

test("a full disk, a quota that is exceeded and a failing disk are told apart", () => {
  const text = (code: string, errno: number): string => {
    const error = writeFailure("writing container 1", systemError(code, errno));
    return `${error.code} ${describeError(error)}`;
  };
  assert.match(text("ENOSPC", -28), /^STORE_FULL writing container 1 failed: ENOSPC/);
  assert.match(text("EDQUOT", -122), /^QUOTA_EXCEEDED writing container 1 failed: quota exceeded: EDQUOT/);
  assert.match(text("EIO", -5), /^DEVICE_IO_FAILED writing container 1 failed: EIO/);
});
