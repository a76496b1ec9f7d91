import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { Mutex } from "#lib/base/lock.ts";
import { RpcClient } from "#lib/rpc/client.ts";
import { Admissions } from "../replicate/admissions.ts";
import { receiveReplica } from "../replicate/receive-replica.ts";
import { cleanReplicas } from "../replicate/replica-place.ts";
import { replicaFolder } from "../replicate/replica-paths.ts";
import { healFrom, serveWanted, type AskableStore, type Healed } from "../replicate/heal.ts";
import { sendReplica } from "../replicate/send-replica.ts";
import { SentGenerations } from "../replicate/sent-generations.ts";
import type { CallContext } from "#lib/rpc/call.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { CommitPoints } from "../btrfs/commit-points.ts";
import type { DeviceReply, AdmitReplicaRequest, ReplicaPeer, ReplicateRequest } from "#proto/stored.ts";
import type { ReplicaReply, ReplicaRequest } from "#proto/data.ts";
import type { RpcLog } from "#lib/rpc/server.ts";
import type { TlsIdentity } from "#lib/auth/identity.ts";

/** How long a sender may take from the start of a stream to its `open`. */
const OPEN_MS = 30_000;

/** How long one that ends may take to leave the place clean. */
const LEAVING_MS_MAX = 60_000;

/** The store of a Btrfs device, as replication needs it. */
export interface ReplicableStore {
  /** Archive Device. */
  readonly directory: string;
  readonly points: CommitPoints;
  /** The store's UUID; opens the store if need be. */
  uuid(): Promise<string>;
}

/** The device, if there is one. DEVICE_UNKNOWN. */
export function knownDevice(name: string, host: DeviceHost | undefined): DeviceHost {
  if (host === undefined) throw new OperatorError("DEVICE_UNKNOWN", `the storage daemon has no device "${name.slice(0, 200)}"`);
  return host;
}

/** The store behind a device, if it can be replicated. Refuses devices that have none, or none on btrfs. */
export function replicableStore(host: DeviceHost): ReplicableStore {
  const { store } = host;
  if (store?.btrfs === undefined)
    throw new OperatorError("DEVICE_TYPE_UNSUPPORTED", `${host.title} cannot be replicated or hold replicas`, {
      hint: "only devices with Device Type = Btrfs can",
    });
  return { directory: store.settings.directory, points: store.btrfs.points, uuid: async () => (await store.open()).store };
}

/** What the service needs of the daemon. */
export interface ReplicaServiceParts {
  readonly name: string;
  readonly identity: TlsIdentity;
  readonly log: RpcLog;
  /** DEVICE_UNKNOWN unless there is a device of this name. */
  mustKnow(device: string): void;
  /** The store behind a Device or Autochanger name. Refuses devices that have none, or none on btrfs. */
  storeOf(device: string): ReplicableStore;
  /** The replica of a store that is at a device, to be asked; disposed of when it was. STORE_NOT_INITIALIZED if there is none. */
  replicaOf(device: string, store: string): Promise<AskableStore & AsyncDisposable>;
  /** The directory has new content: whoever has it open must open it anew. */
  placed(directory: string): Promise<void>;
}

/** Sends stores to other storage daemons, and takes theirs in. */
export class ReplicaService {
  readonly #parts: ReplicaServiceParts;
  readonly #admissions = new Admissions();
  /** Places and sources that are in use; one at a time each. */
  readonly #busy = new Map<string, Mutex>();
  readonly #cleaned = new Map<string, Promise<void>>();

  constructor(parts: ReplicaServiceParts) {
    this.#parts = parts;
  }

  /** A Director announces a sender. Refused where it could not be received. */
  admit(request: AdmitReplicaRequest): void {
    this.#parts.mustKnow(request.device);
    this.#admissions.admit(request);
  }

  /** A Director orders to send. Lines, then the outcome. */
  async *replicate({ device, to }: ReplicateRequest, call: CallContext): AsyncGenerator<DeviceReply, void, undefined> {
    if (to === undefined) throw new OperatorError("REPLICA_FAILED", "the Director does not say where to");
    const source = this.#parts.storeOf(device);
    using _ = await this.#take(source.directory, call.signal, `the store of device "${device}" is being sent already`);
    await using client = this.#clientOf(to);
    try {
      const store = await source.uuid();
      const sent = new SentGenerations(source.directory, to.name, source.points.deletes);
      const { signal } = call;
      const lines = sendReplica({ root: source.directory, store, points: source.points, sent, client, key: to.key, signal });
      for await (const line of lines) yield { line, volume: undefined };
    } catch (error) {
      this.#parts.log.error(`replicating device "${device}" to ${client.who} was given up: ${describeError(error)}`, error);
      throw error;
    }
    yield { line: `Device "${device}" was replicated to ${client.who}.`, ok: true, volume: undefined };
  }

  /** A sender's stream. */
  async *receive(requests: AsyncIterable<ReplicaRequest>, call: CallContext): AsyncGenerator<ReplicaReply, void, undefined> {
    const iterator = requests[Symbol.asyncIterator]();
    const open = await opened(iterator, call);
    const device = this.#admissions.take(open.key, call.peer);
    if (open.heal) {
      await using replica = await this.#parts.replicaOf(device, open.store);
      return yield* serveWanted(replica, iterator, call);
    }
    const { directory, points } = this.#parts.storeOf(device);
    await this.#clean(directory, points);
    const target = {
      root: directory,
      deletes: points.deletes,
      take: async (store: string, signal: AbortSignal) =>
        await this.#take(replicaFolder(directory, store), signal, `a replica of store ${store} is being received already`),
      placed: async (store: string) => {
        this.#parts.log.info(
          `A replica of store ${store} is in place on device "${device}" (${replicaFolder(directory, store)}).`,
        );
        await this.#parts.placed(replicaFolder(directory, store));
      },
    };
    try {
      yield* receiveReplica(target, open.store, iterator, call);
    } catch (error) {
      this.#parts.log.error(`receiving a replica of store ${open.store} was given up: ${describeError(error)}`, error);
      throw error;
    }
  }

  /** Has a store healed from the replica that another storage daemon has of it. */
  async heal(store: AskableStore, uuid: string, from: ReplicaPeer, signal: AbortSignal): Promise<Healed> {
    await using client = this.#clientOf(from);
    return await healFrom(store, uuid, client, from.key, signal);
  }

  /** Once after the start: what a crash left. */
  async #clean(directory: string, points: CommitPoints): Promise<void> {
    const cleaned = this.#cleaned.get(directory) ?? cleanReplicas(directory, points.deletes);
    this.#cleaned.set(directory, cleaned);
    try {
      await cleaned;
    } catch (error) {
      this.#cleaned.delete(directory);
      throw error;
    }
  }

  /** Has something alone; one that was cut a moment ago has to clean up first. */
  async #take(what: string, signal: AbortSignal, busy: string): Promise<Disposable> {
    const mutex = this.#busy.get(what) ?? new Mutex();
    this.#busy.set(what, mutex);
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new OperatorError("REPLICA_FAILED", busy, { hint: "wait until that has ended" })),
      LEAVING_MS_MAX,
    );
    try {
      return await mutex.acquire(AbortSignal.any([signal, late.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  #clientOf(peer: ReplicaPeer): RpcClient {
    const { name, identity, log } = this.#parts;
    return new RpcClient({
      self: { role: "storageDaemon", name, identity },
      server: { role: "storageDaemon", name: peer.name },
      address: peer.address,
      port: peer.port,
      login: { kind: "pinned", certificateSha256: peer.certificateSha256 },
      tls: {},
      log,
    });
  }
}

/** Reads the first message of a stream: who sends what. */
async function opened(requests: AsyncIterator<ReplicaRequest>, call: CallContext) {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new OperatorError("TIMED_OUT", `${call.peer.address} did not say what it sends`)),
    OPEN_MS,
  );
  try {
    const first = await Promise.race([requests.next(), late.promise]);
    const step = first.done === true ? undefined : first.value.step;
    if (step?.$case !== "open") throw new OperatorError("REPLICA_REFUSED", `${call.peer.address} did not say what it sends`);
    return step.value;
  } finally {
    clearTimeout(timer);
  }
}
