import { OperatorError } from "#lib/errors/operator-error.ts";
import { ReplicaPlace } from "./replica-place.ts";
import type { CallContext } from "#lib/rpc/call.ts";
import type { DeleteQueue } from "../btrfs/delete-queue.ts";
import type { ReplicaReply, ReplicaRequest } from "#proto/data.ts";

/** Where a replica goes to. */
export interface ReplicaTarget {
  /** Archive Device. */
  readonly root: string;
  readonly deletes: DeleteQueue;
  /** Takes the store's place for this sender alone; waits a little for one that is leaving. REPLICA_FAILED if another one is at it. */
  take(store: string, signal: AbortSignal): Promise<Disposable>;
  /** A new generation of this store is in place. */
  placed(store: string): Promise<void>;
}

/**
 * Takes a replica in: its parts, each between `start` and `finish`, and at the end one more `finish` that says that it is complete. A
 * stream that ends before that leaves nothing.
 */
export async function* receiveReplica(
  target: ReplicaTarget,
  store: string,
  requests: AsyncIterator<ReplicaRequest>,
  call: CallContext,
): AsyncGenerator<ReplicaReply, void, undefined> {
  const received = yield* receiveParts(target, store, requests, call);
  // Only now, when the place is free again: the sender may come at once with the next one.
  await target.placed(store);
  yield reply({ received, ended: true });
}

/** Takes all parts and puts them in place; answers how many there were. */
async function* receiveParts(
  target: ReplicaTarget,
  store: string,
  requests: AsyncIterator<ReplicaRequest>,
  call: CallContext,
): AsyncGenerator<ReplicaReply, number, undefined> {
  using _ = await target.take(store, call.signal);
  await using place = await ReplicaPlace.open(target.root, store, target.deletes, call.signal);
  yield reply({ have: [...(await place.have())] });
  for (;;) {
    const { value, done } = await requests.next();
    call.signal.throwIfAborted();
    if (done === true) throw new OperatorError("REPLICA_FAILED", "the sender left before its replica was complete");
    const step = (value as ReplicaRequest).step;
    switch (step?.$case) {
      case "start":
        place.begin(step.value);
        break;
      case "data":
        await place.write(step.value);
        break;
      case "finish":
        if (!place.isReceiving) {
          await place.place();
          return place.received;
        }
        await place.finish();
        yield reply({ received: place.received });
        break;
      default:
        throw new OperatorError("REPLICA_FAILED", "the sender says something that does not belong here");
    }
  }
}

function reply(more: Partial<ReplicaReply>): ReplicaReply {
  return { have: [], received: 0, failed: "", ended: false, frames: Buffer.alloc(0), ...more };
}
