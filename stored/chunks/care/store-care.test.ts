import { test } from "node:test";
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { truncateSync } from "node:fs";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemClock } from "#lib/base/clock.ts";
import { ChunkStore } from "../chunk-store.ts";
import { newStore, noise, runJob, sessionKey, storeSettings } from "../testing/store-bench.ts";
import { StoreCare } from "./store-care.ts";

const plains = [noise(1, 3000), noise(2, 3000), noise(3, 3000)];

async function storeWithJobs(directory: string, jobs: number): Promise<ChunkStore> {
  await using server = await newStore(directory);
  for (let id = 1; id <= jobs; id++) await runJob(server, directory, id, [...plains, noise(100 + id, 5000)]);
  await server.call("close", null);
  return await ChunkStore.open(storeSettings(directory));
}

function careOf(store: ChunkStore, quietMs = 1): StoreCare {
  return new StoreCare({ settings: store.settings, domains: () => store.domains.values(), quietMs });
}

test("when sessions were forgotten their chunks go by themselves", async () => {
  await using dir = await TempDir.make();
  await using store = await storeWithJobs(dir.path, 3);
  await using care = careOf(store);
  const domain = await store.domain("all");
  for (const id of [1, 2, 3]) {
    await store.forget([sessionKey(id)], undefined);
    care.collectSoon();
  }
  while (domain.index.count > 0 || domain.sealed.size > 0) await setImmediate();
  await care.vacuum(0);
  assert.match((await care.status()).join("\n"), /Last collection in domain all: 0 sessions need 0 chunks/);
});

test("tasks of care wait for each other", async () => {
  await using dir = await TempDir.make();
  await using store = await storeWithJobs(dir.path, 4);
  await using care = careOf(store);
  await store.forget([sessionKey(1), sessionKey(2)], undefined);
  const reports = await Promise.all([care.scrub(false), care.vacuum(100), care.verify(), care.scrub(true), care.vacuum(100)]);
  for (const { isClean, lines } of reports) assert.ok(isClean, lines.join("\n"));
  assert.equal((await store.domain("all")).index.count, plains.length + 2);
  assert.match((await careOf(store).status()).join("\n"), /Last scrub in domain all: .*no damage/, "also after a restart");
});

test("care that is ended gives up what it does", async () => {
  await using dir = await TempDir.make();
  await using store = await storeWithJobs(dir.path, 2);
  const care = careOf(store);
  const scrubbing = care.scrub(false);
  const vacuuming = care.vacuum(100);
  const ended = Promise.allSettled([scrubbing, vacuuming]);
  await care[Symbol.asyncDispose]();
  const outcomes = await ended;
  assert.equal(outcomes[1].status, "rejected");
  care.collectSoon();
});

test("references that cannot be read are told, and nothing is removed", async () => {
  await using dir = await TempDir.make();
  await using store = await storeWithJobs(dir.path, 2);
  await using care = careOf(store);
  const domain = await store.domain("all");
  const chunks = domain.index.count;
  truncateSync(domain.references.get(sessionKey(1))?.path ?? "", 10);
  await store.forget([sessionKey(2)], undefined);
  const vacuumed = await care.vacuum(100);
  assert.ok(!vacuumed.isClean);
  assert.match(vacuumed.lines.join("\n"), /collection was given up: the references .*1750000000-1.refs cannot be read/);
  assert.equal(domain.index.count, chunks);
  const verified = await care.verify();
  assert.match(verified.lines.join("\n"), /JobId 1 .*cannot be read/);
});

test("a scrub reads no more bytes a second than it may", async () => {
  await using dir = await TempDir.make();
  await using store = await storeWithJobs(dir.path, 3);
  let waitedMs = 0;
  const clock = {
    ...systemClock,
    monotonicMs: () => waitedMs,
    sleep: async (ms: number) => {
      waitedMs += ms;
    },
  };
  let bytes = 0;
  for (const { sealed } of store.domains.values()) for (const container of sealed.values()) bytes += container.bytes;
  const settings = { ...store.settings, scrubBytesPerS: 1000 };
  await using care = new StoreCare({ settings, domains: () => store.domains.values(), clock });
  assert.ok((await care.scrub(false)).isClean);
  assert.ok(waitedMs >= (bytes / 1000 - 0.25) * 1000, `${bytes} bytes were read in ${waitedMs} ms`);
});

test("who watches a work may stop it, and nothing is half done", async () => {
  await using dir = await TempDir.make();
  await using store = await storeWithJobs(dir.path, 3);
  await using care = careOf(store);
  await store.forget([sessionKey(1)], undefined);
  for (const work of ["vacuum", "scrub", "verify"] as const) {
    const stop = new AbortController();
    const lines: string[] = [];
    const tell = (line: string): void => {
      lines.push(line);
      stop.abort(new OperatorError("CANCELED", "stopped"));
    };
    const watch = { tell, signal: stop.signal };
    const working =
      work === "verify" ? care.verify(watch) : work === "scrub" ? care.scrub(true, watch) : care.vacuum(100, watch);
    await working.catch((error: unknown) => assert.equal((error as OperatorError).code, "CANCELED"));
    assert.match(lines[0] ?? "", / in domain all, 0 of /);
  }
  assert.ok((await care.vacuum(100)).isClean);
  const verified = await care.verify();
  assert.ok(verified.isClean, verified.lines.join("\n"));
});

test("a collection that was to come by itself comes also where an operator stopped his own", async () => {
  await using dir = await TempDir.make();
  await using store = await storeWithJobs(dir.path, 2);
  await using care = careOf(store);
  care.collectSoon(60_000);
  const stopped = AbortSignal.abort(new OperatorError("CANCELED", "stopped"));
  await assert.rejects(care.vacuum(100, { tell: () => {}, signal: stopped }), { code: "CANCELED" });
  assert.ok(care.isDue);
  await care.vacuum(100);
  assert.ok(!care.isDue);
});
