import { readIdentity, type TlsIdentity } from "#lib/auth/identity.ts";
import type { Clock } from "#lib/base/clock.ts";
import { must } from "#lib/base/assert.ts";
import { retry } from "#lib/base/retry.ts";
import { tlsSettings } from "#lib/config/tls-directives.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { RpcClient } from "#lib/rpc/client.ts";
import type { RpcLog } from "#lib/rpc/server.ts";
import { isRetryable } from "#lib/rpc/status.ts";
import type { ClientResource } from "#director/config/client.ts";
import type { DirectorConfig } from "#director/config/load.ts";
import type { StorageResource } from "#director/config/storage.ts";
import { FileDaemonService, type EstimateReply, type EstimateRequest } from "#proto/filed.ts";
import {
  StorageDaemonService,
  type AdmitReplicaRequest,
  type ChangerRequest,
  type DedupRequest,
  type DeviceReply,
  type DeviceRequest,
  type ForgetSessionsRequest,
  type LabelRequest,
  type MediumRequest,
  type ReplicateRequest,
  type SpaceRequest,
} from "#proto/stored.ts";
import type { SetDebugRequest } from "#proto/common.ts";
import { encodedMethod, encodeEstimate } from "./long-requests.ts";
import type { DaemonDirectory, FileDaemonCalls, StatusLines, StorageDaemonCalls } from "./daemon-calls.ts";

/** Longest wait for the answer of a daemon to `status` and the like. */
const ANSWER_MS = 30_000;
/** So often it is said again that a daemon cannot be reached yet. */
const TELL_AGAIN_MS = 300_000;

/** What clients of daemons are made of. */
export interface DaemonClientsParts {
  readonly config: () => DirectorConfig;
  readonly identity: TlsIdentity;
  readonly clock: Clock;
  readonly log: RpcLog;
}

/** A daemon that was reached: what it says of itself and the certificate that it showed. */
export interface ReachedDaemon {
  readonly client: RpcClient;
  readonly name: string;
  readonly uname: string;
  readonly certificateSha256: Buffer;
}

/** Connections to file and storage daemons, one for each resource, kept open from job to job. */
export class DaemonClients implements DaemonDirectory, AsyncDisposable {
  readonly #parts: DaemonClientsParts;
  readonly #open = new Map<ClientResource | StorageResource, RpcClient>();
  /** What the Director shows to the daemon of a resource that names a certificate of its own. */
  readonly #identities = new WeakMap<ClientResource | StorageResource, TlsIdentity>();

  constructor(parts: DaemonClientsParts) {
    this.#parts = parts;
  }

  /** Reads the certificates that Client and Storage resources name; before the configuration comes into force. Throws RPC_TLS_CONFIG. */
  async prepare(config: DirectorConfig): Promise<void> {
    for (const resource of [...config.clients.values(), ...config.storages.values()]) {
      const { certificate, key } = tlsSettings(resource);
      if (certificate !== undefined && key !== undefined) this.#identities.set(resource, await readIdentity(certificate, key));
    }
  }

  fileDaemon(client: string): FileDaemonCalls {
    return fileDaemonCalls(this.client(named(this.#parts.config().clients, "Client", client)));
  }

  storageDaemon(storage: string): StorageDaemonCalls {
    return storageDaemonCalls(this.storage(named(this.#parts.config().storages, "Storage", storage)));
  }

  /** The connection to a client; it dials when it is used. */
  client(resource: ClientResource): RpcClient {
    // A Client resource may have another name than the file daemon, as in Bacula; only a certificate that names it binds the two.
    const tls = tlsSettings(resource);
    const name = tls.caCertificateFile === undefined && tls.caCertificateDir === undefined ? "" : resource.name;
    return this.#of(
      resource,
      { role: "fileDaemon", name },
      { address: resource.address ?? resource.name, port: resource.fdPort },
    );
  }

  /** The connection to a storage daemon. Its own name is not known here: the Storage resource is named freely. */
  storage(resource: StorageResource): RpcClient {
    return this.#of(resource, { role: "storageDaemon", name: "" }, { address: resource.address, port: resource.sdPort });
  }

  /**
   * Connects, again and again for `timeoutMs` while that may help. Throws what the last attempt met. `onTrying` hears why it takes so
   * long: at the second failure, and every five minutes after that.
   */
  async reach(
    client: RpcClient,
    timeoutMs: number,
    signal: AbortSignal,
    onTrying: (error: unknown) => void,
  ): Promise<ReachedDaemon> {
    const { clock } = this.#parts;
    const deadline = clock.monotonicMs() + timeoutMs;
    let toldMs = Number.NEGATIVE_INFINITY;
    const hello = await retry((inner) => client.ready({ signal: inner }), {
      clock,
      signal,
      isRetryable: (error) => isRetryable(error) && clock.monotonicMs() < deadline,
      onRetry: (error, _waitMs, attempt) => {
        if (attempt < 2 || clock.monotonicMs() - toldMs < TELL_AGAIN_MS) return;
        toldMs = clock.monotonicMs();
        onTrying(error);
      },
    });
    return {
      client,
      name: hello.name,
      uname: `${hello.release} ${hello.uname}`.trim(),
      certificateSha256: must(client.certificateSha256, "certificate of a connection that is ready"),
    };
  }

  /** Closes the connections of resources that are in use no more. `inUse`: resources of the configuration in force and of running jobs. */
  async retire(inUse: ReadonlySet<ClientResource | StorageResource>): Promise<void> {
    const gone = [...this.#open].filter(([resource]) => !inUse.has(resource));
    for (const [resource] of gone) this.#open.delete(resource);
    await Promise.all(gone.map(([, client]) => client.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.retire(new Set());
  }

  #of(
    resource: ClientResource | StorageResource,
    server: { readonly role: "fileDaemon" | "storageDaemon"; readonly name: string },
    at: { readonly address: string; readonly port: number },
  ): RpcClient {
    const open = this.#open.get(resource);
    if (open !== undefined) return open;
    const { config, identity, log } = this.#parts;
    const client = new RpcClient({
      self: { role: "director", name: config().director.name, identity: this.#identities.get(resource) ?? identity },
      server,
      ...at,
      login: { kind: "password", password: resource.password, where: `${resource.origin.resourceType} "${resource.name}"` },
      tls: tlsSettings(resource),
      log,
    });
    this.#open.set(resource, client);
    return client;
  }
}

function fileDaemonCalls(client: RpcClient): FileDaemonCalls {
  return {
    status: async (options, signal) =>
      statusLines(await client.unary(FileDaemonService.status, statusRequest(options), { signal, timeoutMs: ANSWER_MS })),
    sendAccurate: async (chunks, signal) =>
      void (await client.clientStream(FileDaemonService.sendAccurate, chunks, { signal })),
    estimate: async function* (request: EstimateRequest, signal): AsyncGenerator<EstimateReply> {
      yield* client.serverStream(encodedMethod(FileDaemonService.estimate), await encodeEstimate(request), { signal });
    },
    setDebug: async (request: SetDebugRequest, signal) =>
      void (await client.unary(FileDaemonService.setDebug, request, { signal, timeoutMs: ANSWER_MS })),
  };
}

function storageDaemonCalls(client: RpcClient): StorageDaemonCalls {
  return {
    status: async (options, signal) =>
      statusLines(await client.unary(StorageDaemonService.status, statusRequest(options), { signal, timeoutMs: ANSWER_MS })),
    label: (request: LabelRequest, signal): AsyncIterable<DeviceReply> =>
      client.serverStream(StorageDaemonService.label, request, { signal }),
    mount: (request: DeviceRequest, signal) => client.serverStream(StorageDaemonService.mount, request, { signal }),
    unmount: (request: DeviceRequest, signal) => client.serverStream(StorageDaemonService.unmount, request, { signal }),
    release: (request: DeviceRequest, signal) => client.serverStream(StorageDaemonService.release, request, { signal }),
    medium: (request: MediumRequest, signal) => client.serverStream(StorageDaemonService.medium, request, { signal }),
    changer: (request: ChangerRequest, signal) => client.serverStream(StorageDaemonService.changer, request, { signal }),
    dedup: (request: DedupRequest, signal) => client.serverStream(StorageDaemonService.dedup, request, { signal }),
    replicate: (request: ReplicateRequest, signal) => client.serverStream(StorageDaemonService.replicate, request, { signal }),
    admitReplica: async (request: AdmitReplicaRequest, signal) =>
      void (await client.unary(StorageDaemonService.admitReplica, request, { signal, timeoutMs: ANSWER_MS })),
    forgetSessions: async (request: ForgetSessionsRequest, signal) =>
      void (await client.unary(StorageDaemonService.forgetSessions, request, { signal, timeoutMs: ANSWER_MS })),
    space: async (request: SpaceRequest, signal) =>
      (await client.unary(StorageDaemonService.space, request, { signal, timeoutMs: ANSWER_MS })).devices,
    identify: async (signal) => {
      const { name } = await client.ready({ signal });
      return { name, certificateSha256: must(client.certificateSha256, "certificate of a connection that is ready") };
    },
    setDebug: async (request: SetDebugRequest, signal) =>
      void (await client.unary(StorageDaemonService.setDebug, request, { signal, timeoutMs: ANSWER_MS })),
  };
}

function statusRequest(options: { readonly sections?: readonly string[]; readonly api?: boolean }) {
  return { sections: [...(options.sections ?? [])], api: options.api ?? false };
}

function statusLines(reply: { readonly lines: readonly string[] }): StatusLines {
  return { lines: reply.lines };
}

function named<Resource>(resources: ReadonlyMap<string, Resource>, type: string, name: string): Resource {
  const found = resources.get(name);
  if (found !== undefined) return found;
  throw new OperatorError("JOB_UNKNOWN_RESOURCE", `there is no ${type} "${name}"`, {
    hint: `type: show ${type.toLowerCase()}s`,
  });
}
