import assert from "node:assert/strict";
import { connect, type TLSSocket } from "node:tls";
import { test } from "node:test";
import { Client, Metadata } from "@grpc/grpc-js";
import { clientTlsOptions } from "#lib/auth/tls.ts";
import type { OperatorError } from "#lib/errors/operator-error.ts";
import { answerHandler, followJobHandler } from "#lib/job-log/serve.ts";
import { JobLogStore } from "#lib/job-log/store.ts";
import { Loopback } from "#lib/testing/loopback.ts";
import { AuthService, ProveRequest } from "#proto/auth.ts";
import { AnswerRequest, FollowRequest } from "#proto/job.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import { OwnTlsCredentials } from "./grpc-internals.ts";

const job = { job: "nightly.2026-01-05_12.00.00_01", jobId: 7 };

/** A server with the handlers that take peers' messages apart. */
async function serve(world: Loopback): Promise<number> {
  const store = await JobLogStore.open(world.dir.file("jobs"), { log: { error: () => {} } });
  await store.create(job);
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
    status: async () => ({ lines: ["alive"] }),
    setDebug: missing,
  });
  return (await server.listen([{ host: "127.0.0.1", port: 0 }])).port;
}

const status = (world: Loopback, port: number) =>
  world.client(port).unary(StorageDaemonService.status, { sections: [], api: false }, { timeoutMs: 5000 });

function tls(world: Loopback, port: number): Promise<TLSSocket> {
  const socket = connect({
    ...clientTlsOptions(world.clientIdentity, { caPems: [], caSha256: new Set(), source: "" }),
    host: "127.0.0.1",
    port,
  });
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("secureConnect", () => resolve(socket)));
}

test("noise instead of HTTP/2 ends that connection and no other", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  for (let seed = 0; seed < 20; seed++) {
    const socket = await tls(world, port);
    const noise = Buffer.from(
      Array.from({ length: 200 }, (_, index) => (index * 31 + seed * 97 + ((index * seed) % 13)) & 255),
    );
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.end(seed % 2 === 0 ? noise : Buffer.concat([preface, noise]));
    socket.resume();
    await closed;
  }
  assert.deepEqual((await status(world, port)).lines, ["alive"]);
  assert.deepEqual(world.serverLog.of("error"), []);
});

test("mutated and senseless messages to the handlers are answered with errors, and the server lives", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  const client = world.client(port);
  await client.ready();
  // Messages whose bytes are made here: the client's own serializers would not send them.
  const raw = (method: object) => ({ ...method, requestSerialize: (bytes: Buffer) => bytes }) as never;
  const outcome = async (work: () => Promise<unknown>) => {
    try {
      await work();
      return "answered";
    } catch (error) {
      return (error as OperatorError).code;
    }
  };
  const codes = new Set<string>();
  for (let seed = 1; seed <= 100; seed++) {
    const bytes = (valid: Uint8Array) => {
      const copy = Buffer.from(valid);
      copy[seed % copy.byteLength]! ^= 1 << (seed % 8);
      return seed % 3 === 0 ? Buffer.concat([copy, Buffer.from([seed & 255, 0xff, 0xff, 0x7f])]) : copy;
    };
    const answer = bytes(AnswerRequest.encode({ job, number: seed, answer: { $case: "none", value: "no" } }).finish());
    codes.add(await outcome(() => client.unary(raw(StorageDaemonService.answer), answer as never, { timeoutMs: 5000 })));
    const messages: [object, Uint8Array[]][] = [
      [
        StorageDaemonService.followJob,
        [
          FollowRequest.encode({ step: { $case: "start", value: { job, from: seed % 5 } } }).finish(),
          FollowRequest.encode({ step: { $case: "ack", value: seed } }).finish(),
        ],
      ],
      [
        AuthService.prove,
        [
          ProveRequest.encode({
            step: {
              $case: "start",
              value: { protocol: 1, role: 1, name: `stranger ${seed}`, serverName: "", nonce: Buffer.alloc(32) },
            },
          }).finish(),
        ],
      ],
    ];
    for (const [method, parts] of messages) {
      codes.add(
        await outcome(async () => {
          const call = (await client.bidi(raw(method), { timeoutMs: 200 })) as never as {
            write(bytes: Buffer): Promise<void>;
            end(): void;
          } & AsyncIterable<unknown>;
          for (const part of parts) await call.write(bytes(part));
          call.end();
          for await (const _reply of call);
        }),
      );
    }
  }
  for (const code of ["RPC_MESSAGE_INVALID", "JOB_UNKNOWN"])
    assert.ok(codes.has(code), `${code} is not among ${[...codes].join(", ")}`);
  assert.deepEqual(world.serverLog.of("error"), []);
  assert.deepEqual((await status(world, port)).lines, ["alive"]);
});

test("a caller that opens calls and never reads or writes on is bounded, and others are served", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  const client = world.client(port);
  const calls = await Promise.all(Array.from({ length: 200 }, () => client.bidi(StorageDaemonService.followJob)));
  assert.deepEqual((await status(world, port)).lines, ["alive"]);
  for (const call of calls) call.cancel();
});

test("reflection is for those who have logged in, health for anyone", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  const socketOptions = clientTlsOptions(world.clientIdentity, { caPems: [], caSha256: new Set(), source: "" });
  const credentials = new OwnTlsCredentials({
    mayConnect: () => true,
    connect: (tcp) =>
      new Promise((resolve) => {
        const socket = connect({ ...socketOptions, socket: tcp }, () => resolve(socket));
      }),
  });
  const stranger = new Client(`127.0.0.1:${port}`, credentials, { "grpc.use_local_subchannel_pool": 1 });
  const same = (bytes: Buffer) => bytes;
  const call = (path: string) =>
    new Promise<{ code: number; reply: Buffer | undefined }>((resolve) =>
      stranger.makeUnaryRequest(
        path,
        same,
        same,
        Buffer.alloc(0),
        new Metadata(),
        { deadline: Date.now() + 5000 },
        (error, reply) => resolve({ code: error?.code ?? 0, reply }),
      ),
    );
  assert.deepEqual(await call("/grpc.health.v1.Health/Check"), { code: 0, reply: Buffer.from([8, 1]) });
  assert.equal((await call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")).code, 16);
  stranger.close();
  const proven = world.client(port);
  const reflection = {
    path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    requestStream: true,
    responseStream: true,
    requestSerialize: same,
    responseDeserialize: same,
  } as const;
  const info = await proven.bidi(reflection);
  await info.write(Buffer.from([0x3a, 0])); // list_services
  info.end();
  const replies = await Array.fromAsync(info);
  assert.ok(replies[0]!.includes("nocturne.v1.StorageDaemon"));
});
