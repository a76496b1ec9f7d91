import type { Clock } from "#lib/base/clock.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { bulkStorageData } from "#lib/rpc/bulk-codec.ts";
import { reuseReceived } from "#lib/rpc/received-buffers.ts";
import type { RpcClient } from "#lib/rpc/client.ts";
import type { JobRef } from "#proto/common.ts";
import type { ReadEnd, ReadSession } from "#proto/data.ts";
import { keepConnected } from "#filed/clients/reconnect.ts";

export interface StorageReaderOptions {
  readonly client: RpcClient;
  readonly job: JobRef;
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly lostMsMax: number;
  readonly onState: (state: "lost" | "back", text: string) => void;
  /** Takes a batch; the next one is read when it resolves. The batch is the taker's until it calls `free`, which it may do later. */
  readonly onBatch: (batch: Uint8Array, free: () => void) => Promise<void>;
  /** The records that follow are of this session; not told again when a connection is taken up. */
  readonly onSession: (session: ReadSession) => void;
}

/** Batches after which the storage daemon is told how far we are. */
const RECEIVED_EVERY = 8;

/** Reads a job's records from its storage daemon to the end, over lost connections. Answers what the storage daemon says at the end. */
export async function readStorage(options: StorageReaderOptions): Promise<ReadEnd & { readonly receivedBytes: number }> {
  const { client, job, key, clock, signal, lostMsMax, onState } = options;
  let received = 0;
  let receivedBytes = 0;
  let session = "";
  let end: ReadEnd | undefined;
  const readOnce = async (progressed: () => void): Promise<boolean> => {
    const call = await client.bidi(bulkStorageData.read, { signal });
    try {
      await call.write({ step: { $case: "open", value: { job, key: Buffer.from(key) } } });
      await call.write({ step: { $case: "received", value: received } });
      for await (const reply of call) {
        progressed();
        const { step } = reply;
        if (step?.$case === "records") {
          const batch = step.value as Buffer<ArrayBuffer>;
          await options.onBatch(batch, () => reuseReceived(batch));
          received++;
          receivedBytes += batch.byteLength;
          if (received % RECEIVED_EVERY === 0) await call.write({ step: { $case: "received", value: received } });
        } else if (step?.$case === "session") {
          const key = `${step.value.volSessionId} ${step.value.volSessionTime}`;
          if (key !== session) options.onSession(step.value);
          session = key;
        } else if (step?.$case === "end") {
          end = step.value;
          await call.write({ step: { $case: "received", value: received } }).catch(() => {});
          call.end();
          // Not left at once: that would cancel the call, and the last acknowledgement might never arrive.
        }
      }
      if (end !== undefined) return true;
      throw new OperatorError("RPC_CONNECTION_LOST", `${client.who} ended the data connection before the end`);
    } finally {
      call.cancel();
    }
  };
  await keepConnected(readOnce, { clock, signal, lostMsMax, who: client.who, onState });
  return { ...end!, receivedBytes };
}
