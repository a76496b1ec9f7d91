import { open, type FileHandle } from "node:fs/promises";
import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { bulkStorageData } from "#lib/rpc/bulk-codec.ts";
import { BATCH_BYTES_MAX } from "#lib/wire/record.ts";
import { containerPath } from "../chunks/container-name.ts";
import { isDomainName } from "../chunks/store-paths.ts";
import type { CallContext } from "#lib/rpc/call.ts";
import type { ChunkPlaces, StoreCallName, StoreCalls } from "../chunks/store-calls.ts";
import type { ReplicaReply, ReplicaRequest, WantedChunks } from "#proto/data.ts";
import type { RpcClient } from "#lib/rpc/client.ts";

/** Most identities of one question. */
const WANTED_MAX = 4096;

/** Frames that are mended together: they become one container. */
const MEND_BYTES = 16 * 1024 * 1024;

/** A store that can be asked (stored/store/store-host.ts). */
export interface AskableStore {
  call<Name extends StoreCallName>(name: Name, argument: StoreCalls[Name]["argument"]): Promise<StoreCalls[Name]["result"]>;
}

/** What came of healing. */
export interface Healed {
  readonly wanted: number;
  readonly mended: number;
}

/** Asks a replica for the chunks that a store lacks, and has the good ones taken in. */
export async function healFrom(
  store: AskableStore,
  uuid: string,
  client: RpcClient,
  key: Uint8Array,
  signal: AbortSignal,
): Promise<Healed> {
  const wanted = await store.call("wanted", null);
  const count = wanted.reduce((sum, { ids }) => sum + ids.byteLength / CHUNK_ID_BYTES, 0);
  if (count === 0) return { wanted: 0, mended: 0 };
  let mended = 0;
  const call = await client.bidi(bulkStorageData.receive, { signal });
  try {
    await call.write({ step: { $case: "open", value: { key: Buffer.from(key), store: uuid, heal: true } } });
    const replies = call[Symbol.asyncIterator]();
    for (const { domain, ids } of wanted) {
      for (let at = 0; at < ids.byteLength; at += WANTED_MAX * CHUNK_ID_BYTES) {
        const some = Buffer.from(ids.subarray(at, at + WANTED_MAX * CHUNK_ID_BYTES));
        await call.write({ step: { $case: "wanted", value: { domain, ids: some } } });
        mended += await mendAnswer(store, domain, replies, client.who);
      }
    }
  } finally {
    call.cancel();
  }
  return { wanted: count, mended };
}

/** Takes the frames of one answer in, several messages at a time. */
async function mendAnswer(
  store: AskableStore,
  domain: string,
  replies: AsyncIterator<ReplicaReply>,
  who: string,
): Promise<number> {
  let mended = 0;
  let kept: Buffer[] = [];
  let bytes = 0;
  const mend = async () => {
    if (bytes > 0) mended += await store.call("mend", { domain, frames: Uint8Array.from(Buffer.concat(kept)) });
    kept = [];
    bytes = 0;
  };
  for (;;) {
    const reply = await replies.next();
    if (reply.done === true) throw new OperatorError("RPC_CONNECTION_LOST", `${who} ended the connection`);
    const { frames } = reply.value;
    if (frames.byteLength === 0) break;
    kept.push(frames);
    bytes += frames.byteLength;
    if (bytes >= MEND_BYTES) await mend();
  }
  await mend();
  return mended;
}

/** Answers a store that heals from the replica here: the frames of what it wants, as they lie in the containers. It checks them itself. */
export async function* serveWanted(
  replica: AskableStore,
  requests: AsyncIterator<ReplicaRequest>,
  call: CallContext,
): AsyncGenerator<ReplicaReply, void, undefined> {
  for (;;) {
    const { value, done } = await requests.next();
    call.signal.throwIfAborted();
    if (done === true) return;
    const step = (value as ReplicaRequest).step;
    if (step?.$case !== "wanted")
      throw new OperatorError("REPLICA_FAILED", "a store that heals asks for chunks and nothing else");
    const places = await replica.call("locate", { session: { id: 0, time: 0 }, ids: checkedIds(step.value) });
    for await (const frames of framesAt(places)) yield answer(frames);
    yield answer(Buffer.alloc(0));
  }
}

function checkedIds({ domain, ids }: WantedChunks): Uint8Array {
  const count = ids.byteLength / CHUNK_ID_BYTES;
  if (!isDomainName(domain) || !Number.isInteger(count) || count < 1 || count > WANTED_MAX)
    throw new OperatorError(
      "REPLICA_FAILED",
      `${ids.byteLength} bytes of domain "${domain.slice(0, 200)}" are no list of chunks`,
    );
  return Uint8Array.from(ids);
}

/** Reads frames in the order of the containers, in runs of about a message. Those that cannot be read are left out. */
async function* framesAt(places: ChunkPlaces): AsyncGenerator<Buffer, void, undefined> {
  const order = [...places.containers.keys()]
    .filter((at) => places.containers[at] !== 0)
    .toSorted((a, b) => places.containers[a]! - places.containers[b]! || places.offsets[a]! - places.offsets[b]!);
  let run: Buffer[] = [];
  let bytes = 0;
  let current: { readonly number: number; readonly file: FileHandle | undefined } | undefined;
  try {
    for (const at of order) {
      const number = places.containers[at]!;
      if (current?.number !== number) {
        await current?.file?.close();
        current = { number, file: await open(containerPath(places.directory, number), "r").catch(() => undefined) };
      }
      const frame = Buffer.alloc(places.bytes[at]!);
      const read = await current.file?.read(frame, 0, frame.byteLength, places.offsets[at]!).catch(() => undefined);
      if (read?.bytesRead !== frame.byteLength) continue;
      if (bytes > 0 && bytes + frame.byteLength > BATCH_BYTES_MAX) {
        yield Buffer.concat(run);
        run = [];
        bytes = 0;
      }
      run.push(frame);
      bytes += frame.byteLength;
    }
    if (bytes > 0) yield Buffer.concat(run);
  } finally {
    await current?.file?.close();
  }
}

function answer(frames: Buffer): ReplicaReply {
  return { have: [], received: 0, failed: "", ended: false, frames };
}
