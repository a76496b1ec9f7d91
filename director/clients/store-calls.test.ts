import assert from "node:assert/strict";
import { test } from "node:test";
import { AdmitReplicaRequest, DedupRequest, ReplicateRequest, type DeviceReply } from "#proto/stored.ts";
import { EngineWorld } from "../testing/engine-world.ts";
import { forgetSessions } from "./forget-sessions.ts";

const never = new AbortController().signal;
const idle = { fd: async () => {}, sd: async () => {} };

test("requests about a store reach the storage daemon, and its lines come as they are said", async () => {
  await using world = await EngineWorld.open(idle);
  const daemon = world.clients.storageDaemon("File1");
  const lines: DeviceReply[] = [];
  for await (const reply of daemon.dedup(DedupRequest.fromPartial({ device: "Dev", action: "scrub", lookOnly: true }), never))
    lines.push(reply);
  assert.deepEqual(lines.map((reply) => [reply.line, reply.ok]), [["1 of 2", undefined], ["2 of 2", true]]); // prettier-ignore
  const { name, certificateSha256 } = await daemon.identify(never);
  assert.equal(name, "test-sd");
  assert.equal(certificateSha256.length, 32);
  const key = Buffer.alloc(32, 7);
  await daemon.admitReplica(AdmitReplicaRequest.fromPartial({ device: "Dev", key, certificateSha256 }), never);
  for await (const _reply of daemon.replicate(ReplicateRequest.fromPartial({ device: "Dev", to: { key } }), never)) continue;
  const sessions = [{ volSessionId: 3, volSessionTime: 4, volume: "V" }];
  await forgetSessions(world.config, world.clients, { storage: "File1", sessions }, never);
  const [dedup, admit, replicate, forget] = world.daemons.storeAsked;
  assert.equal(dedup?.what === "dedup" && dedup.request.lookOnly, true);
  assert.deepEqual(admit?.what === "admit" && [...admit.request.certificateSha256], [...certificateSha256]);
  assert.deepEqual(replicate?.what === "replicate" && [...(replicate.request.to?.key ?? [])], [...key]);
  assert.deepEqual(forget?.what === "forget" && [forget.request.device, forget.request.sessions], ["Dev", sessions]);
});

test("a work that is interrupted is left at once", async () => {
  await using world = await EngineWorld.open(idle);
  const stop = new AbortController();
  const work = world.clients
    .storageDaemon("File1")
    .dedup(DedupRequest.fromPartial({ device: "Dev", action: "vacuum" }), stop.signal);
  await assert.rejects(async () => {
    for await (const _reply of work) stop.abort(new Error("Ctrl-C"));
  });
});
