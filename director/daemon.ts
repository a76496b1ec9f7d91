import { join } from "node:path";
import type { Logger } from "pino";
import { loadIdentity } from "#lib/auth/identity.ts";
import { systemClock, type Clock } from "#lib/base/clock.ts";
import { must } from "#lib/base/assert.ts";
import { Mutex } from "#lib/base/lock.ts";
import { listenAddresses } from "#lib/config/address-types.ts";
import type { MessagesResource } from "#lib/config/message-routes.ts";
import { tlsSettings } from "#lib/config/tls-directives.ts";
import { MessageOutlets } from "#lib/messages/outlets.ts";
import { RpcServer } from "#lib/rpc/server.ts";
import { RELEASE } from "#lib/rpc/versions.ts";
import { ConsoleService } from "#proto/console.ts";
import { directorAccount, trustOfAccounts } from "./accounts.ts";
import type { Catalog } from "#catalog/catalog.ts";
import { CatalogDesks } from "./catalog-desks.ts";
import { DaemonClients } from "./clients/daemon-clients.ts";
import { forgetSessions } from "./clients/forget-sessions.ts";
import { ResourceSwitches, type DirectorServices } from "./commands/services.ts";
import { loadDirectorConfig, type DirectorConfig } from "./config/load.ts";
import { DaemonLog } from "./daemon-log.ts";
import { DirectorJobEngine } from "./job/job-engine.ts";
import { ConsoleMessages } from "./messages/console-messages.ts";
import { SessionForgetter } from "./media/session-forgetter.ts";
import type { VolumeClaims } from "./media/volume-claims.ts";
import { poolPolicy } from "./media/pool-policy.ts";
import { JobMessages } from "./messages/job-messages.ts";
import { consoleService } from "./rpc/console-service.ts";
import { runConsoleCommand } from "./run-console-command.ts";
import { ClockGuard } from "./retention/clock-guard.ts";
import type { RetentionParts } from "./retention/parts.ts";
import { Pressure } from "./pressure/pressure.ts";
import { SpaceWatch } from "./pressure/space-watch.ts";
import { Upkeep } from "./retention/upkeep.ts";
import { RetentionPruner } from "./retention/volume-pruner.ts";
import { Scheduler } from "./schedule/scheduler.ts";
import { startedRuns } from "./schedule/started-runs.ts";
import { reportHead, VERSION } from "./version.ts";

/** What the process gives its Director. */
export interface DirectorContext {
  readonly log: Logger;
  /** Path of the configuration file, for reload. */
  readonly configFile: string;
  readonly clock?: Clock;
}

/** A running Director: catalog, job engine, console server. Disposing it stops it; running jobs go on at their daemons. */
export class Director implements AsyncDisposable {
  readonly log: DaemonLog;
  readonly #configFile: string;
  readonly #clock: Clock;
  readonly #switches = new ResourceSwitches(() => this.#scheduler?.settle());
  readonly #console = new ConsoleMessages();
  readonly #outlets: MessageOutlets;
  readonly #desks: CatalogDesks;
  readonly #owned = new AsyncDisposableStack();
  readonly #startedMs: number;
  #config: DirectorConfig;
  #reloadedMs: number;
  #engine: DirectorJobEngine | null = null;
  #daemons: DaemonClients | null = null;
  #scheduler: Scheduler | null = null;
  #forgetter: SessionForgetter | null = null;
  #upkeep: Upkeep | null = null;

  private constructor(config: DirectorConfig, context: DirectorContext) {
    this.#configFile = context.configFile;
    this.#config = config;
    this.#clock = context.clock ?? systemClock;
    this.#startedMs = this.#clock.nowMs();
    this.#reloadedMs = this.#startedMs;
    this.log = new DaemonLog(context.log);
    const { name, workingDirectory } = config.director;
    this.#outlets = this.#owned.use(
      new MessageOutlets({
        daemon: name,
        workingDirectory,
        clock: this.#clock,
        onFailure: (text, error) => context.log.error({ err: error }, text),
      }),
    );
    this.#desks = this.#owned.use(
      new CatalogDesks(this.#clock, (catalog, claims) => {
        const retention = this.#retention(catalog, claims);
        const pressure = new Pressure({
          retention,
          config: () => this.#config,
          daemons: () => must(this.#daemons, "clients of daemons"),
          clock: this.#clock,
        });
        return {
          retention,
          pruner: new RetentionPruner(retention),
          pressure,
          relief: pressure,
          policy: (name) =>
            poolPolicy(this.#config.pools.get(name), (pool, isOn) => this.#switches.enabled("pool", pool, isOn)),
        };
      }),
    );
  }

  /** Starts a Director: opens its catalogs, takes up the jobs of the Director before it, and listens for consoles. */
  static async open(config: DirectorConfig, context: DirectorContext): Promise<Director> {
    await using opening = new AsyncDisposableStack();
    const director = opening.use(new Director(config, context));
    await director.#start();
    opening.move();
    return director;
  }

  /** Reads the configuration again. Running jobs keep their old resources. Throws ConfigError, and then nothing has changed. */
  async reload(): Promise<void> {
    const config = await loadDirectorConfig(this.#configFile);
    await must(this.#daemons, "clients of daemons").prepare(config);
    await this.#desks.follow(config);
    this.#scheduler?.settle();
    this.#config = config;
    this.#reloadedMs = this.#clock.nowMs();
    this.#switches.clear();
    this.log.routeTo(this.#messagesOf(0, this.#ownMessages(), this.#desks.names[0]!));
    const inUse = new Set([...config.clients.values(), ...config.storages.values(), ...this.engine.inUse()]);
    await must(this.#daemons, "clients of daemons").retire(inUse);
    this.#forgetter?.changed();
    this.log.notice(`Configuration reloaded from ${this.#configFile}.`);
  }

  get engine(): DirectorJobEngine {
    return must(this.#engine, "the job engine of a Director that has started");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }

  async #start(): Promise<void> {
    const { director } = this.#config;
    await this.#desks.follow(this.#config);
    this.log.routeTo(this.#messagesOf(0, this.#ownMessages(), must(this.#desks.names[0], "a Catalog")));
    const identity = await loadIdentity({
      settings: [tlsSettings(director)],
      base: join(director.workingDirectory, director.name),
      name: director.name,
    });
    const daemons = new DaemonClients({ config: () => this.#config, identity, clock: this.#clock, log: this.log });
    this.#daemons = this.#owned.use(daemons);
    await daemons.prepare(this.#config);
    const services = this.#services(daemons);
    this.#forgetter = this.#owned.use(
      new SessionForgetter({
        catalogs: () => new Map(this.#desks.names.map((name) => [name, this.#desks.desk(name).catalog])),
        forget: async (storage, sessions, signal) => await forgetSessions(this.#config, daemons, { storage, sessions }, signal),
        clock: this.#clock,
        log: (text) => this.log.info(text),
      }),
    );
    this.#engine = this.#owned.use(
      await DirectorJobEngine.open(
        {
          config: () => this.#config,
          clock: this.#clock,
          desk: (name) => this.#desks.desk(name),
          sessionsToForget: () => this.#forgetter?.changed(),
          daemons,
          messagesFor: (job) => this.#messagesOf(job.jobId, job.effective.messages, job.effective.catalog.resource.name),
          head: reportHead(director.name),
          isEnabled: (kind, name, configured) => this.#switches.enabled(kind, name, configured),
          console: async (command, signal) => await runConsoleCommand(services, command, signal),
          log: (text, error) => (error === undefined ? this.log.info(text) : this.log.error(text, error)),
        },
        this.#desks.names,
      ),
    );
    const engine = this.#engine;
    this.#scheduler = this.#owned.use(
      await Scheduler.open({
        config: () => this.#config,
        clock: this.#clock,
        zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        markFile: join(director.workingDirectory, `${director.name}.schedule`),
        isEnabled: (kind, name, configured) => this.#switches.enabled(kind, name, configured),
        submit: async (request) => await engine.submit(request),
        startedRuns: async (sinceMs) =>
          await startedRuns(
            this.#desks.names.map((name) => this.#desks.desk(name).catalog),
            sinceMs,
          ),
        log: this.log,
      }),
    );
    this.#forgetter.changed();
    this.#upkeep = this.#owned.use(
      new Upkeep({
        catalogs: () => this.#desks.names.map((name) => this.#desks.desk(name).catalog),
        retention: (catalog) => this.#desks.retentionOf(catalog),
        config: () => this.#config,
        clock: this.#clock,
        log: (text) => this.log.info(text),
      }),
    );
    this.#owned.use(
      new SpaceWatch({
        config: () => this.#config,
        daemons: () => daemons,
        desks: () => this.#desks.names.map((name) => this.#desks.desk(name)),
        isEnabled: (storage) => this.#switches.enabled("storage", storage.name, storage.enabled),
        clock: this.#clock,
        log: this.log,
      }),
    );
    engine.foresee = (wanted) => this.#scheduler!.foresee(wanted);
    const server = this.#owned.use(
      new RpcServer({
        role: "director",
        name: director.name,
        release: RELEASE,
        identity,
        accounts: (role, name) => directorAccount(this.#config, role, name),
        trust: trustOfAccounts(this.#config),
        log: this.log,
      }),
    );
    server.add(ConsoleService, "console", consoleService(services));
    await server.listen(
      listenAddresses({ addresses: director.dirAddresses, address: director.dirAddress, port: director.dirPort }),
    );
  }

  #services(daemons: DaemonClients): DirectorServices {
    const engine = () => this.engine;
    return {
      config: () => this.#config,
      catalog: (name) => this.#desks.desk(name).catalog,
      get engine() {
        return engine();
      },
      daemons,
      messages: this.#console,
      reload: async () => await this.reload(),
      switches: this.#switches,
      audit: (text) => this.log.info(text),
      jobsDeleted: () => this.#forgetter?.changed(),
      pressure: (name) => this.#desks.desk(name).pressure,
      retention: (catalog) => this.#desks.retentionOf(catalog),
      setDebug: (level) => this.log.setDebugLevel(level),
      version: VERSION,
      startedMs: this.#startedMs,
      reloadedMs: () => this.#reloadedMs,
      now: () => this.#clock.nowMs(),
    };
  }

  /** What pruning works with; while the Director starts no job is live yet. */
  #retention(catalog: Catalog, claims: VolumeClaims): RetentionParts {
    return {
      catalog,
      claims,
      turn: new Mutex(),
      clockGuard: new ClockGuard(this.#clock),
      config: () => this.#config,
      now: () => this.#clock.nowMs(),
      busy: () => this.#engine?.busy() ?? { running: new Set(), read: new Map() },
      jobsDeleted: () => this.#forgetter?.changed(),
      afterJob: () => this.#upkeep?.look(),
    };
  }

  #messagesOf(jobId: number, resource: MessagesResource, catalogName: string): JobMessages {
    return new JobMessages({
      resource,
      jobId,
      director: this.#config.director.name,
      catalog: this.#desks.desk(catalogName).catalog,
      console: this.#console,
      outlet: this.#outlets,
      clock: this.#clock,
    });
  }

  /** Where messages go that belong to no job: the Director's Messages, else the first of the file. */
  #ownMessages(): MessagesResource {
    return must(this.#config.director.messages ?? [...this.#config.messages.values()][0], "a Messages resource");
  }
}
