import assert from "node:assert/strict";
import { test } from "node:test";
import type { OperatorError } from "#lib/errors/operator-error.ts";
import type { RpcClient } from "#lib/rpc/client.ts";
import type { RpcServer } from "#lib/rpc/server.ts";
import { Loopback } from "#lib/testing/loopback.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import { followJob, type FollowOptions } from "./follow.ts";
import { jobEnd, message } from "./job-log-builders.ts";
import { answerHandler, followJobHandler } from "./serve.ts";
import { JobLogStore } from "./store.ts";

const job = { job: "nightly.2026-01-05_12.00.00_01", jobId: 7 };

/** A server that offers only what following needs. */
async function serve(world: Loopback, store: JobLogStore, port = 0): Promise<{ server: RpcServer; port: number }> {
  const server = world.server();
  const missing = () => assert.fail("not in this test");
  server.add(StorageDaemonService, "director", {
    startJob: missing,
    followJob: followJobHandler(store),
    answer: answerHandler(store),
    cancelJob: missing,
    label: missing,
    mount: missing,
    unmount: missing,
    release: missing,
    dedup: missing,
    forgetSessions: missing,
    replicate: missing,
    admitReplica: missing,
    changer: missing,
    medium: missing,
    space: missing,
    status: missing,
    setDebug: missing,
  });
  return { server, port: (await server.listen([{ host: "127.0.0.1", port }])).port };
}

function options(client: RpcClient, own: Partial<FollowOptions>): FollowOptions {
  return {
    connect: () => client,
    method: StorageDaemonService.followJob,
    job,
    from: 1,
    onEvents: async () => {},
    signal: AbortSignal.timeout(30_000),
    ...own,
  };
}

test("a follower gets every event once and in order although the daemon is restarted again and again", async () => {
  await using world = await Loopback.make();
  const open = () => JobLogStore.open(world.dir.file("jobs"), { log: { error: (text) => assert.fail(text) } });
  let store = await open();
  await store.create(job);
  const { port, ...first } = await serve(world, store);
  let { server } = first;
  const seen: number[] = [];
  const states: string[] = [];
  const following = followJob(
    options(world.client(port), {
      onEvents: async (events) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        seen.push(...events.map((event) => event.number));
      },
      onState: (state) => states.push(state),
    }),
  );
  for (let round = 0; round < 3; round++) {
    const log = store.get(job.job)!;
    for (let count = 0; count < 300; count++) log.append(message(`round ${round} event ${count}`));
    await log.sync();
    while (seen.length < round * 300 + 50) await new Promise((resolve) => setTimeout(resolve, 2));
    await server.close(0);
    await store.close();
    store = await open();
    ({ server } = await serve(world, store, port));
  }
  await store.get(job.job)!.end(jobEnd("W"));
  assert.equal((await following).status, "W");
  assert.deepEqual(
    seen,
    Array.from({ length: 901 }, (_, index) => index + 1),
  );
  assert.ok(states.filter((state) => state === "lost").length >= 3);
  while (store.get(job.job) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("a question is answered over the wire while the following goes on", async () => {
  await using world = await Loopback.make();
  await using store = await JobLogStore.open(world.dir.file("jobs"), { log: { error: (text) => assert.fail(text) } });
  const log = await store.create(job);
  const { port } = await serve(world, store);
  const client = world.client(port);
  const following = followJob(
    options(client, {
      onQuestion: (number, question) => {
        assert.equal(question.reason, "need a Volume");
        void client.unary(StorageDaemonService.answer, { job, number, answer: { $case: "none", value: "later" } });
      },
    }),
  );
  const answer = await log.ask({ reason: "need a Volume", ask: undefined }, AbortSignal.timeout(10_000));
  assert.deepEqual(answer, { $case: "none", value: "later" });
  await log.end(jobEnd());
  assert.equal((await following).status, "T");
});

test("following an unknown job fails for good, and what onEvents throws ends the following", async () => {
  await using world = await Loopback.make();
  await using store = await JobLogStore.open(world.dir.file("jobs"), { log: { error: (text) => assert.fail(text) } });
  const { port } = await serve(world, store);
  const client = world.client(port);
  await assert.rejects(followJob(options(client, {})), (error: OperatorError) => error.code === "JOB_UNKNOWN");
  const log = await store.create(job);
  log.append(message("one"));
  const failing = followJob(options(client, { onEvents: () => Promise.reject(new Error("catalog is full")) }));
  await assert.rejects(failing, /catalog is full/);
});
