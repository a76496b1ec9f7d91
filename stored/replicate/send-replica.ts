import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { bulkStorageData } from "#lib/rpc/bulk-codec.ts";
import { sendStream } from "../btrfs/send-receive.ts";
import { DESCRIPTION } from "./replica-paths.ts";
import { sizeText } from "../status/units.ts";
import type { BidiCall, RpcClient } from "#lib/rpc/client.ts";
import type { CommitPoints } from "../btrfs/commit-points.ts";
import type { GenerationPart } from "./generations.ts";
import type { ReplicaReply, ReplicaRequest } from "#proto/data.ts";
import type { SentGenerations } from "./sent-generations.ts";

/** What is sent where to. */
export interface ReplicaSource {
  /** Archive Device. */
  readonly root: string;
  /** UUID of the store. */
  readonly store: string;
  readonly points: CommitPoints;
  readonly sent: SentGenerations;
  readonly client: RpcClient;
  /** What the Director gave to both. */
  readonly key: Uint8Array;
  readonly signal: AbortSignal;
}

/** Sends a store to another storage daemon; yields lines for the operator. When it ends without an error the replica is in place there. */
export async function* sendReplica(source: ReplicaSource): AsyncGenerator<string, void, undefined> {
  const { root, store, points, sent, client, key, signal } = source;
  const { number, parts } = await sent.take(points);
  let isComplete = false;
  let mayHaveArrived = false;
  try {
    const call = await client.bidi(bulkStorageData.receive, { signal });
    try {
      const replies = call[Symbol.asyncIterator]();
      await call.write({ step: { $case: "open", value: { key: Buffer.from(key), store, heal: false } } });
      const have = new Set((await next(replies, client.who)).have);
      const known = await sent.known(have, number);
      let bytes = 0;
      for (const [at, part] of parts.entries()) {
        const parent = known.get(part.path);
        const size = await sendPart(call, part, parent, signal);
        await expectReceived(replies, at + 1, client.who);
        bytes += size;
        yield `${part.path}: ${sizeText(size)} bytes, ${parent === undefined ? "whole" : "what is new"}`;
      }
      await sendDescription(call, await readFile(join(root, DESCRIPTION)));
      await expectReceived(replies, parts.length + 1, client.who);
      mayHaveArrived = true;
      await call.write(finish);
      const last = await next(replies, client.who);
      if (!last.ended) throw new OperatorError("REPLICA_FAILED", `${client.who} did not put the replica in place`);
      isComplete = true;
      yield `${parts.length} subvolumes, ${sizeText(bytes)} bytes sent; the replica is in place at ${client.who}.`;
    } finally {
      call.cancel();
    }
  } finally {
    if (isComplete) await sent.keepOnly([number]);
    // Whether the last word arrived is not known: the next one asks what is there.
    else if (!mayHaveArrived) await sent.remove(number);
  }
}

const finish: ReplicaRequest = { step: { $case: "finish", value: {} } };

type ReplicaCall = BidiCall<ReplicaRequest, ReplicaReply>;

async function sendPart(
  call: ReplicaCall,
  part: GenerationPart,
  parent: GenerationPart | undefined,
  signal: AbortSignal,
): Promise<number> {
  const parentUuid = parent?.facts.uuid ?? "";
  await call.write({ step: { $case: "start", value: { path: part.path, uuid: part.facts.uuid, parentUuid } } });
  let bytes = 0;
  for await (const piece of sendStream(part.at, parent?.at, signal)) {
    await call.write({ step: { $case: "data", value: piece } });
    bytes += piece.byteLength;
  }
  await call.write(finish);
  return bytes;
}

async function sendDescription(call: ReplicaCall, text: Buffer): Promise<void> {
  await call.write({ step: { $case: "start", value: { path: DESCRIPTION, uuid: "", parentUuid: "" } } });
  await call.write({ step: { $case: "data", value: text } });
  await call.write(finish);
}

async function expectReceived(replies: AsyncIterator<ReplicaReply>, count: number, who: string): Promise<void> {
  const { received } = await next(replies, who);
  if (received !== count)
    throw new OperatorError("REPLICA_FAILED", `${who} says that it has ${received} subvolumes instead of ${count}`);
}

async function next(replies: AsyncIterator<ReplicaReply>, who: string): Promise<ReplicaReply> {
  const reply = await replies.next();
  if (reply.done === true) throw new OperatorError("RPC_CONNECTION_LOST", `${who} ended the connection`);
  if (reply.value.failed !== "") throw new OperatorError("REPLICA_FAILED", `${who}: ${reply.value.failed}`);
  return reply.value;
}
