import assert from "node:assert/strict";
import { mkdir, readdir, rename, rm, truncate, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { seededRandom } from "#lib/testing/mutate-text.ts";
import { containerPath, unfinishedPath } from "./container-name.ts";
import { StoreServer } from "./store-server.ts";
import {
  frameOf,
  framesOf,
  idsOf,
  newStore,
  noise,
  runJob,
  sessionKey,
  storeSettings,
  writeReferences,
} from "./testing/store-bench.ts";
import { storedAs } from "./testing/stored-as.ts";

const start = { jobId: 1, pool: "Default", client: "c1" };

test("ten jobs that store the same chunks at once all find them, and each chunk is stored once", async () => {
  await using dir = await TempDir.make();
  const shared = Array.from({ length: 60 }, (_, i) => noise(i + 1, 3000));
  {
    await using server = await newStore(dir.path);
    let stored = 0;
    await Promise.all(
      Array.from({ length: 10 }, async (_, job) => {
        const session = sessionKey(job + 1);
        const own = Array.from({ length: 10 }, (__, i) => noise(1000 + job * 100 + i, 2000));
        const random = seededRandom(job);
        const plains = [...shared, ...own].toSorted(() => random() - 0.5);
        await server.call("begin", { session, ...start });
        for (let at = 0; at < plains.length; at += 7) {
          const part = plains.slice(at, at + 7);
          const known = await server.call("known", { session, ids: idsOf(part) });
          const missing = part.filter((_chunk, i) => (known[i >>> 3]! & (1 << (i & 7))) === 0);
          if (missing.length === 0) continue;
          const { newChunks } = await server.call("append", { session, frames: framesOf(missing) });
          stored += newChunks;
        }
        const references = writeReferences({ directory: dir.path, session }, [plains]);
        await server.call("commit", { session, references });
        assert.ok((await storedAs(server, session, plains)).every(Boolean));
      }),
    );
    assert.equal(stored, 160);
  }
  await using server = new StoreServer(storeSettings(dir.path));
  assert.equal((await server.call("open", null)).chunks, 160);
  assert.ok((await storedAs(server, sessionKey(1), shared)).every(Boolean));
});

test("what an abandoned job stored stays if another job was told of it, and goes if not", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const plains = [noise(1, 500), noise(2, 500)];
  for (const isTold of [false, true]) {
    const [lost, other] = [sessionKey(isTold ? 3 : 1), sessionKey(isTold ? 4 : 2)];
    await server.call("begin", { session: lost, ...start });
    await server.call("begin", { session: other, ...start });
    await server.call("append", { session: lost, frames: framesOf(plains) });
    if (isTold) await server.call("known", { session: other, ids: idsOf(plains.slice(0, 1)) });
    await server.call("abandon", { session: lost });
    const references = writeReferences({ directory: dir.path, session: other }, [plains.slice(0, 1)]);
    const commit = server.call("commit", { session: other, references });
    if (isTold) await commit;
    else await assert.rejects(commit, { code: "CHUNK_MISSING" });
    await server.call("abandon", { session: other });
  }
  assert.deepEqual(await storedAs(server, sessionKey(4), plains), [true, true]);
});

test("a commit makes whole also what it needs of another job's container, which goes on in a new one", async () => {
  await using dir = await TempDir.make();
  const [first, second] = [sessionKey(1), sessionKey(2)];
  const plains = [noise(1, 500), noise(2, 500), noise(3, 500)];
  {
    await using server = await newStore(dir.path);
    for (const session of [first, second]) await server.call("begin", { session, ...start });
    await server.call("append", { session: first, frames: framesOf(plains.slice(0, 2)) });
    await server.call("append", { session: second, frames: framesOf(plains.slice(0, 1)) });
    const references = writeReferences({ directory: dir.path, session: second }, [plains.slice(0, 1)]);
    await server.call("commit", { session: second, references });
    await server.call("append", { session: first, frames: framesOf(plains.slice(2)) });
    // As after a crash: the first job never ends.
  }
  await using server = new StoreServer(storeSettings(dir.path));
  const facts = await server.call("open", null);
  assert.deepEqual(await storedAs(server, second, plains), [true, true, false]);
  assert.equal(facts.containers, 1);
});

test("a lost chunk that a running job has stored again can be restored at once", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const plains = [noise(1, 500), noise(2, 500)];
  await runJob(server, dir.path, 1, plains);
  await server.call("close", null);
  await rm(containerPath(dir.file("@chunks", "all", "containers"), 1));
  await server.call("open", null);
  assert.deepEqual(await storedAs(server, sessionKey(1), plains), [false, false]);
  const session = sessionKey(2);
  await server.call("begin", { session, ...start });
  await server.call("append", { session, frames: framesOf(plains.slice(0, 1)) });
  assert.deepEqual(await storedAs(server, sessionKey(1), plains), [true, false]);
  await server.call("append", { session, frames: framesOf(plains.slice(1)) });
  const references = writeReferences({ directory: dir.path, session }, [plains]);
  await server.call("commit", { session, references });
  assert.deepEqual(await storedAs(server, sessionKey(1), plains), [true, true]);
});

test("a job's chunks fill one container after the other", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const session = sessionKey(1);
  await server.call("begin", { session, ...start });
  const base = noise(1, 1_000_000);
  const plains: Buffer[] = [];
  const appends: Promise<unknown>[] = [];
  for (let i = 0; i < 100; i++) {
    const plain = Buffer.from(base);
    plain.writeUInt32LE(i, 0);
    plains.push(plain);
    appends.push(server.call("append", { session, frames: frameOf(plain, 0) }));
  }
  await Promise.all(appends);
  const references = writeReferences({ directory: dir.path, session }, [plains]);
  assert.deepEqual(await server.call("commit", { session, references }), { references: 100, epoch: 1 });
  const { containers } = await server.call("open", null);
  assert.equal(containers, 3);
  assert.ok((await storedAs(server, session, plains.slice(30, 70))).every(Boolean));
});

test("the number of a container that was put aside is not given again", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  await runJob(server, dir.path, 1, [noise(1, 500)]);
  await server.call("close", null);
  await writeFile(dir.file("@chunks", "all", "damaged", "00000007-256.frame"), "");
  await runJob(server, dir.path, 2, [noise(2, 500)]);
  assert.deepEqual(await readdir(dir.file("@chunks", "all", "containers", "00")), ["00000001.ncc", "00000008.ncc"]);
});

test("what a crash leaves behind is removed at the next start, and said", async () => {
  await using dir = await TempDir.make();
  const plains = [noise(1, 700)];
  await using server = await newStore(dir.path);
  await runJob(server, dir.path, 1, plains);
  await server.call("close", null);
  const containers = dir.file("@chunks", "all", "containers");
  await writeFile(unfinishedPath(containers, 2), Buffer.alloc(1000));
  await mkdir(dir.file("@chunks", "all", "containers", "01"));
  await writeFile(unfinishedPath(containers, 256), "");
  await writeFile(dir.file("@chunks", "all", "sessions", "1750000000-2.new"), "half");
  const facts = await server.call("open", null);
  assert.deepEqual(
    facts.notes.map((note) => note.replace(containers, "HERE")),
    ["2 unfinished containers were removed from HERE"],
  );
  assert.deepEqual(await readdir(dir.file("@chunks", "all", "sessions")), ["1750000000-1.refs"]);
  assert.deepEqual(await readdir(dir.file("@chunks", "all", "containers", "01")), []);
  assert.deepEqual(await storedAs(server, sessionKey(1), plains), [true]);
});

test("a container that is cut off, renamed, of another store or no container is named; all others serve", async () => {
  await using dir = await TempDir.make();
  await using elsewhere = await TempDir.make();
  await using server = await newStore(dir.path);
  await using other = await newStore(elsewhere.path);
  await runJob(other, elsewhere.path, 1, [noise(50, 500)]);
  for (let id = 1; id <= 4; id++) await runJob(server, dir.path, id, [noise(id, 500), noise(10 + id, 500)]);
  await server.call("close", null);
  const containers = dir.file("@chunks", "all", "containers");
  await truncate(containerPath(containers, 2), 256 + 48 + 500 + 48);
  await rename(containerPath(containers, 3), containerPath(containers, 9));
  await rename(containerPath(elsewhere.file("@chunks", "all", "containers"), 1), containerPath(containers, 7));
  await writeFile(containerPath(containers, 8), "nonsense");
  const { notes, chunks } = await server.call("open", null);
  assert.deepEqual(notes.map((note) => note.replace(`container ${containers}/00/`, "")).toSorted(), [
    "00000002.ncc has a damaged footer, or is cut off; 1 intact chunks were found in it",
    "00000007.ncc is of another store, and is not used",
    "00000008.ncc is cut off: it has 8 bytes; 0 intact chunks were found in it",
    "00000009.ncc was renamed: it is container 3, and is not used",
  ]);
  assert.equal(chunks, 5);
  assert.deepEqual(await storedAs(server, sessionKey(4), [noise(4, 500), noise(2, 500), noise(12, 500)]), [true, true, false]);
});

test("chunks are shared within a domain, and not beyond it", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path, { domain: "client" });
  const plains = [noise(1, 500)];
  const domains: string[] = [];
  for (const [i, client] of ["one", "two", "one", "a/b c", "x".repeat(250)].entries()) {
    const session = sessionKey(i + 1);
    const { domain } = await server.call("begin", { session, jobId: i, pool: "Default", client });
    domains.push(domain);
    const isKnown = (await server.call("known", { session, ids: idsOf(plains) }))[0] === 1;
    assert.equal(isKnown, i === 2, client);
    await server.call("append", { session, frames: framesOf(plains) });
    const references = writeReferences({ directory: dir.path, domain, session }, [plains]);
    await server.call("commit", { session, references });
  }
  assert.deepEqual(domains.slice(0, 4), ["client-one", "client-two", "client-one", "client-a%2Fb%20c"]);
  assert.equal(domains[4]!.length, 154);
  await server.call("close", null);
  assert.equal((await server.call("open", null)).chunks, 4);
  for (let id = 1; id <= 5; id++) assert.deepEqual(await storedAs(server, sessionKey(id), plains), [true]);
});

test("a job that is abandoned, or whose store is closed, while it commits is committed or not, never half", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const isKept: boolean[] = [];
  for (let id = 1; id <= 20; id++) {
    const session = sessionKey(id);
    const plains = [noise(id, 500), noise(1000 + id, 500)];
    await server.call("begin", { session, ...start });
    await server.call("append", { session, frames: framesOf(plains) });
    const references = writeReferences({ directory: dir.path, session }, [plains]);
    const turns = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await setImmediate();
    };
    const commit = turns(id % 5).then(() => server.call("commit", { session, references }));
    const end = turns(id % 7).then(() => (id % 2 === 0 ? server.call("close", null) : server.call("abandon", { session })));
    const [committed] = await Promise.allSettled([commit, end]);
    await server.call("open", null);
    isKept.push(committed.status === "fulfilled");
    assert.deepEqual(await storedAs(server, session, plains), Array(2).fill(committed.status === "fulfilled"), `job ${id}`);
  }
  assert.ok(isKept.includes(true) && isKept.includes(false));
  assert.equal((await server.call("verify", null)).isClean, true);
});

test("a run of frames that is broken is refused whole", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const session = sessionKey(1);
  await server.call("begin", { session, ...start });
  const frames = framesOf([noise(1, 500), noise(2, 500)]);
  const broken = frames.subarray(0, frames.length - 1);
  await assert.rejects(server.call("append", { session, frames: broken }), { code: "CHUNK_FRAME_INVALID" });
  await assert.rejects(server.call("known", { session, ids: new Uint8Array(33) }), { code: "CHUNK_FRAME_INVALID" });
  assert.equal((await server.call("open", null)).chunks, 0);
  await assert.rejects(server.call("append", { session: sessionKey(2), frames }), { code: "CANCELED" });
});
