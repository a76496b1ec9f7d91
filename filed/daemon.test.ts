import { randomBytes } from "node:crypto";
import assert from "node:assert/strict";
import { mkdir, readFile, readlink, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { loadIdentity } from "#lib/auth/identity.ts";
import { makeLogger } from "#lib/daemon/logger.ts";
import { readCommandLine } from "#lib/daemon/cli.ts";
import { must } from "#lib/base/assert.ts";
import { followJob } from "#lib/job-log/follow.ts";
import { JobLogStore } from "#lib/job-log/store.ts";
import { RpcClient } from "#lib/rpc/client.ts";
import { LinesLog } from "#lib/testing/loopback.ts";
import { freePorts } from "#lib/testing/ports.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { FileDaemonService, ScriptMoment } from "#proto/filed.ts";
import type { ClientScript, StartFileJobRequest } from "#proto/filed.ts";
import type { JobEnd } from "#proto/job.ts";
import { parseFileDaemonConfig } from "./config/load.ts";
import { FileDaemon } from "./daemon.ts";
import { DEFAULT_OPTIONS } from "./fileset/options.ts";
import { MemoryStore } from "#filed/testing/memory-store.ts";
import { MemoryStorage } from "./testing/memory-storage.ts";

/** A file daemon, a Director's client for it and a storage daemon in memory. */
async function world(stack: AsyncDisposableStack, prepare?: (logs: string) => Promise<void>) {
  const dir = stack.use(await TempDir.make());
  await mkdir(dir.file("w"));
  const [port = 0] = await freePorts(1);
  const config = await parseFileDaemonConfig(
    `FileDaemon { Name = t-fd; WorkingDirectory = "${dir.file("w")}"; FDPort = ${port}; FDAddress = 127.0.0.1 }
     Director { Name = t-dir; Password = secret }
     Director { Name = t-mon; Password = secret; Monitor = yes }
     Messages { Name = m; director = t-dir = all }`,
  );
  const command = readCommandLine(["-f"]);
  assert.equal(command.kind, "run");
  const context = {
    log: makeLogger("t-fd", { kind: "file", path: dir.file("log") }, 0),
    flags: (command as Extract<typeof command, { kind: "run" }>).flags,
    configFile: "t",
    signal: new AbortController().signal,
  };
  await prepare?.(dir.file("w", "t-fd.jobs"));
  const daemon = stack.use(await FileDaemon.start(config, context));
  const storage = stack.use(new MemoryStorage(await loadIdentity({ settings: [], base: dir.file("sd"), name: "memory-sd" })));
  await storage.listen();
  const identity = await loadIdentity({ settings: [], base: dir.file("dir"), name: "t-dir" });
  const client = (name = "t-dir"): RpcClient =>
    stack.use(
      new RpcClient({
        self: { role: "director", name, identity },
        server: { role: "fileDaemon", name: "t-fd" },
        address: "127.0.0.1",
        port,
        login: { kind: "password", password: must(config.directors.get("t-dir"), "t-dir").password, where: "test" },
        tls: {},
        log: new LinesLog(),
      }),
    );
  return { dir, daemon, storage, client };
}

type Work = NonNullable<StartFileJobRequest["work"]>;

function request(storage: MemoryStorage, jobId: number, work: Work, scripts: ClientScript[] = []): StartFileJobRequest {
  const job = { job: `T.2026-01-01_00.00.00_${String(jobId).padStart(2, "0")}`, jobId };
  return {
    job,
    jobName: "T",
    client: "t-fd",
    storage: storage.ticket,
    codes: { n: "T", i: String(jobId) },
    scripts,
    work,
    maxErrors: 0,
    bandwidthBytesPerS: 0,
    furtherStorages: [],
  };
}

function backup(path: string, options: Partial<typeof DEFAULT_OPTIONS> = {}): Work {
  const include = {
    options: [{ ...DEFAULT_OPTIONS, signature: "SHA256", ...options }],
    files: [Buffer.from(path)],
    excludeDirContaining: [],
    plugins: [],
  };
  const fileset = { name: "F", includes: [include], excludes: [], enableSnapshot: false, ownDirectories: [] };
  return { $case: "backup", value: { level: "F", sinceUs: 0, fileset, accurate: false, allowCompression: true, maxBytes: 0 } };
}

function restore(where: string, filesExpected: number): Work {
  return {
    $case: "restore",
    value: {
      where: Buffer.from(where),
      regexWhere: "",
      replace: "always",
      filesExpected,
      numericIds: false,
      prefixLinks: false,
    },
  };
}

/** Runs a job to its end; answers the end event and the texts of its messages. */
async function run(client: RpcClient, job: StartFileJobRequest): Promise<{ end: JobEnd; texts: string[] }> {
  await client.unary(FileDaemonService.startJob, job);
  const texts: string[] = [];
  const end = await followJob({
    connect: async () => client,
    method: FileDaemonService.followJob,
    job: must(job.job, "a job"),
    from: 1,
    onEvents: async (events) => {
      for (const { event } of events) if (event?.$case === "message") texts.push(event.value.text);
    },
    onPassing: () => {},
    onState: () => {},
    signal: AbortSignal.timeout(30_000),
  });
  return { end, texts };
}

async function makeTree(dir: TempDir): Promise<string> {
  const tree = dir.file("tree");
  await mkdir(`${tree}/sub`, { recursive: true });
  await writeFile(`${tree}/sub/large`, Buffer.alloc(5_000_000, "nocturne"));
  for (let number = 0; number < 200; number++) await writeFile(`${tree}/file-${number}`, `content ${number}`);
  return tree;
}

test("a tree that was saved over cut connections comes back over cut connections", async () => {
  await using stack = new AsyncDisposableStack();
  const { dir, storage, client } = await world(stack);
  const tree = await makeTree(dir);
  storage.cutAfter = [1, 2];
  const saved = await run(client(), request(storage, 1, backup(tree)));
  assert.deepEqual(
    [saved.end.status, saved.end.files, saved.end.errors, storage.opens, storage.end?.status],
    ["T", 203, 0, 3, "T"],
  );
  assert.equal(storage.end?.batches, storage.batches.length);
  storage.cutAfter = [1];
  storage.opens = 0;
  const restored = await run(client(), request(storage, 2, restore(dir.file("r"), 203)));
  assert.deepEqual([restored.end.status, restored.end.files, restored.end.errors, storage.opens], ["T", 203, 0, 2]);
  const root = dir.file("r", tree);
  assert.equal(await readFile(`${root}/file-17`, "utf8"), "content 17");
  assert.ok((await readFile(`${root}/sub/large`)).equals(await readFile(`${tree}/sub/large`)));
});

test("a tree that was saved into a store over cut connections comes back; unchanged, it is not read again", async () => {
  await using stack = new AsyncDisposableStack();
  const { dir, storage, client } = await world(stack);
  const tree = await makeTree(dir);
  await writeFile(`${tree}/sub/random`, randomBytes(12_000_000));
  const store = (storage.store = new MemoryStore());
  storage.cutAfter = [0, 1, 2, 3, 5];
  const first = await run(client(), request(storage, 1, backup(tree)));
  assert.deepEqual([first.end.status, first.end.files, first.end.errors, storage.opens], ["T", 204, 0, 6]);
  assert.deepEqual([first.end.dedup?.fileBytes, first.end.dedup?.method], [first.end.bytes, "zstd 3"]);
  const restored = await run(client(), request(storage, 2, restore(dir.file("r"), 204)));
  assert.deepEqual([restored.end.status, restored.end.files, restored.end.errors], ["T", 204, 0]);
  for (const name of ["file-17", "sub/large", "sub/random"])
    assert.ok((await readFile(`${dir.file("r", tree)}/${name}`)).equals(await readFile(`${tree}/${name}`)), name);

  // Without the session everything is read again, with it nothing is.
  const readBytes = [];
  for (const session of ["", "1/1700000000"]) {
    await new Promise((resolve) => setTimeout(resolve, 2100));
    if (session !== "") store.sessions.add(session);
    storage.restart();
    const { end } = await run(client(), request(storage, 3 + readBytes.length, backup(tree)));
    assert.deepEqual([end.status, end.files, end.bytes, end.dedup?.newChunks], ["T", 204, first.end.bytes, 0]);
    readBytes.push(end.readBytes);
  }
  assert.deepEqual(readBytes, [first.end.readBytes, 0]);
  const again = await run(client(), request(storage, 9, restore(dir.file("r2"), 204)));
  assert.deepEqual([again.end.status, again.end.errors], ["T", 0]);
  assert.ok((await readFile(`${dir.file("r2", tree)}/sub/random`)).equals(await readFile(`${tree}/sub/random`)));
});

test("files that do not come back are an error of the restore", async () => {
  await using stack = new AsyncDisposableStack();
  const { dir, storage, client } = await world(stack);
  const tree = await makeTree(dir);
  await run(client(), request(storage, 1, backup(tree)));
  storage.damages = ["Volume v: block 3 is damaged"];
  const { end, texts } = await run(client(), request(storage, 2, restore(dir.file("r"), 210)));
  assert.deepEqual([end.missingFiles, end.errors > 0], [7, true]);
  assert.ok(
    texts.some((text) => text.includes("7 of 210 files did not come back")) &&
      texts.some((text) => text.includes("block 3 is damaged")),
    texts.join("\n"),
  );
});

test("scripts run before and after, their lines are messages, and a failing one before ends the job", async () => {
  await using stack = new AsyncDisposableStack();
  const { dir, storage, client } = await world(stack);
  const tree = await makeTree(dir);
  const script = (command: string, when: ScriptMoment, label: string): ClientScript => ({
    command,
    when,
    onSuccess: true,
    onFailure: false,
    failJobOnError: true,
    label,
  });
  const good = await run(
    client(),
    request(storage, 1, backup(tree), [
      script("/bin/echo before %n %i", ScriptMoment.SCRIPT_MOMENT_BEFORE, "ClientRunBeforeJob"),
      script('/bin/sh -c "echo after %F files"', ScriptMoment.SCRIPT_MOMENT_AFTER, "ClientRunAfterJob"),
    ]),
  );
  assert.equal(good.end.status, "T");
  assert.ok(
    good.texts.includes("ClientRunBeforeJob: before T 1") && good.texts.includes("ClientRunAfterJob: after 203 files"),
    good.texts.join("\n"),
  );
  const bad = await run(
    client(),
    request(storage, 2, backup(tree), [script("/bin/false", ScriptMoment.SCRIPT_MOMENT_BEFORE, "ClientRunBeforeJob")]),
  );
  assert.deepEqual([bad.end.status, bad.end.files], ["f", 0]);
  assert.ok(
    bad.texts.some((text) => text.includes("returned non-zero status=1")),
    bad.texts.join("\n"),
  );
});

test("a storage daemon that refuses the key ends the job with an error", async () => {
  await using stack = new AsyncDisposableStack();
  const { dir, storage, client } = await world(stack);
  const job = request(storage, 1, backup(await makeTree(dir)));
  const { end } = await run(client(), { ...job, storage: { ...storage.ticket, key: Buffer.alloc(32) } });
  assert.equal(end.status, "f");
});

test("estimate, status and cancel answer; a monitor may only ask for the status; the directory of the process stays", async () => {
  await using stack = new AsyncDisposableStack();
  const { dir, storage, client } = await world(stack);
  const before = await readlink("/proc/self/cwd");
  const tree = await makeTree(dir);
  const { value } = backup(tree) as Extract<Work, { $case: "backup" }>;
  const lines: string[] = [];
  let sums: unknown;
  for await (const reply of client().serverStream(FileDaemonService.estimate, { work: value, listing: true, job: undefined })) {
    lines.push(...reply.lines.map(String));
    if (reply.files !== undefined) sums = [reply.files, reply.errors];
  }
  assert.deepEqual([sums, lines.length], [[203, 0], 203]);
  assert.match(
    lines.find((line) => line.endsWith("file-1"))!,
    /^-rw.* 9 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}\//,
  );
  const gone = request(storage, 7, backup(tree));
  const { end } = await run(client(), gone);
  assert.equal(end.status, "T");
  await client().unary(FileDaemonService.cancelJob, { job: gone.job, incomplete: false });
  const monitor = client("t-mon");
  const status = await monitor.unary(FileDaemonService.status, { sections: [], api: false });
  assert.ok(
    status.lines.includes("No Jobs running.") && status.lines.some((line) => /^ {5}7 {2}Full +203 +5\.\d+ M {2}OK/.test(line)),
    status.lines.join("\n"),
  );
  await assert.rejects(monitor.unary(FileDaemonService.startJob, gone), { code: "RPC_NOT_ALLOWED" });
  assert.equal(await readlink("/proc/self/cwd"), before);
});

test("a job that waits for its storage daemon's device can be canceled; a store that asks for the impossible ends it", async () => {
  await using stack = new AsyncDisposableStack();
  const { dir, storage, client } = await world(stack);
  const tree = await makeTree(dir);
  storage.isBusy = true;
  const job = request(storage, 1, backup(tree));
  const done = run(client(), job);
  while (storage.opens === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await client().unary(FileDaemonService.cancelJob, { job: job.job, incomplete: false });
  const { end } = await done;
  assert.deepEqual([end.status, end.files], ["A", 0]);
  storage.isBusy = false;
  storage.store = new MemoryStore();
  storage.store.offer = { ...storage.store.offer, minBytes: 1 };
  const refused = await run(client(), request(storage, 2, backup(tree)));
  assert.deepEqual([refused.end.status, refused.end.files], ["f", 0]);
  assert.match(refused.texts.join(), /the minimum is 1 bytes/);
});

test("a job that is stopped by the Director becomes Incomplete", async () => {
  await using stack = new AsyncDisposableStack();
  const { dir, storage, client } = await world(stack);
  const tree = await makeTree(dir);
  storage.cutAfter = Array.from({ length: 1000 }, () => 0);
  const job = request(storage, 1, backup(tree));
  await client().unary(FileDaemonService.startJob, job);
  await client().unary(FileDaemonService.cancelJob, { job: job.job, incomplete: true });
  const { end } = await run(client(), job);
  assert.equal(end.status, "I");
});

test("a job whose daemon was killed is an error after the restart", async () => {
  await using stack = new AsyncDisposableStack();
  const lost = { job: "T.2026-01-01_00.00.00_09", jobId: 9 };
  const { storage, client } = await world(stack, async (logs) => {
    // What kill -9 leaves: a log without an end.
    await using store = await JobLogStore.open(logs, { log: new LinesLog() });
    const log = await store.create(lost);
    log.append({ $case: "state", value: { letter: "R" } });
    await log.sync();
  });
  const { end, texts } = await run(client(), { ...request(storage, 9, restore("/nowhere", 0)), job: lost });
  assert.equal(end.status, "f");
  assert.match(texts.join(), /stopped while the job ran/);
});
