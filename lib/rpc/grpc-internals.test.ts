import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { connect as http2Connect } from "node:http2";
import { connect as tlsConnect } from "node:tls";
import { test } from "node:test";
import { StreamDecoder } from "@grpc/grpc-js/build/src/stream-decoder.js";
import { clientTlsOptions } from "#lib/auth/tls.ts";
import { Loopback } from "#lib/testing/loopback.ts";
import * as limits from "./limits.ts";
import { reuseReceived } from "./received-buffers.ts";
import { RELEASE } from "./versions.ts";

test("a server offers the windows and the bound on calls that limits.ts says", async () => {
  await using world = await Loopback.make();
  const { port } = await world.server().listen([{ host: "127.0.0.1", port: 0 }]);
  const session = http2Connect(`https://127.0.0.1:${port}`, {
    createConnection: () =>
      tlsConnect({
        ...clientTlsOptions(world.clientIdentity, { caPems: [], caSha256: new Set(), source: "" }),
        host: "127.0.0.1",
        port,
      }),
  });
  session.on("error", () => {});
  const settings = await new Promise<{ initialWindowSize?: number; maxConcurrentStreams?: number }>((resolve) =>
    session.once("remoteSettings", resolve),
  );
  assert.equal(settings.initialWindowSize, limits.FLOW_WINDOW_BYTES);
  assert.equal(settings.maxConcurrentStreams, limits.CALLS_PER_CONNECTION_MAX);
  while ((session.state.remoteWindowSize ?? 0) < limits.FLOW_WINDOW_BYTES)
    await new Promise((resolve) => setTimeout(resolve, 5));
  session.destroy();
});

test("the release that daemons tell is that of package.json", async () => {
  const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  assert.equal(RELEASE, manifest.version);
});

/** Sends messages of these lengths in pieces; what was received has to be what was sent, though its memory is used again at once. */
function checkMessages(sizes: readonly number[], steps: readonly number[]): void {
  const sent = sizes.map((size, number) => Buffer.alloc(size, number + 1));
  const stream = Buffer.concat(
    sent.map((message) => {
      const frame = Buffer.alloc(5);
      frame.writeUInt32BE(message.byteLength, 1);
      return Buffer.concat([frame, message]);
    }),
  );
  for (const step of [...steps, stream.byteLength]) {
    const decoder = new StreamDecoder(-1);
    const got: Buffer[] = [];
    for (let at = 0; at < stream.byteLength; at += step) {
      for (const message of decoder.write(stream.subarray(at, at + step))) {
        got.push(Buffer.from(message.subarray(5)));
        reuseReceived(message as Buffer<ArrayBuffer>);
      }
    }
    assert.equal(got.length, sent.length);
    for (const [number, message] of got.entries())
      assert.equal(message.equals(sent[number]!), true, `message ${number} at ${step}`);
  }
}

test("messages come out whole however the stream is cut, from the first byte to several megabytes", () => {
  checkMessages([0, 1, 7, 70_000, 0, 5_000_000, 300_000, 3], [1, 4, 5, 6, 16_384, 1_000_003]);
});

test("messages that just fill a buffer, or are one byte shorter or longer, come out whole", () => {
  const lengths = [64, 128, 256, 512, 768, 1088, 2048].flatMap((kib) => [-1, 0, 1].map((more) => kib * 1024 - 5 + more));
  checkMessages([...lengths, ...lengths.toReversed()], [16_384, 65_537, 1_048_576]);
});

test("a message longer than allowed is refused before memory is taken for it", () => {
  const decoder = new StreamDecoder(1000);
  assert.throws(() => decoder.write(Buffer.from([0, 0xff, 0xff, 0xff, 0xff])), /larger than max/);
});
