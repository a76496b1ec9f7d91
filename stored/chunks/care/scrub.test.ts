import { test } from "node:test";
import assert from "node:assert/strict";
import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { containerPath } from "../container-name.ts";
import { StoreServer } from "../store-server.ts";
import {
  frameOf,
  framesOf,
  idOf,
  idsOf,
  newStore,
  noise,
  runJob,
  sessionKey,
  storeSettings,
  writeReferences,
} from "../testing/store-bench.ts";

const plains = [1, 2, 3, 4, 5, 6].map((number) => noise(number, 1000 + number * 321));
const start = { pool: "Default", client: "c1" };

/** Changes one bit of the frame of a chunk on disk. */
async function flip(server: StoreServer, id: number, plain: Uint8Array): Promise<void> {
  const places = await server.call("locate", { session: sessionKey(id), ids: idOf(plain) });
  const at = (places.offsets[0] ?? 0) + 100;
  const fd = openSync(containerPath(places.directory, places.containers[0] ?? 0), "r+");
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 4;
  writeSync(fd, byte, 0, 1, at);
  closeSync(fd);
}

async function presence(server: StoreServer, id: number): Promise<boolean[]> {
  const { containers } = await server.call("locate", { session: sessionKey(id), ids: idsOf(plains) });
  return [...containers].map((container) => container !== 0);
}

test("a scrub of an undamaged store says so and changes nothing", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  await runJob(server, dir.path, 1, plains);
  const before = await server.call("open", null);
  const { lines, isClean } = await server.call("scrub", { lookOnly: false });
  assert.ok(isClean, lines.join("\n"));
  assert.match(lines.join("\n"), /1 containers with 6 chunks.*no damage/);
  assert.deepEqual(await server.call("open", null), before);
});

test("a damaged chunk is named with the jobs concerned, put aside, and stored again by the next job that has it", async () => {
  await using dir = await TempDir.make();
  {
    await using server = await newStore(dir.path);
    await runJob(server, dir.path, 1, plains);
    await runJob(server, dir.path, 2, plains.slice(3));
    await flip(server, 1, plains[1]!);
    const looked = await server.call("scrub", { lookOnly: true });
    assert.ok(!looked.isClean);
    assert.match(looked.lines.join("\n"), new RegExp(`chunk ${idOf(plains[1]!).toString("hex")} .* is damaged: .*JobId 1 `));
    assert.deepEqual(await presence(server, 1), [true, true, true, true, true, true], "looking changes nothing");

    const { lines, isClean } = await server.call("scrub", { lookOnly: false });
    assert.ok(!isClean);
    assert.match(lines.join("\n"), /JobId 1 \(session \d+-1\) on Volume Vol-1: 1 of its chunks are not there/);
    assert.doesNotMatch(lines.join("\n"), /JobId 2/);
    assert.equal(readdirSync(dir.file("@chunks", "all", "damaged")).length, 1);
  }
  // Also after a restart.
  await using server = new StoreServer(storeSettings(dir.path));
  await server.call("open", null);
  assert.deepEqual(await presence(server, 1), [true, false, true, true, true, true]);
  const session = sessionKey(3);
  await server.call("begin", { session, jobId: 3, ...start });
  assert.deepEqual(await server.call("hold", { session, sessions: [sessionKey(1), sessionKey(2)] }), [false, true]);
  assert.deepEqual([...(await server.call("known", { session, ids: idsOf(plains) }))], [0b111101]);
  await server.call("append", { session, frames: framesOf([plains[1]!]) });
  const references = writeReferences({ directory: dir.path, session }, [plains]);
  await server.call("commit", { session, references });
  const again = await server.call("scrub", { lookOnly: false });
  assert.ok(again.isClean, again.lines.join("\n"));
  const next = sessionKey(4);
  await server.call("begin", { session: next, jobId: 4, ...start });
  assert.deepEqual(await server.call("hold", { session: next, sessions: [sessionKey(1)] }), [true], "job 1 is whole again");
  assert.equal((await server.call("wanted", null))[0]?.ids.byteLength, 0);
});

test("a chunk that was sent again stays for the sessions that lacked it, also if the job that sent it fails", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  await runJob(server, dir.path, 1, plains);
  await flip(server, 1, plains[1]!);
  await server.call("scrub", { lookOnly: false });
  const session = sessionKey(2);
  await server.call("begin", { session, jobId: 2, ...start });
  await server.call("append", { session, frames: framesOf([plains[1]!]) });
  await server.call("abandon", { session });
  await server.call("vacuum", { livePercent: 0 });
  const { isClean, lines } = await server.call("verify", null);
  assert.ok(isClean, lines.join("\n"));
});

test("a session is not complete by chunks that a running job has stored again, but when they are durable", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  await runJob(server, dir.path, 1, plains);
  const { directory } = await server.call("locate", { session: sessionKey(1), ids: idOf(plains[0]!) });
  await server.call("close", null);
  unlinkSync(containerPath(directory, 1));
  const [sender, other] = [sessionKey(2), sessionKey(3)];
  await server.call("begin", { session: sender, jobId: 2, ...start });
  await server.call("begin", { session: other, jobId: 3, ...start });
  const held = async (): Promise<boolean[]> => await server.call("hold", { session: other, sessions: [sessionKey(1)] });
  assert.deepEqual(await held(), [false]);
  await server.call("append", { session: sender, frames: framesOf(plains) });
  assert.deepEqual(await held(), [false]);
  const references = writeReferences({ directory: dir.path, session: sender }, [plains]);
  await server.call("commit", { session: sender, references });
  assert.deepEqual(await held(), [true]);
});

test("what is wanted is mended by good frames from elsewhere, and nothing else is taken", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  await runJob(server, dir.path, 1, plains);
  await flip(server, 1, plains[2]!);
  const frames = Buffer.concat([frameOf(noise(50, 100)), frameOf(plains[2]!), frameOf(plains[0]!)]);
  assert.equal(await server.call("mend", { domain: "all", frames }), 0, "nothing is wanted yet");
  const scrubbed = await server.call("scrub", { lookOnly: false });
  assert.ok(!scrubbed.isClean);
  assert.deepEqual(await server.call("wanted", null), [{ domain: "all", ids: idOf(plains[2]!) }]);
  assert.equal(await server.call("mend", { domain: "all", frames }), 1);
  assert.deepEqual(await presence(server, 1), [true, true, true, true, true, true]);
  const { isClean, lines } = await server.call("scrub", { lookOnly: false });
  assert.ok(isClean, lines.join("\n"));
});

test("a damaged chunk that lies in two containers is mended from the other by the scrub itself", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  await runJob(server, dir.path, 1, plains);
  await runJob(server, dir.path, 9, [noise(9, 10)]);
  // Without container 1 job 2 stores all chunks once more.
  const { directory } = await server.call("locate", { session: sessionKey(1), ids: idOf(plains[0]!) });
  await server.call("close", null);
  const [path, aside] = [containerPath(directory, 1), dir.file("aside")];
  renameSync(path, aside);
  await runJob(server, dir.path, 2, [noise(7, 10), ...plains]);
  await server.call("close", null);
  renameSync(aside, path);
  await server.call("open", null);
  await flip(server, 1, plains[4]!);
  const { lines } = await server.call("scrub", { lookOnly: false });
  assert.match(lines.join("\n"), /1 chunks were mended from another container/);
  assert.deepEqual(await presence(server, 1), [true, true, true, true, true, true]);
  const again = await server.call("scrub", { lookOnly: false });
  assert.ok(again.isClean, again.lines.join("\n"));
});

test("of a container that is cut off every intact chunk is kept, and the file is put aside", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  await runJob(server, dir.path, 1, plains);
  const places = await server.call("locate", { session: sessionKey(1), ids: idsOf(plains) });
  truncateSync(containerPath(places.directory, 1), (places.offsets[4] ?? 0) + 10);
  const { lines, isClean } = await server.call("scrub", { lookOnly: false });
  assert.ok(!isClean);
  assert.match(lines.join("\n"), /2 of its chunks are not there/);
  assert.deepEqual(await presence(server, 1), [true, true, true, true, false, false]);
  assert.deepEqual(readdirSync(dir.file("@chunks", "all", "damaged")), ["00000001.ncc"]);
  await server.call("close", null);
  const { notes } = await server.call("open", null);
  assert.deepEqual(notes, []);
  assert.deepEqual(await presence(server, 1), [true, true, true, true, false, false]);
});

test("chunks of a container that was removed are missing after a scrub, not said to be there", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  await runJob(server, dir.path, 1, plains.slice(0, 3));
  await runJob(server, dir.path, 2, plains.slice(2));
  const places = await server.call("locate", { session: sessionKey(1), ids: idsOf(plains) });
  unlinkSync(containerPath(places.directory, 1));
  const { lines } = await server.call("scrub", { lookOnly: false });
  assert.match(lines.join("\n"), /JobId 1 .*: 3 of its chunks are not there/);
  assert.match(lines.join("\n"), /JobId 2 .*: 1 of its chunks are not there/);
  assert.deepEqual(await presence(server, 2), [false, false, false, true, true, true]);
  const verified = await server.call("verify", null);
  assert.ok(!verified.isClean);
  assert.equal(
    readFileSync(dir.file("@chunks", "all", "wanted"), "latin1")
      .trim()
      .split("\n").length,
    3,
  );
});
