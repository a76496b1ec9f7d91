import assert from "node:assert/strict";
import { test } from "node:test";
import { Loopback } from "#lib/testing/loopback.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { FileDaemonService, StartFileJobRequest } from "#proto/filed.ts";
import type { Handlers } from "./call.ts";
import type { RpcClient } from "./client.ts";
import type { RpcServer } from "./server.ts";
import { isRetryable } from "./status.ts";

/** Handlers of which a test replaces those it looks at. */
function handlers(own: Partial<Handlers<typeof FileDaemonService>> = {}): Handlers<typeof FileDaemonService> {
  const missing = async (): Promise<never> => {
    throw new OperatorError("JOB_UNKNOWN", "not in this test");
  };
  const missingStream = (): never => {
    throw new OperatorError("JOB_UNKNOWN", "not in this test");
  };
  return {
    startJob: missing,
    sendAccurate: missing,
    followJob: missingStream,
    cancelJob: missing,
    estimate: missingStream,
    status: missing,
    setDebug: missing,
    ...own,
  };
}

async function pair(
  world: Loopback,
  own: Partial<Handlers<typeof FileDaemonService>>,
): Promise<{ client: RpcClient; server: RpcServer; port: number }> {
  const server = world.server();
  server.add(FileDaemonService, "director", handlers(own));
  const { port } = await server.listen([{ host: "127.0.0.1", port: 0 }]);
  return { client: world.client(port), server, port };
}

const status = FileDaemonService.status;
const nothing = { sections: [], api: false };

test("a handler sees the request and who calls, the caller sees the reply", async () => {
  await using world = await Loopback.make();
  const { client } = await pair(world, {
    status: async (request, call) => ({
      lines: [...request.sections, call.peer.role ?? "", call.peer.name, call.peer.certificateSha256.toString("hex")],
    }),
  });
  const reply = await client.unary(status, { sections: ["header"], api: true });
  assert.deepEqual(reply.lines, ["header", "director", "test-dir", world.clientIdentity.sha256.toString("hex")]);
  assert.deepEqual(client.certificateSha256, world.serverIdentity.sha256);
  assert.equal(client.peer?.name, "test-fd");
});

test("an OperatorError of a handler arrives with code, text and hint; another error only as a failure", async () => {
  await using world = await Loopback.make();
  const { client } = await pair(world, {
    status: async (request) => {
      if (request.api) throw new Error("secret detail");
      throw new OperatorError("JOB_UNKNOWN", "no job “ä\ud800”", { hint: "run it" });
    },
  });
  await assert.rejects(
    client.unary(status, nothing),
    (error: OperatorError) => error.code === "JOB_UNKNOWN" && error.message === "no job “ä\ufffd”" && error.hint === "run it",
  );
  await assert.rejects(
    client.unary(status, { sections: [], api: true }),
    (error: OperatorError) => error.code === "RPC_PEER_FAILED" && !error.message.includes("secret"),
  );
  assert.match(world.serverLog.of("error")[0] ?? "", /secret detail/);
});

test("a server stream is produced only as fast as it is read", async () => {
  await using world = await Loopback.make();
  let produced = 0;
  const { client } = await pair(world, {
    estimate: async function* () {
      for (; produced < 1000; produced++) yield { lines: [Buffer.alloc(500_000)] };
    },
  });
  let received = 0;
  for await (const reply of client.serverStream(FileDaemonService.estimate, {
    work: undefined,
    listing: true,
    job: undefined,
  })) {
    assert.equal(reply.lines[0]?.byteLength, 500_000);
    received += 1;
    if (received === 3) await new Promise((resolve) => setTimeout(resolve, 300));
    if (received === 5) break;
  }
  assert.ok(produced < 60, `${produced} messages of half a MiB were produced for 5 that were read`);
});

test("a client stream is consumed only as fast as the handler pulls", async () => {
  await using world = await Loopback.make();
  let sent = 0;
  const { client } = await pair(world, {
    sendAccurate: async (requests) => {
      for await (const request of requests) {
        assert.equal(request.files.length, 1);
        await new Promise((resolve) => setTimeout(resolve, 200));
        break;
      }
      throw new OperatorError("JOB_UNKNOWN", "no such job");
    },
  });
  async function* requests() {
    for (; sent < 1000; sent++)
      yield { job: undefined, files: [{ path: Buffer.alloc(500_000), lstat: "", digest: "", deltaSeq: 0 }] };
  }
  await assert.rejects(client.clientStream(FileDaemonService.sendAccurate, requests(), {}), /no such job/);
  assert.ok(sent < 60, `${sent} messages of half a MiB were sent for one that was read`);
});

test("a two-way call works in both directions and ends when both have ended", async () => {
  await using world = await Loopback.make();
  const { client } = await pair(world, {
    followJob: async function* (requests) {
      for await (const request of requests) {
        if (request.step?.$case === "ack") yield { number: request.step.value, event: undefined };
      }
    },
  });
  const call = await client.bidi(FileDaemonService.followJob);
  const numbers: number[] = [];
  const reading = (async () => {
    for await (const event of call) numbers.push(event.number);
  })();
  for (let number = 1; number <= 500; number++) await call.write({ step: { $case: "ack", value: number } });
  call.end();
  await reading;
  assert.deepEqual(
    numbers,
    Array.from({ length: 500 }, (_, index) => index + 1),
  );
});

test("leaving a call, or aborting its signal, aborts the handler's signal", async () => {
  await using world = await Loopback.make();
  const aborted: string[] = [];
  const { client } = await pair(world, {
    estimate: async function* (_request, call) {
      call.signal.addEventListener("abort", () => aborted.push("estimate"));
      for (;;) yield { lines: [] };
    },
    status: (_request, call) =>
      new Promise((_resolve, reject) =>
        call.signal.addEventListener("abort", () => (aborted.push("status"), reject(call.signal.reason as Error))),
      ),
  });
  for await (const _reply of client.serverStream(FileDaemonService.estimate, {
    work: undefined,
    listing: false,
    job: undefined,
  }))
    break;
  const controller = new AbortController();
  const waiting = client.unary(status, nothing, { signal: controller.signal });
  setTimeout(() => controller.abort(new OperatorError("CANCELED", "the operator canceled")), 100);
  await assert.rejects(waiting, /the operator canceled/);
  while (aborted.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(aborted.toSorted(), ["estimate", "status"]);
});

test("a call past its time fails with TIMED_OUT on both sides", async () => {
  await using world = await Loopback.make();
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const { client } = await pair(world, {
    status: (_request, call) =>
      new Promise((_done, reject) =>
        call.signal.addEventListener("abort", () => {
          resolve();
          reject(call.signal.reason as Error);
        }),
      ),
  });
  await client.ready();
  await assert.rejects(client.unary(status, nothing, { timeoutMs: 100 }), (error: OperatorError) => error.code === "TIMED_OUT");
  await aborted;
});

test("a server that stops aborts what runs, waits for it, and the caller may try again later", async () => {
  await using world = await Loopback.make();
  let letGo = false;
  const { client, server } = await pair(world, {
    followJob: async function* (_requests, call) {
      try {
        yield { number: 1, event: undefined };
        await new Promise((_resolve, reject) =>
          call.signal.addEventListener("abort", () => reject(call.signal.reason as Error)),
        );
      } finally {
        await new Promise((resolve) => setTimeout(resolve, 50));
        letGo = true;
      }
    },
  });
  const call = await client.bidi(FileDaemonService.followJob);
  const reading = (async () => {
    for await (const _event of call) void server.close(10);
  })();
  await assert.rejects(reading, (error: OperatorError) => error.code === "RPC_STOPPING" && isRetryable(error));
  await server.close();
  assert.equal(letGo, true);
  await assert.rejects(
    client.unary(status, nothing),
    (error: OperatorError) => error.code === "RPC_UNREACHABLE" && /ECONNREFUSED/.test(error.message),
  );
});

test("after the daemon was restarted the client connects and logs in by itself", async () => {
  await using world = await Loopback.make();
  const first = await pair(world, { status: async () => ({ lines: ["first"] }) });
  assert.deepEqual((await first.client.unary(status, nothing)).lines, ["first"]);
  await first.server.close(0);
  const second = world.server();
  second.add(FileDaemonService, "director", handlers({ status: async () => ({ lines: ["second"] }) }));
  await second.listen([{ host: "127.0.0.1", port: first.port }]);
  assert.deepEqual((await first.client.unary(status, nothing)).lines, ["second"]);
});

test("a message above the bound is refused, and the connection lives on", async () => {
  await using world = await Loopback.make();
  const { client } = await pair(world, { status: async (request) => ({ lines: [String(request.sections.length)] }) });
  await assert.rejects(
    client.unary(status, { sections: ["x".repeat(2_000_000)], api: false }),
    (error: OperatorError) => error.code === "RPC_MESSAGE_TOO_LARGE",
  );
  assert.deepEqual((await client.unary(status, { sections: ["x"], api: false })).lines, ["1"]);
});

test("the start of a job may be longer than other messages", async () => {
  await using world = await Loopback.make();
  let started = 0;
  const { client } = await pair(world, {
    startJob: async (request) => {
      started = request.work?.$case === "backup" ? (request.work.value.fileset?.excludes.length ?? 0) : 0;
      return { known: false };
    },
    cancelJob: async () => ({}),
  });
  const excludes = Array.from({ length: 200_000 }, (_, at) => Buffer.from(`/srv/some/directory/file-${at}`));
  const request = StartFileJobRequest.fromPartial({ work: { $case: "backup", value: { fileset: { excludes } } } });
  await client.unary(FileDaemonService.startJob, request);
  assert.equal(started, 200_000);
  const long = { job: { job: "x".repeat(2 << 20), jobId: 1 }, incomplete: false };
  await assert.rejects(client.unary(FileDaemonService.cancelJob, long), { code: "RPC_MESSAGE_TOO_LARGE" });
});

test("a port in use is named in the error", async () => {
  await using world = await Loopback.make();
  const { port } = await pair(world, {});
  await assert.rejects(
    world.server().listen([{ host: "127.0.0.1", port }]),
    (error: OperatorError) => error.code === "LISTEN_FAILED" && error.message.includes(String(port)),
  );
});
