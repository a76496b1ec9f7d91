import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { ChunkStore } from "../chunk-store.ts";
import { framesOf, idsOf, noise, sessionKey, storeSettings, writeReferences } from "../testing/store-bench.ts";
import { collect } from "./collect.ts";
import { SteppedCollection } from "./testing/stepped-collection.ts";
import { readChunks } from "./testing/read-session.ts";
import type { Collected } from "./collect.ts";
import type { StoreDomain } from "../store-domain.ts";

const start = { pool: "Default", client: "c1" };
/** Chunks that the jobs of these tests deal with. */
const pieces = Array.from({ length: 24 }, (_, number) => noise(number + 1, 400 + number * 97));
const piecesOf = (numbers: Iterable<number>): Buffer[] => [...numbers].flatMap((number) => pieces[number] ?? []);

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 0xff;
  writeFileSync(path, bytes);
}

/** A store with its one domain, as a test drives it. */
class World implements AsyncDisposable {
  readonly directory: string;
  store: ChunkStore;
  domain: StoreDomain;

  private constructor(directory: string, store: ChunkStore, domain: StoreDomain) {
    this.directory = directory;
    this.store = store;
    this.domain = domain;
  }

  static async make(directory: string): Promise<World> {
    await ChunkStore.init(storeSettings(directory));
    return await World.open(directory);
  }

  static async open(directory: string): Promise<World> {
    const store = await ChunkStore.open(storeSettings(directory));
    return new World(directory, store, await store.domain("all"));
  }

  async begin(job: number): Promise<void> {
    await this.store.begin({ session: sessionKey(job), jobId: job, ...start });
  }

  async append(job: number, numbers: Iterable<number>): Promise<void> {
    await this.store.append(sessionKey(job), framesOf(piecesOf(numbers)));
  }

  known(job: number, numbers: readonly number[]): number[] {
    const bits = this.store.known(sessionKey(job), idsOf(piecesOf(numbers)));
    return numbers.filter((_, i) => ((bits[i >> 3] ?? 0) >> (i & 7)) & 1);
  }

  async commit(job: number, numbers: Iterable<number>): Promise<void> {
    const list = piecesOf(numbers);
    const references = writeReferences(
      { directory: this.directory, session: sessionKey(job) },
      list.length === 0 ? [] : [list],
    );
    await this.store.commit(sessionKey(job), references);
  }

  async job(job: number, numbers: readonly number[]): Promise<void> {
    await this.begin(job);
    await this.append(job, numbers);
    await this.commit(job, numbers);
  }

  async forget(job: number): Promise<void> {
    assert.equal(await this.store.forget([sessionKey(job)], undefined), 1);
  }

  async collect(livePercent = 50): Promise<Collected> {
    return await new SteppedCollection(this.domain, livePercent).finish();
  }

  async assertReadable(job: number, numbers: Iterable<number>): Promise<void> {
    assert.equal(await readChunks(this.store, sessionKey(job), piecesOf(numbers)), undefined);
  }

  /** Bytes of all files of containers. */
  get containerBytes(): number {
    const folder = join(this.directory, "@chunks", "all", "containers");
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".ncc"));
    return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
  }
}

test("job 5 is whole after job 1, whose chunks it and jobs 2 to 4 referred to without asking, was forgotten", async () => {
  await using dir = await TempDir.make();
  await using world = await World.make(dir.path);
  await world.job(1, [0, 1, 2, 3]);
  for (const job of [2, 3, 4, 5]) {
    await world.begin(job);
    assert.deepEqual(await world.store.hold(sessionKey(job), [sessionKey(job - 1)]), [true]);
    await world.commit(job, [0, 1, 2]);
    await world.forget(job - 1);
    await world.collect();
  }
  await world.assertReadable(5, [0, 1, 2]);
  await world.collect(100);
  await world.assertReadable(5, [0, 1, 2]);
  assert.equal(world.domain.index.count, 3, "the chunk of job 1 alone is gone");
  await world.forget(5);
  await world.collect();
  assert.equal(world.domain.index.count, 0);
  assert.equal(world.containerBytes, 0);
});

test("a session that is forgotten while a job holds it gives its chunks to that job", async () => {
  await using dir = await TempDir.make();
  await using world = await World.make(dir.path);
  await world.job(1, [0, 1, 2, 3]);
  // What was stored since the last collection is spared anyway while any job is running.
  await world.collect();
  await world.begin(2);
  assert.deepEqual(await world.store.hold(sessionKey(2), [sessionKey(1), sessionKey(9)]), [true, false]);
  await world.forget(1);
  await world.collect();
  await world.collect();
  await world.commit(2, [0, 3]);
  await world.collect(100);
  await world.assertReadable(2, [0, 3]);
  assert.equal(world.domain.index.count, 2);
});

test("containers with few live bytes are written anew, and their space is free", async () => {
  await using dir = await TempDir.make();
  await using world = await World.make(dir.path);
  await world.job(1, [0, 1, 2, 3, 4, 5, 6, 7]);
  await world.job(2, [8, 9, 10, 11]);
  await world.job(3, [0, 8]);
  const before = world.containerBytes;
  await world.forget(1);
  await world.forget(2);
  const done = await world.collect();
  assert.equal(done.containersRewritten, 2);
  assert.equal(done.chunksDropped, 10);
  assert.deepEqual(done.notes, []);
  assert.ok(world.containerBytes < before / 4);
  assert.equal(world.domain.sealed.size, 1, "what is left of two lies in one");
  await world.assertReadable(3, [0, 8]);
  const again = await world.collect(0);
  assert.equal(again.containersRemoved + again.containersRewritten, 0);
});

test("eight small containers become one, and seven are left as they are", async () => {
  await using dir = await TempDir.make();
  await using world = await World.make(dir.path);
  const jobs = [1, 2, 3, 4, 5, 6, 7, 8];
  for (const job of jobs.slice(0, 7)) await world.job(job, [job]);
  assert.equal((await world.collect()).containersRewritten, 0);
  await world.job(8, [8]);
  const done = await world.collect();
  assert.equal(done.containersRewritten, 8);
  assert.equal(world.domain.sealed.size, 1);
  for (const job of jobs) await world.assertReadable(job, [job]);
  assert.equal((await world.collect()).containersRewritten, 0, "one is not merged again");
});

test("references that are lost or damaged are put back from their Volume before anything is marked", async () => {
  await using dir = await TempDir.make();
  mkdirSync(join(dir.path, "Vol-1"));
  await using world = await World.make(dir.path);
  for (const job of [1, 2, 3]) await world.job(job, [job]);
  rmSync(world.domain.references.get(sessionKey(1))?.path ?? "");
  flipByte(world.domain.references.get(sessionKey(2))?.path ?? "", 50);
  await world.forget(3);
  await world.collect();
  assert.equal(world.domain.index.count, 2);
  for (const job of [1, 2]) await world.assertReadable(job, [job]);
  const notes = world.domain.references.takeNotes();
  assert.equal(notes.filter((note) => note.includes("were put back from Volume Vol-1")).length, 2);
});

test("the epoch is raised on disk before the first chunk is unknown, and only if one will be", async () => {
  await using dir = await TempDir.make();
  await using world = await World.make(dir.path);
  await world.job(1, [0, 1]);
  const { epoch } = world.store.facts;
  await world.collect();
  assert.equal(world.store.facts.epoch, epoch);
  await world.forget(1);
  await world.collect();
  assert.ok(world.store.facts.epoch > epoch);
});

test("references that cannot be read stop the collection before anything is deleted", async () => {
  await using dir = await TempDir.make();
  await using world = await World.make(dir.path);
  await world.job(1, [0, 1]);
  await world.job(2, [2, 3]);
  await world.forget(2);
  const path = world.domain.references.get(sessionKey(1))?.path ?? "";
  truncateSync(path, 40);
  await assert.rejects(world.collect(), { code: "REFERENCES_DAMAGED", message: new RegExp(path) });
  assert.equal(world.domain.index.count, 4);
  await world.forget(1);
  await world.collect();
  assert.equal(world.domain.index.count, 0, "with the damaged session gone it works again");
});

test("a container that cannot be read is not taken for one that nobody needs", async () => {
  await using dir = await TempDir.make();
  {
    await using world = await World.make(dir.path);
    await world.job(1, [0, 1]);
    await world.job(2, [2, 3]);
    truncateSync(world.domain.containers.path(1), 300);
  }
  await using world = await World.open(dir.path);
  // Damage that comes while the store is open is met when the container is to go.
  truncateSync(world.domain.containers.path(2), 300);
  await world.forget(2);
  const done = await world.collect();
  assert.equal(done.missing, 2);
  assert.equal(done.containersRemoved, 0);
  assert.match(done.notes.join(), /1 damaged containers are kept until a scrub.*00000002.ncc .*it is kept until a scrub/);
  assert.equal(world.containerBytes, 600);
});

/** What a random test does next. */
const command = fc.record({
  kind: fc.constantFrom(
    ...["begin", "known", "append", "hold", "commit", "abandon", "check"],
    ...["forget", "forget", "vacuum", "collect", "advance", "advance", "advance", "release"],
  ),
  job: fc.nat(3),
  pieces: fc.uniqueArray(fc.nat(pieces.length - 1), { minLength: 1, maxLength: 5 }),
  steps: fc.integer({ min: 1, max: 400 }),
});
type Command = Parameters<Parameters<typeof command.map>[0]>[0];

/** What ought to be there: sessions and running jobs with the chunks that they may refer to. */
class Model {
  readonly sessions = new Map<number, Set<number>>();
  readonly jobs = new Map<number, { readonly id: number; readonly told: Set<number> }>();
  collection: SteppedCollection | undefined;
  #nextId = 1;

  nextId(): number {
    return this.#nextId++;
  }

  /** One of the sessions, chosen by a number. */
  session(number: number): [number, Set<number>] | undefined {
    return [...this.sessions][number % Math.max(1, this.sessions.size)];
  }
}

async function act(world: World, model: Model, { kind, job: slot, pieces: numbers, steps }: Command): Promise<void> {
  const job = model.jobs.get(slot);
  if (kind === "begin" && job === undefined) {
    const id = model.nextId();
    await world.begin(id);
    model.jobs.set(slot, { id, told: new Set() });
  } else if (kind === "forget") {
    const found = model.session(steps);
    if (found === undefined) return;
    model.sessions.delete(found[0]);
    await world.forget(found[0]);
  } else if (kind === "collect" && (model.collection?.isDone ?? true))
    model.collection = new SteppedCollection(world.domain, steps % 101);
  else if (kind === "vacuum" && (model.collection?.isDone ?? true)) await world.collect(steps % 101);
  else if (kind === "advance") await model.collection?.advance(steps);
  else if (kind === "release") model.collection?.release(steps);
  else if (kind === "check") await checkAll(world, model);
  else if (job !== undefined) await actInJob(world, model, { kind, slot, numbers, steps, ...job });
}

async function actInJob(
  world: World,
  model: Model,
  job: { kind: string; slot: number; numbers: readonly number[]; steps: number; id: number; told: Set<number> },
): Promise<void> {
  if (job.kind === "known") for (const number of world.known(job.id, job.numbers)) job.told.add(number);
  else if (job.kind === "append") {
    await world.append(job.id, job.numbers);
    for (const number of job.numbers) job.told.add(number);
  } else if (job.kind === "hold") {
    const found = model.session(job.steps);
    if (found === undefined) return;
    assert.deepEqual(await world.store.hold(sessionKey(job.id), [sessionKey(found[0])]), [true]);
    for (const number of found[1]) job.told.add(number);
  } else if (job.kind === "commit") {
    // A job refers to some of what it was told.
    const referred = new Set([...job.told].filter((number) => (number + job.steps) % 4 !== 0));
    model.jobs.delete(job.slot);
    await world.commit(job.id, referred);
    model.sessions.set(job.id, referred);
  } else if (job.kind === "abandon") {
    model.jobs.delete(job.slot);
    await world.store.abandon(sessionKey(job.id));
  }
}

async function checkAll(world: World, model: Model): Promise<void> {
  for (const [session, numbers] of model.sessions) {
    // A container may go between the answer and the reading: a restore asks again then.
    const first = await readChunks(world.store, sessionKey(session), piecesOf(numbers));
    if (first?.includes("not there") === true) await world.assertReadable(session, numbers);
    else assert.equal(first, undefined);
  }
}

test("a chunk that a job is told of between the count and the sweep stays, and so does its container", async () => {
  for (const livePercent of [0, 100]) {
    // With 100 percent the container is sparse, not dead: job 3 keeps another chunk of it.
    const kept = livePercent === 0 ? [4] : [1];
    for (const steps of [1, 100, 200, 255, 256, 257, 258, 259, 260, 261, 262, 263, 264, 300, 400, 500, 600]) {
      await using dir = await TempDir.make();
      await using world = await World.make(dir.path);
      await world.job(1, [0, 1, 2]);
      await world.job(3, kept);
      await world.collect(0);
      await world.forget(1);
      await world.begin(2);
      const collection = new SteppedCollection(world.domain, livePercent);
      await collection.advance(steps);
      const told = world.known(2, [0, 1, 2]);
      await collection.finish();
      await world.commit(2, told);
      await world.assertReadable(2, told);
      await world.assertReadable(3, kept);
    }
  }
});

test("whatever jobs do beside collections: what a job was told stays until it has ended, and sessions are always whole", async () => {
  let collections = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 60, maxLength: 250, size: "max" }), async (commands) => {
      await using dir = await TempDir.make();
      const model = new Model();
      {
        await using world = await World.make(dir.path);
        for (const next of commands) await act(world, model, next);
        await model.collection?.finish();
        if (model.collection !== undefined) collections++;
        await checkAll(world, model);
      }
      await using world = await World.open(dir.path);
      await checkAll(world, model);
      await world.collect(100);
      await checkAll(world, model);
      const needed = new Set([...model.sessions.values()].flatMap((numbers) => [...numbers]));
      assert.equal(world.domain.index.count, needed.size, "nothing but what is needed is left");
    }),
    { numRuns: 60, endOnFailure: true },
  );
  assert.ok(collections > 10);
});

test("a collection that was stopped at any step keeps nothing alive for the next one", async () => {
  await using dir = await TempDir.make();
  await using world = await World.make(dir.path);
  await world.job(1, [0]);
  let isStopped = true;
  for (let stopAt = 1, job = 2; isStopped; stopAt += 40, job++) {
    await world.job(job, [1, 2, 3]);
    let steps = 0;
    const step = async (): Promise<void> => {
      if (++steps >= stopAt) throw new Error("stopped");
    };
    isStopped = await collect(world.domain, 100, { step, spend: step }).then(
      () => false,
      () => true,
    );
    await world.forget(job);
    await world.collect(100);
    assert.equal(world.domain.index.count, 1, `stopped at step ${stopAt}`);
    assert.deepEqual(await readChunks(world.store, sessionKey(1), piecesOf([0])), undefined);
  }
});
