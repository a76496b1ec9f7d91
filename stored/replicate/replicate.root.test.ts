import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import test from "node:test";
import { bulkStorageData } from "#lib/rpc/bulk-codec.ts";
import { LoopFileSystem, whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { Loopback } from "#lib/testing/loopback.ts";
import { CommitPoints } from "../btrfs/commit-points.ts";
import { makeDomainSubvolume, makeVolumeSubvolume } from "../btrfs/store-subvolumes.ts";
import { showSubvolume } from "../btrfs/subvolume.ts";
import { ReplicaService, type ReplicableStore } from "../rpc/replica-service.ts";
import type { CallContext } from "#lib/rpc/call.ts";

const MIB = 1 << 20;
const STORE = "0a0a0a0a-1111-2222-3333-444444444444";
const skip = whyNoLoop("btrfs") ?? false;

interface Side extends ReplicableStore {
  readonly service: ReplicaService;
}

/** Two storage daemons without the rest: a source with a store of one Volume and one domain, and a receiver behind a real server. */
class ReplicaWorld implements AsyncDisposable {
  readonly source: Side;
  readonly target: Side;
  readonly placed: string[] = [];
  readonly #loopback: Loopback;
  readonly #port: number;
  readonly #stack: AsyncDisposableStack;
  #jobs = 0;

  private constructor(source: Side, target: Side, loopback: Loopback, port: number, stack: AsyncDisposableStack) {
    this.source = source;
    this.target = target;
    this.#loopback = loopback;
    this.#port = port;
    this.#stack = stack;
  }

  static async make(targetBytes = 256 * MIB): Promise<ReplicaWorld> {
    await using stack = new AsyncDisposableStack();
    const loopback = stack.use(await Loopback.make());
    const placed: string[] = [];
    const side = (bytes: number): Side => {
      const disk = stack.use(LoopFileSystem.make({ type: "btrfs", bytes }));
      const points = new CommitPoints(disk.path, () => {});
      stack.defer(async () => await points.close());
      const store = { directory: disk.path, points, uuid: async () => STORE };
      const service = new ReplicaService({
        name: "test-fd",
        identity: loopback.clientIdentity,
        log: loopback.serverLog,
        mustKnow: () => {},
        storeOf: () => store,
        replicaOf: () => assert.fail("nothing is healed here"),
        placed: async (directory) => void placed.push(directory),
      });
      return { ...store, service };
    };
    const [source, target] = [side(256 * MIB), side(targetBytes)];
    const root = source.directory;
    makeVolumeSubvolume(join(root, "Vol-1"));
    makeDomainSubvolume(root, join(root, "@chunks", "all"), "all");
    writeFileSync(join(root, "@chunks", "store.json"), '{"store":1}\n');
    const server = loopback.server();
    server.add({ receive: bulkStorageData.receive }, "jobKey", {
      receive: (requests, call) => target.service.receive(requests, call),
    });
    const { port } = await server.listen([{ host: "127.0.0.1", port: 0 }]);
    const world = new ReplicaWorld(source, target, loopback, port, stack.move());
    world.placed.push(...placed);
    return world;
  }

  /** A job: bytes in the Volume and in the domain, committed. */
  async job(bytes: number): Promise<void> {
    this.#jobs += 1;
    const root = this.source.directory;
    appendFileSync(join(root, "Vol-1", "records"), randomBytes(1000));
    writeFileSync(join(root, "@chunks", "all", `container-${this.#jobs}`), randomBytes(bytes));
    const session = { id: this.#jobs, time: 1_700_000_000 };
    await this.source.points.commit({ job: `Save.${this.#jobs}`, session, volumes: ["Vol-1"], domain: "all" });
  }

  /** What a Director does. */
  async replicate(signal = new AbortController().signal, announce = true): Promise<string[]> {
    const key = randomBytes(32);
    const { clientIdentity, serverIdentity } = this.#loopback;
    if (announce) this.target.service.admit({ device: "Far", key, certificateSha256: Buffer.from(clientIdentity.sha256) });
    const to = {
      name: "test-fd",
      address: "127.0.0.1",
      port: this.#port,
      key,
      certificateSha256: Buffer.from(serverIdentity.sha256),
      device: "Far",
    };
    const lines: string[] = [];
    for await (const reply of this.source.service.replicate({ device: "Near", to }, { signal } as CallContext))
      lines.push(reply.line);
    return lines;
  }

  /** What is in place at the receiver. */
  get current(): string {
    return join(this.target.directory, "@replicas", STORE, "current");
  }

  assertSame(): void {
    const root = this.source.directory;
    for (const part of [
      "Vol-1/records",
      "@chunks/store.json",
      ...readdirSync(join(root, "@chunks", "all")).map((name) => `@chunks/all/${name}`),
    ])
      assert.ok(readFileSync(join(root, part)).equals(readFileSync(join(this.current, part))), part);
  }

  /** Names under the receiver's folder of the store. */
  get held(): string[] {
    return readdirSync(join(this.target.directory, "@replicas", STORE)).toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

test("a store is replicated whole, then only what is new, and old generations go on both sides", { skip }, async () => {
  await using world = await ReplicaWorld.make();
  await world.job(3 * MIB);
  const first = await world.replicate();
  assert.match(first.join("\n"), /Vol-1: .*whole[^]*@chunks\/all: 3.*whole[^]*in place/);
  world.assertSame();
  await world.job(MIB);
  const second = await world.replicate();
  assert.match(second.join("\n"), /@chunks\/all: 1\.0.. M bytes, what is new/);
  world.assertSame();
  await world.source.points.deleted();
  assert.deepEqual(world.held, ["2", "current"]);
  assert.equal(readlinkSync(world.current), "2");
  assert.deepEqual(readdirSync(join(world.source.directory, "@snapshots", "@sent", "test-fd")), ["2"]);
  assert.equal((await showSubvolume(join(world.current, "Vol-1"))).isReadOnly, true);
});

test("a sender that no Director announced is refused and leaves nothing", { skip }, async () => {
  await using world = await ReplicaWorld.make();
  await world.job(MIB);
  await assert.rejects(world.replicate(undefined, false), /not announced|REPLICA_REFUSED/);
  assert.ok(!existsSync(join(world.target.directory, "@replicas")));
  assert.deepEqual(readdirSync(join(world.source.directory, "@snapshots", "@sent", "test-fd")), []);
});

test("a cut leaves the former replica in place and nothing else; the next one goes on from there", { skip }, async () => {
  await using world = await ReplicaWorld.make();
  await world.job(MIB);
  await world.replicate();
  await world.job(30 * MIB);
  const cut = new AbortController();
  const going = world.replicate(cut.signal);
  going.catch(() => {});
  const incoming = join(world.target.directory, "@replicas", STORE, "incoming");
  while (!existsSync(join(incoming, "@chunks")) || readdirSync(join(incoming, "@chunks")).length === 0)
    await new Promise(setImmediate);
  cut.abort(new Error("cut"));
  await assert.rejects(going);
  while (existsSync(incoming)) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(world.held, ["1", "current"]);
  assert.match((await world.replicate()).join("\n"), /@chunks\/all: 3.*what is new/);
  world.assertSame();
});

test("a receiver that is full says so, keeps what it had, and takes the next one when there is room", { skip }, async () => {
  await using world = await ReplicaWorld.make(128 * MIB);
  await world.job(MIB);
  await world.replicate();
  await world.job(120 * MIB);
  await assert.rejects(world.replicate(), /No space left/);
  assert.equal(readFileSync(join(world.current, "@chunks", "all", "container-1")).byteLength, MIB);
  assert.deepEqual(world.held, ["1", "current"]);
  writeFileSync(join(world.source.directory, "@chunks", "all", "container-2"), "small");
  await world.replicate();
  world.assertSame();
});

test("what a killed receiver left behind is removed before the next replica", { skip }, async () => {
  await using world = await ReplicaWorld.make();
  await world.job(MIB);
  await world.replicate();
  const folder = join(world.target.directory, "@replicas", STORE);
  mkdirSync(join(folder, "incoming", "@chunks"), { recursive: true });
  makeVolumeSubvolume(join(folder, "incoming", "Vol-1"));
  mkdirSync(join(folder, "7"));
  makeVolumeSubvolume(join(folder, "7", "Vol-1"));
  await world.replicate();
  assert.deepEqual(world.held, ["2", "current"]);
  world.assertSame();
});
