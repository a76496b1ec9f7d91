import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer as createTcpServer, connect as tcpConnect, type AddressInfo } from "node:net";
import { connect as tlsConnect, createServer as createTlsServer } from "node:tls";
import { test } from "node:test";
import { Secret } from "#lib/config/secret.ts";
import type { OperatorError } from "#lib/errors/operator-error.ts";
import type { RpcClient, RpcClientOptions } from "#lib/rpc/client.ts";
import type { RpcServerOptions } from "#lib/rpc/server.ts";
import { Loopback, LOOPBACK_PASSWORD } from "#lib/testing/loopback.ts";
import { AuthService, type ProveRequest } from "#proto/auth.ts";
import { FileDaemonService } from "#proto/filed.ts";
import { proof, type Transcript } from "./challenge.ts";
import { readIdentity, type TlsIdentity } from "./identity.ts";
import type { RoleName } from "./role.ts";
import { issueRoleCertificate, makeSiteCa } from "./site-ca.ts";
import { clientTlsOptions, serverTlsOptions } from "./tls.ts";

const missing = () => assert.fail("a refused caller must reach no handler");

/** A file daemon on the loopback that only answers `status`. */
async function serve(world: Loopback, options: Partial<RpcServerOptions> = {}): Promise<number> {
  const server = world.server(options);
  server.add(FileDaemonService, "director", {
    startJob: missing,
    sendAccurate: missing,
    followJob: missing,
    cancelJob: missing,
    estimate: missing,
    status: async () => ({ lines: ["served"] }),
    setDebug: missing,
  });
  return (await server.listen([{ host: "127.0.0.1", port: 0 }])).port;
}

const ask = (client: RpcClient) => client.unary(FileDaemonService.status, { sections: [], api: false });

/** One line on the caller's side with this code, and one on the server's that matches. */
async function assertRefused(
  world: Loopback,
  client: RpcClient,
  code: string,
  callerSees: RegExp,
  serverLogs: RegExp,
): Promise<void> {
  const error = await ask(client).then(
    () => assert.fail("the call went through"),
    (failure: unknown) => failure as OperatorError,
  );
  assert.equal(error.code, code, error.message);
  assert.match(error.message, callerSees);
  assert.equal(error.message.includes("\n"), false);
  assert.equal(error.message.includes(LOOPBACK_PASSWORD), false);
  while (world.serverLog.lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const lines = world.serverLog.lines.filter((line) => serverLogs.test(line));
  assert.equal(lines.length, 1, world.serverLog.lines.join("\n"));
  assert.equal(world.serverLog.lines.length, 1, world.serverLog.lines.join("\n"));
}

const password = (text: string): RpcClientOptions["login"] => ({
  kind: "password",
  password: new Secret(text),
  where: 'Client "test-fd" in test.conf:2',
});

test("a wrong password is refused; the caller learns no more than that, the server's log names the resource", async () => {
  await using world = await Loopback.make();
  const client = world.client(await serve(world), { login: password("wrong") });
  await assertRefused(
    world,
    client,
    "RPC_REFUSED",
    /does not know our password for director "test-dir" \(that of Client "test-fd" in test\.conf:2\)/,
    /^security: login of director "test-dir" from 127.* the passwords differ; ours is that of Director "test-dir" in test\.conf:1/,
  );
});

test("an unknown Director is refused in the same words for the caller", async () => {
  await using world = await Loopback.make();
  const client = world.client(await serve(world), {
    self: { role: "director", name: "stranger", identity: world.clientIdentity },
  });
  await assertRefused(
    world,
    client,
    "RPC_REFUSED",
    /does not know our password for director "stranger"/,
    /^security: login of director "stranger" .* no director of that name is configured here/,
  );
});

test("a caller of another role is refused, and so is a server of another role", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  const asConsole = world.client(port, { self: { role: "console", name: "test-dir", identity: world.clientIdentity } });
  await assertRefused(world, asConsole, "RPC_REFUSED", /does not know our password/, /no console of that name/);
  const wantsStorage = world.client(port, { server: { role: "storageDaemon", name: "test-sd" } });
  await assert.rejects(
    ask(wantsStorage),
    (error: OperatorError) => error.code === "RPC_REFUSED" && /is no storageDaemon/.test(error.message),
  );
});

test("after ten failed logins the source must wait, and then also with the right password", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  for (let count = 0; count < 10; count++)
    await assert.rejects(ask(world.client(port, { login: password("wrong") })), /does not know our password/);
  await assert.rejects(ask(world.client(port)), (error: OperatorError) => error.code === "RPC_TOO_MANY_LOGINS");
  assert.equal(world.serverLog.of("security").length, 10);
});

test("no service answers before the login, and a token of another connection is worth nothing", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  const pinned = world.client(port, { login: { kind: "pinned", certificateSha256: world.serverIdentity.sha256 } });
  await assert.rejects(ask(pinned), (error: OperatorError) => error.code === "RPC_SESSION_UNKNOWN");
});

/** A login at the server, step by step, by a caller that has its own ideas. */
async function rawProve(
  world: Loopback,
  port: number,
  identity: TlsIdentity,
  steps: (answer: { nonce: Buffer; proof: Buffer; name: string }, nonce: Buffer) => Buffer,
): Promise<string> {
  const client = world.client(port, {
    self: { role: "director", name: "test-dir", identity },
    login: { kind: "pinned", certificateSha256: world.serverIdentity.sha256 },
  });
  const call = await client.bidi(AuthService.prove);
  const nonce = Buffer.alloc(32, 1);
  const send = (step: ProveRequest["step"]) => call.write({ step });
  await send({ $case: "start", value: { protocol: 1, role: 1, name: "test-dir", serverName: "test-fd", nonce } });
  try {
    for await (const reply of call) {
      if (reply.step?.$case === "verdict") return "accepted";
      if (reply.step?.$case !== "answer") return "odd";
      await send({
        $case: "clientProof",
        value: steps(
          { nonce: reply.step.value.nonce, proof: reply.step.value.serverProof, name: reply.step.value.name },
          nonce,
        ),
      });
    }
    return "ended";
  } catch (error) {
    return (error as OperatorError).code;
  }
}

test("a proof of an earlier login is refused in a new one (replay)", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  const { loginKey } = await import("./challenge.ts");
  const key = await loginKey(new Secret(LOOPBACK_PASSWORD), "test-dir", "test-fd");
  let earlier: Buffer | undefined;
  const honest = await rawProve(world, port, world.clientIdentity, (answer, nonce) => {
    const transcript: Transcript = {
      protocol: 1,
      clientRole: 1,
      clientName: "test-dir",
      serverRole: 2,
      serverName: answer.name,
      clientNonce: nonce,
      serverNonce: answer.nonce,
      clientCertificate: world.clientIdentity.sha256,
      serverCertificate: world.serverIdentity.sha256,
    };
    assert.deepEqual(answer.proof, proof(key, "server", transcript));
    return (earlier = proof(key, "client", transcript));
  });
  assert.equal(honest, "accepted");
  assert.equal(await rawProve(world, port, world.clientIdentity, () => earlier!), "RPC_REFUSED");
});

test("the server's own proof sent back is refused (reflection), and so are an empty and a long one", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  assert.equal(await rawProve(world, port, world.clientIdentity, (answer) => answer.proof), "RPC_REFUSED");
  assert.equal(await rawProve(world, port, world.clientIdentity, () => Buffer.alloc(0)), "RPC_REFUSED");
  assert.equal(await rawProve(world, port, world.clientIdentity, () => Buffer.alloc(500_000)), "RPC_REFUSED");
});

test("a man in the middle with a certificate of his own learns nothing he can use (relay)", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  // He ends TLS on both sides with his own key and passes every byte on.
  const { loadIdentity } = await import("./identity.ts");
  const identity = await loadIdentity({ settings: [], base: world.dir.file("mallory"), name: "test-fd" });
  const relay = createTlsServer(serverTlsOptions(identity, []), (near) => {
    const far = tlsConnect({
      ...clientTlsOptions(identity, { caPems: [], caSha256: new Set(), source: "" }),
      host: "127.0.0.1",
      port,
    });
    for (const socket of [near, far]) socket.on("error", () => {});
    near.pipe(far).pipe(near);
    near.once("close", () => far.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  try {
    await assertRefused(
      world,
      world.client((relay.address() as AddressInfo).port),
      "RPC_REFUSED",
      /does not know our password/,
      /^security: .*the passwords differ/,
    );
  } finally {
    relay.close();
  }
});

test("a pinned certificate must be the one shown", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  const client = world.client(port, { login: { kind: "pinned", certificateSha256: Buffer.alloc(32, 7) } });
  await assertRefused(
    world,
    client,
    "RPC_TLS_FAILED",
    /shows another certificate than the Director told us/,
    /^info: 127.* went away before it logged in/,
  );
});

test("what does not speak TLS 1.3 with HTTP/2 and a certificate is turned away with one line", async () => {
  await using world = await Loopback.make();
  const port = await serve(world);
  const plain = tcpConnect(port, "127.0.0.1");
  plain.on("error", () => {}).end("GET / HTTP/1.0\r\n\r\n");
  await new Promise((resolve) => plain.once("close", resolve));
  const old = tlsConnect({ host: "127.0.0.1", port, maxVersion: "TLSv1.2", rejectUnauthorized: false });
  await new Promise((resolve) => old.on("error", () => {}).once("close", resolve));
  const nameless = tlsConnect({ host: "127.0.0.1", port, ALPNProtocols: ["h2"], rejectUnauthorized: false });
  await new Promise((resolve) => nameless.on("error", () => {}).once("close", resolve));
  assert.equal(world.serverLog.lines.length, 3, world.serverLog.lines.join("\n"));
  assert.match(world.serverLog.lines[2]!, /shows no certificate/);
});

test("a port where nobody speaks TLS is told as such, within bounds", async () => {
  await using world = await Loopback.make();
  const server = createTcpServer((socket) => socket.on("error", () => {}).end("220 mail ready\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await assert.rejects(
    ask(world.client((server.address() as AddressInfo).port)),
    (error: OperatorError) => error.code === "RPC_TLS_FAILED",
  );
  server.close();
});

/** A site with its own CA: identities are files, as an administrator has them. */
async function site(world: Loopback, name = "site") {
  const now = new Date();
  const authority = await makeSiteCa(name, now);
  const caFile = world.dir.file(`${name}-ca.crt`);
  await writeFile(caFile, authority.certificate);
  const issue = async (
    role: RoleName,
    resource: string,
    own: { now?: Date; days?: number; hosts?: string[] } = {},
  ): Promise<TlsIdentity> => {
    const pair = await issueRoleCertificate(authority, { role, name: resource, now, ...own });
    const base = world.dir.file(`${name}-${role}-${resource}-${Math.random()}`);
    await Promise.all([writeFile(`${base}.crt`, pair.certificate), writeFile(`${base}.key`, pair.key)]);
    return readIdentity(`${base}.crt`, `${base}.key`);
  };
  return { tls: { enable: true, verifyPeer: true, caCertificateFile: caFile }, issue };
}

/** Options of a server and a client that both go by the site's CA. */
async function certified(world: Loopback, clientIdentity: TlsIdentity, serverIdentity: TlsIdentity, tls: object) {
  const account = { password: new Secret(LOOPBACK_PASSWORD), tls, where: 'Director "test-dir" in test.conf:1' };
  const port = await serve(world, { identity: serverIdentity, trust: [tls], accounts: () => account });
  return world.client(port, { self: { role: "director", name: "test-dir", identity: clientIdentity }, tls });
}

test("with the site's certificates for the right roles and names the call goes through", async () => {
  await using world = await Loopback.make();
  const { tls, issue } = await site(world);
  const client = await certified(world, await issue("director", "test-dir"), await issue("fileDaemon", "test-fd"), tls);
  assert.deepEqual((await ask(client)).lines, ["served"]);
});

test("a caller's certificate of another name, another role, another CA, self-made or expired is refused with its reason on both sides", async () => {
  await using world = await Loopback.make();
  const { tls, issue } = await site(world);
  const foreign = await site(world, "foreign");
  const server = await issue("fileDaemon", "test-fd");
  const past = new Date(Date.now() - 1000 * 24 * 3_600_000);
  const cases: [TlsIdentity, RegExp][] = [
    [await issue("director", "other-dir"), /certificate is for nocturne:\/\/dir\/other-dir, not for the director "test-dir"/],
    [await issue("fileDaemon", "test-dir"), /certificate is for nocturne:\/\/fd\/test-dir, not for the director "test-dir"/],
    [
      await foreign.issue("director", "test-dir"),
      /"CN=test-dir" is issued by "CN=Nocturne CA of foreign", not by the CA in .*site-ca\.crt/,
    ],
    [world.clientIdentity, /"CN=test-dir" is self-signed, not issued by the CA in .*site-ca\.crt/],
    [await issue("director", "test-dir", { now: past, days: 100 }), /"CN=test-dir" \(or its issuer\) expired; it was valid to/],
  ];
  for (const [identity, reason] of cases) {
    world.serverLog.lines.length = 0;
    await assertRefused(world, await certified(world, identity, server, tls), "RPC_CERTIFICATE_REFUSED", reason, reason);
  }
});

test("a server's certificate of another name, another CA or expired is not accepted, and no password proof is begun", async () => {
  await using world = await Loopback.make();
  const { tls, issue } = await site(world);
  const foreign = await site(world, "foreign");
  const director = await issue("director", "test-dir");
  const past = new Date(Date.now() - 1000 * 24 * 3_600_000);
  const cases: [TlsIdentity, RegExp][] = [
    [await issue("fileDaemon", "other-fd"), /certificate is for nocturne:\/\/fd\/other-fd, not for the fileDaemon "test-fd"/],
    [await foreign.issue("fileDaemon", "test-fd"), /not by the CA in/],
    [world.serverIdentity, /self-signed/],
    [await issue("fileDaemon", "test-fd", { now: past, days: 100 }), /expired/],
  ];
  for (const [identity, reason] of cases) {
    world.serverLog.lines.length = 0;
    await assertRefused(
      world,
      await certified(world, director, identity, tls),
      "RPC_TLS_FAILED",
      reason,
      /went away before it logged in; it may not accept our certificate/,
    );
  }
});

test("TLS Allowed CN is honoured on both sides", async () => {
  await using world = await Loopback.make();
  const { tls, issue } = await site(world);
  const [director, daemon] = [await issue("director", "test-dir"), await issue("fileDaemon", "test-fd")];
  const strict = await certified(world, director, daemon, { ...tls, allowedCn: ["somebody-else"] });
  await assert.rejects(
    ask(strict),
    (error: OperatorError) =>
      error.code === "RPC_TLS_FAILED" && /"test-fd" is not of an allowed name \(TLS Allowed CN\)/.test(error.message),
  );
  const right = await certified(world, director, daemon, { ...tls, allowedCn: ["test-fd", "test-dir"] });
  assert.deepEqual((await ask(right)).lines, ["served"]);
});

test("the certificate of the resource by which we dial is shown instead of the daemon's own", async () => {
  await using world = await Loopback.make();
  const { tls, issue } = await site(world);
  const director = await issue("director", "test-dir");
  await Promise.all([
    writeFile(world.dir.file("dial.crt"), director.certificate),
    writeFile(world.dir.file("dial.key"), director.key),
  ]);
  const withOwn = { ...tls, certificate: world.dir.file("dial.crt"), key: world.dir.file("dial.key") };
  const client = await certified(world, world.clientIdentity, await issue("fileDaemon", "test-fd"), withOwn);
  assert.deepEqual((await ask(client)).lines, ["served"]);
});

test("TLS Enable = no leaves the certificates aside; the password alone decides, still inside TLS", async () => {
  await using world = await Loopback.make();
  const { tls } = await site(world);
  const client = await certified(world, world.clientIdentity, world.serverIdentity, { ...tls, enable: false });
  assert.deepEqual((await ask(client)).lines, ["served"]);
});
