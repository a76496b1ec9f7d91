import type { TlsIdentity } from "#lib/auth/identity.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { must } from "#lib/base/assert.ts";
import { LinesLog } from "#lib/testing/loopback.ts";
import { bulkStorageData } from "#lib/rpc/bulk-codec.ts";
import { RpcServer } from "#lib/rpc/server.ts";
import { RELEASE } from "#lib/rpc/versions.ts";
import type { AppendEnd, AppendReply, AppendRequest, ReadReply, ReadRequest } from "#proto/data.ts";
import type { StorageTicket } from "#proto/filed.ts";
import type { MemoryStore } from "./memory-store.ts";

/** A storage daemon's data service that keeps one job's batches in memory, and loses connections when told to. */
export class MemoryStorage implements AsyncDisposable {
  readonly batches: Buffer[] = [];
  readonly key = Buffer.alloc(32, 7);
  readonly log = new LinesLog();
  end: AppendEnd | undefined;
  /** Connections of `append` and `read` so far. */
  opens = 0;
  /** Set: the device has a store. */
  store: MemoryStore | undefined;
  /** True: the device is not ready, `append` gets no first reply. */
  isBusy = false;
  #runs = 0;
  /** The call is cut when so many batches, runs of chunks and questions went over it; once for each number. */
  cutAfter: number[] = [];
  /** Damages to report at the end of a read. */
  damages: string[] = [];
  readonly #identity: TlsIdentity;
  readonly #server: RpcServer;
  #port = 0;

  constructor(identity: TlsIdentity) {
    this.#identity = identity;
    this.#server = new RpcServer({
      role: "storageDaemon",
      name: "memory-sd",
      release: RELEASE,
      identity,
      accounts: () => undefined,
      trust: [],
      log: this.log,
    });
    this.#server.add(bulkStorageData, "jobKey", {
      append: (requests) => this.#append(requests),
      read: (requests) => this.#read(requests),
      receive: () => {
        throw new OperatorError("RPC_REFUSED", "no replica is expected here");
      },
    });
  }

  async listen(): Promise<void> {
    this.#port = (await this.#server.listen([{ host: "127.0.0.1", port: 0 }])).port;
  }

  get ticket(): StorageTicket {
    return {
      address: "127.0.0.1",
      port: this.#port,
      key: this.key,
      certificateSha256: this.#identity.sha256,
      name: "memory-sd",
      job: "",
    };
  }

  async *#append(requests: AsyncIterable<AppendRequest>): AsyncGenerator<AppendReply> {
    let cut = Number.POSITIVE_INFINITY;
    for await (const { step } of requests) {
      switch (step?.$case) {
        case undefined:
          break;
        case "open":
          if (!step.value.key.equals(this.key)) throw new OperatorError("RPC_REFUSED", "wrong job key");
          this.opens++;
          cut = this.cutAfter.shift() ?? cut;
          if (this.isBusy) await new Promise(() => {});
          yield this.#reply({ store: this.store?.offer });
          continue;
        case "records":
          if (cut-- <= 0) throw new OperatorError("RPC_CONNECTION_LOST", "cut by the test");
          this.store?.checkLists(step.value);
          this.batches.push(Buffer.from(step.value));
          break;
        case "chunks":
          if (cut-- <= 0) throw new OperatorError("RPC_CONNECTION_LOST", "cut by the test");
          must(this.store, "no store was offered").take(step.value);
          this.#runs++;
          break;
        case "ask":
          if (cut-- <= 0) throw new OperatorError("RPC_CONNECTION_LOST", "cut by the test");
          yield this.#reply({ known: must(this.store, "no store was offered").known(step.value) });
          continue;
        case "hold":
          yield this.#reply({ held: { held: must(this.store, "no store was offered").hold(step.value.sessions) } });
          continue;
        case "end":
          this.end = step.value;
          yield this.#reply({ ended: true });
          return;
      }
      yield this.#reply({});
    }
  }

  #reply(parts: Partial<AppendReply>): AppendReply {
    const nothing = { ended: false, failed: "", store: undefined, known: Buffer.alloc(0), held: undefined };
    return { ...nothing, batches: this.batches.length + this.#runs, ...parts };
  }

  /** A new job begins: nothing of the one before is there but its chunks. */
  restart(): void {
    this.batches.length = 0;
    this.#runs = 0;
    this.end = undefined;
  }

  async *#read(requests: AsyncIterable<ReadRequest>): AsyncGenerator<ReadReply> {
    const steps = requests[Symbol.asyncIterator]();
    await steps.next();
    const first = await steps.next();
    this.opens++;
    let cut = this.cutAfter.shift() ?? Number.POSITIVE_INFINITY;
    const from = first.value?.step?.$case === "received" ? first.value.step.value : 0;
    yield { step: { $case: "session", value: { volSessionId: 1, volSessionTime: 2, jobId: 3 } } };
    const { store } = this;
    const batches = store === undefined ? this.batches : this.batches.flatMap((batch) => [...store.expanded(batch)]);
    for (const batch of batches.slice(from)) {
      if (cut-- <= 0) throw new OperatorError("RPC_CONNECTION_LOST", "cut by the test");
      yield { step: { $case: "records", value: batch } };
    }
    yield { step: { $case: "end", value: { damages: this.damages, files: 0, failed: "" } } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close(100);
  }
}
