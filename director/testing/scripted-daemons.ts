import { join } from "node:path";
import { loadIdentity } from "#lib/auth/identity.ts";
import { Secret } from "#lib/config/secret.ts";
import { followJobHandler, answerHandler } from "#lib/job-log/serve.ts";
import { JobLogStore } from "#lib/job-log/store.ts";
import type { JobLog } from "#lib/job-log/job-log.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { RpcServer } from "#lib/rpc/server.ts";
import { RELEASE } from "#lib/rpc/versions.ts";
import { FileDaemonService, type StartFileJobRequest } from "#proto/filed.ts";
import { JobEnd } from "#proto/job.ts";
import {
  StorageDaemonService,
  type AdmitReplicaRequest,
  type DedupRequest,
  type DeviceReply,
  type ForgetSessionsRequest,
  type ReplicateRequest,
  type StartStorageJobRequest,
} from "#proto/stored.ts";

/** What a half of a test's job does with its log, until it ends it. */
export type Script<Request> = (log: JobLog, request: Request, signal: AbortSignal) => Promise<void>;

/** Scripts of both daemons. */
export interface DaemonScripts {
  fd: Script<StartFileJobRequest>;
  sd: Script<StartStorageJobRequest>;
}

/** A request about the store of chunks of the storage daemon. */
export type StoreAsked =
  | { readonly what: "dedup"; readonly request: DedupRequest }
  | { readonly what: "forget"; readonly request: ForgetSessionsRequest }
  | { readonly what: "replicate"; readonly request: ReplicateRequest }
  | { readonly what: "admit"; readonly request: AdmitReplicaRequest };

const silent = { info: () => {}, security: () => {}, error: () => {} };
const missing = async (): Promise<never> => {
  throw new OperatorError("JOB_UNKNOWN", "not in this test");
};
const missingStream = (): AsyncIterable<never> => ({ [Symbol.asyncIterator]: () => ({ next: missing }) });

/** A file daemon and a storage daemon that speak the real protocol and play what a test wrote, over real connections. */
export class ScriptedDaemons implements AsyncDisposable {
  readonly scripts: DaemonScripts;
  readonly canceled: string[] = [];
  /** What was asked of the storage daemon's store, in order. */
  readonly storeAsked: StoreAsked[] = [];
  /** Called when a half has begun, before the Director hears of it. */
  begun: (half: string) => void = () => {};
  fdPort = 0;
  sdPort = 0;
  readonly #owned = new AsyncDisposableStack();
  readonly #jobs = new Map<string, AbortController>();

  private constructor(scripts: DaemonScripts) {
    this.scripts = scripts;
  }

  static async open(directory: string, scripts: DaemonScripts): Promise<ScriptedDaemons> {
    const daemons = new ScriptedDaemons(scripts);
    await daemons.#openFileDaemon(directory);
    await daemons.#openStorageDaemon(directory);
    return daemons;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const job of this.#jobs.values()) job.abort(new Error("the test is over"));
    await this.#owned.disposeAsync();
  }

  async #server(role: "fileDaemon" | "storageDaemon", directory: string): Promise<RpcServer> {
    const name = role === "fileDaemon" ? "test-fd" : "test-sd";
    const identity = await loadIdentity({ settings: [], base: join(directory, name), name });
    const account = { password: new Secret("secret"), tls: {}, where: "the test" };
    return this.#owned.use(
      new RpcServer({ role, name, release: RELEASE, identity, accounts: () => account, trust: [], log: silent }),
    );
  }

  async #openFileDaemon(directory: string): Promise<void> {
    const store = this.#owned.use(await JobLogStore.open(join(directory, "fd.jobs"), { log: silent }));
    const server = await this.#server("fileDaemon", directory);
    server.add(FileDaemonService, "director", {
      startJob: async (request) => {
        return { known: await this.#begin("fd", store, request, this.scripts.fd) };
      },
      sendAccurate: missing,
      followJob: followJobHandler(store),
      cancelJob: async (request) => this.#cancel("fd", request.job?.job ?? ""),
      estimate: missingStream,
      status: async () => ({ lines: ["test-fd"] }),
      setDebug: missing,
    });
    this.fdPort = (await server.listen([{ host: "127.0.0.1", port: 0 }])).port;
  }

  async #openStorageDaemon(directory: string): Promise<void> {
    const store = this.#owned.use(await JobLogStore.open(join(directory, "sd.jobs"), { log: silent }));
    const server = await this.#server("storageDaemon", directory);
    server.add(StorageDaemonService, "director", {
      startJob: async (request) => {
        const known = await this.#begin("sd", store, request, this.scripts.sd);
        return { known, volSessionId: 1, volSessionTime: 1_795_000_000 };
      },
      followJob: followJobHandler(store),
      answer: answerHandler(store),
      cancelJob: async (request) => this.#cancel("sd", request.job?.job ?? ""),
      label: missingStream,
      mount: missingStream,
      unmount: missingStream,
      release: missingStream,
      dedup: (request) => this.#storeWork({ what: "dedup", request }),
      forgetSessions: async (request) => {
        this.storeAsked.push({ what: "forget", request });
        return { forgotten: request.sessions.length };
      },
      replicate: (request) => this.#storeWork({ what: "replicate", request }),
      admitReplica: async (request) => {
        this.storeAsked.push({ what: "admit", request });
        return {};
      },
      changer: missingStream,
      medium: missingStream,
      space: missing,
      status: async () => ({ lines: ["test-sd"] }),
      setDebug: missing,
    });
    this.sdPort = (await server.listen([{ host: "127.0.0.1", port: 0 }])).port;
  }

  async *#storeWork(asked: StoreAsked): AsyncGenerator<DeviceReply> {
    this.storeAsked.push(asked);
    yield { line: "1 of 2", volume: undefined };
    yield { line: "2 of 2", ok: true, volume: undefined };
  }

  async #begin<Request extends { job: { job: string; jobId: number } | undefined }>(
    half: string,
    store: JobLogStore,
    request: Request,
    script: Script<Request>,
  ): Promise<boolean> {
    const job = request.job!;
    if (store.get(job.job) !== undefined) return true;
    const log = await store.create(job);
    const abort = new AbortController();
    this.#jobs.set(`${half} ${job.job}`, abort);
    void script(log, request, abort.signal).catch(async (error: unknown) => {
      if (!log.hasEnded)
        await log.end(JobEnd.fromPartial({ status: abort.signal.aborted ? "A" : "f", errors: 1 })).catch(() => {});
      if (!abort.signal.aborted) throw error;
    });
    this.begun(half);
    return false;
  }

  #cancel(half: string, job: string): Record<string, never> {
    this.canceled.push(half);
    this.#jobs.get(`${half} ${job}`)?.abort(new Error("canceled"));
    return {};
  }
}
