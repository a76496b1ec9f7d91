import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { connect as http2Connect } from "node:http2";
import { connect as tlsConnect } from "node:tls";
import { test } from "node:test";
import { clientTlsOptions } from "#lib/auth/tls.ts";
import { Loopback } from "#lib/testing/loopback.ts";
import * as limits from "./limits.ts";
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
