import { join } from "node:path";
import type { Account } from "#lib/auth/account.ts";
import { loadIdentity } from "#lib/auth/identity.ts";
import { byteStringOf } from "#lib/base/byte-string.ts";
import { systemClock } from "#lib/base/clock.ts";
import { listenAddresses } from "#lib/config/address-types.ts";
import { tlsSettings } from "#lib/config/tls-directives.ts";
import { rpcLog } from "#lib/daemon/logger.ts";
import { setDebugLevel } from "#lib/daemon/run.ts";
import type { DaemonContext, RunningDaemon } from "#lib/daemon/run.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { JobLogStore } from "#lib/job-log/store.ts";
import { loadKeyRing } from "#lib/pki/key-ring.ts";
import type { KeyRing } from "#lib/pki/key-ring.ts";
import { RpcServer } from "#lib/rpc/server.ts";
import { RELEASE } from "#lib/rpc/versions.ts";
import type { SetDebugRequest, StatusRequest } from "#proto/common.ts";
import { FileDaemonService } from "#proto/filed.ts";
import type { FileDaemonConfig } from "./config/load.ts";
import type { JobSurroundings } from "./job/work-context.ts";
import { FileJobs } from "./job/file-jobs.ts";
import { fileService, tightest } from "./rpc/file-service.ts";
import { EndedJobs } from "./status/ended-jobs.ts";
import { statusFactLines, statusLines } from "./status/status-text.ts";

/** A running file daemon: serves its Directors and runs the client's half of jobs. Here everything is built and joined. */
export class FileDaemon implements RunningDaemon {
  readonly #config: FileDaemonConfig;
  readonly #context: DaemonContext;
  readonly #startedMs = systemClock.nowMs();
  readonly #owned = new AsyncDisposableStack();
  #directorMs = 0;
  #debugLevel = 0;
  #hangup = 0;

  private constructor(config: FileDaemonConfig, context: DaemonContext) {
    this.#config = config;
    this.#context = context;
    this.#debugLevel = context.flags.debugLevel;
  }

  /** Starts the daemon; resolves when it accepts connections. */
  static async start(config: FileDaemonConfig, context: DaemonContext): Promise<FileDaemon> {
    await using opening = new AsyncDisposableStack();
    const daemon = opening.use(new FileDaemon(config, context));
    await daemon.#start();
    opening.move();
    return daemon;
  }

  async #start(): Promise<void> {
    const { fileDaemon } = this.#config;
    const log = rpcLog(this.#context.log);
    const base = join(fileDaemon.workingDirectory, fileDaemon.name);
    const settings = [fileDaemon, ...this.#config.directors.values()].map((resource) => tlsSettings(resource));
    const identity = await loadIdentity({ settings, base, name: fileDaemon.name });
    const store = this.#owned.use(
      await JobLogStore.open(`${base}.jobs`, { log: { error: (text, error) => log.error(text, error) } }),
    );
    const surroundings: JobSurroundings = {
      name: fileDaemon.name,
      identity,
      clock: systemClock,
      rpcLog: log,
      lostMsMax: fileDaemon.sdConnectTimeout * 1000,
      ownDirectories: [byteStringOf(`${base}.jobs`), byteStringOf(`${base}.remembered`)],
      rememberDirectory: `${base}.remembered`,
      loadKeys: () => this.#loadKeys(),
      hangup: () => this.#hangup,
    };
    await this.#checkKeys();
    const ended = await EndedJobs.open(`${base}.ended.json`);
    const jobs = this.#owned.use(new FileJobs({ surroundings, store, ended, jobsMax: fileDaemon.maximumConcurrentJobs }));
    await jobs.endLost();
    const server = this.#owned.use(
      new RpcServer({
        role: "fileDaemon",
        name: fileDaemon.name,
        release: RELEASE,
        identity,
        accounts: (role, name) => this.#account(role, name),
        trust: settings,
        log,
      }),
    );
    const service = fileService({
      jobs,
      store,
      isMonitor: (name) => this.#config.directors.get(name)?.monitor ?? false,
      bandwidthOf: (director) =>
        tightest([fileDaemon.maximumBandwidthPerJob, this.#config.directors.get(director)?.maximumBandwidthPerJob ?? 0]),
      status: (request) => this.#status(jobs, request),
      setDebug: (request) => this.#setDebug(request),
      onCall: () => (this.#directorMs = systemClock.nowMs()),
    });
    server.add(FileDaemonService, "director", service);
    await server.listen(
      listenAddresses({ addresses: fileDaemon.fdAddresses, address: fileDaemon.fdAddress, port: fileDaemon.fdPort }),
    );
  }

  async #loadKeys(): Promise<KeyRing> {
    const { pkiKeyPair, pkiMasterKey, pkiSigner } = this.#config.fileDaemon;
    return await loadKeyRing({
      keypairs: pkiKeyPair === undefined ? [] : [pkiKeyPair],
      masters: pkiMasterKey,
      signers: pkiSigner,
    });
  }

  /** Bad keys are said at the start, not when a restore is urgent; what needs none goes on. */
  async #checkKeys(): Promise<void> {
    try {
      await this.#loadKeys();
    } catch (error) {
      this.#context.log.warn(`encrypted files cannot be restored: ${describeError(error)}`);
    }
  }

  #account(role: string, name: string): Account | undefined {
    const resource = role === "director" ? this.#config.directors.get(name) : undefined;
    if (resource === undefined) return undefined;
    const { file, line } = resource.origin.at;
    return { password: resource.password, tls: tlsSettings(resource), where: `Director "${name}" in ${file}:${line}` };
  }

  #status(jobs: FileJobs, request: StatusRequest): string[] {
    const facts = {
      name: this.#config.fileDaemon.name,
      nowMs: systemClock.nowMs(),
      startedMs: this.#startedMs,
      directorMs: this.#directorMs,
      jobsRun: jobs.jobsRun,
      running: jobs.running,
      ended: jobs.ended,
      debugLevel: this.#debugLevel,
      bytesPerSecond: this.#config.fileDaemon.maximumBandwidthPerJob,
    };
    return request.api ? statusFactLines(facts, request.sections) : statusLines(facts, request.sections);
  }

  #setDebug(request: SetDebugRequest): void {
    this.#debugLevel = request.level;
    this.#hangup = request.hangup;
    setDebugLevel(this.#context.log, request.level);
  }

  /** Stops: no new calls, running jobs are canceled and awaited. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}
