import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadIdentity } from "#lib/auth/identity.ts";
import { systemClock } from "#lib/base/clock.ts";
import { Mutex } from "#lib/base/lock.ts";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import type { Catalog } from "#catalog/catalog.ts";
import { CatalogDesks } from "../catalog-desks.ts";
import { poolPolicy } from "../media/pool-policy.ts";
import { noRelief } from "../media/space-relief.ts";
import type { VolumeClaims } from "../media/volume-claims.ts";
import { ClockGuard } from "../retention/clock-guard.ts";
import { RetentionPruner } from "../retention/volume-pruner.ts";
import { DaemonClients } from "../clients/daemon-clients.ts";
import { catalogOptions } from "../config/catalog-options.ts";
import { parseDirectorConfig, type DirectorConfig } from "../config/load.ts";
import { DirectorJobEngine } from "../job/job-engine.ts";
import { ConsoleMessages } from "../messages/console-messages.ts";
import { JobMessages } from "../messages/job-messages.ts";
import { CutLink } from "./cut-link.ts";
import { ScriptedDaemons, type DaemonScripts } from "./scripted-daemons.ts";

const silent = { info: () => {}, security: () => {}, error: () => {} };

/** What a test adds to the configuration: into the Job, the Pool, the FileSet (instead of /etc), and after all resources. */
export interface EngineWishes {
  readonly job?: string;
  readonly pool?: string;
  readonly fileset?: string;
  readonly resources?: string | ((storagePort: number) => string);
}

/** A job engine with a real catalog and scripted daemons, in a directory of its own. */
export class EngineWorld implements AsyncDisposable {
  readonly directory: string;
  readonly daemons: ScriptedDaemons;
  readonly config: DirectorConfig;
  /** The Director's connections to the two daemons. */
  readonly links: { readonly fd: CutLink; readonly sd: CutLink };
  readonly console = new ConsoleMessages();
  readonly logged: string[] = [];
  engine!: DirectorJobEngine;
  /** The connections that the engine uses. */
  clients!: DaemonClients;
  #desks!: CatalogDesks;
  #running = new AsyncDisposableStack();

  private constructor(directory: string, daemons: ScriptedDaemons, links: EngineWorld["links"], config: DirectorConfig) {
    this.links = links;
    this.directory = directory;
    this.daemons = daemons;
    this.config = config;
  }

  static async open(scripts: DaemonScripts, more: EngineWishes = {}): Promise<EngineWorld> {
    const directory = await mkdtemp(join(tmpdir(), "engine-"));
    await using opening = new AsyncDisposableStack();
    opening.defer(async () => await rm(directory, { recursive: true, force: true }));
    const daemons = opening.use(await ScriptedDaemons.open(directory, scripts));
    const links = {
      fd: opening.use(await CutLink.open(daemons.fdPort)),
      sd: opening.use(await CutLink.open(daemons.sdPort)),
    };
    const config = await parseDirectorConfig(configText(directory, links, more));
    for (const resource of config.catalogs.values()) await createCatalog(catalogOptions(resource, directory));
    const world = new EngineWorld(directory, daemons, links, config);
    await world.start();
    opening.move();
    return world;
  }

  get catalog(): Catalog {
    return this.#desks.desk("Cat").catalog;
  }

  /** Volumes that jobs have been given. */
  get claims(): VolumeClaims {
    return this.#desks.desk("Cat").claims;
  }

  /** Starts the engine; after `stop` it takes up what was running. */
  async start(): Promise<void> {
    this.#running = new AsyncDisposableStack();
    this.#desks = this.#running.use(
      new CatalogDesks(systemClock, (catalog, claims) => {
        const retention = {
          catalog,
          claims,
          turn: new Mutex(),
          clockGuard: new ClockGuard(systemClock),
          config: () => this.config,
          now: () => systemClock.nowMs(),
          busy: () => this.engine.busy(),
          jobsDeleted: () => {},
        };
        return {
          retention,
          pruner: new RetentionPruner(retention),
          relief: noRelief,
          pressure: undefined,
          policy: (name) => poolPolicy(this.config.pools.get(name)),
        };
      }),
    );
    await this.#desks.follow(this.config);
    const identity = await loadIdentity({ settings: [], base: join(this.directory, "dir"), name: "test-dir" });
    const daemons = (this.clients = this.#running.use(
      new DaemonClients({ config: () => this.config, identity, clock: systemClock, log: silent }),
    ));
    const desks = this.#desks;
    this.engine = this.#running.use(
      await DirectorJobEngine.open(
        {
          config: () => this.config,
          clock: systemClock,
          desk: (name) => desks.desk(name),
          daemons,
          messagesFor: (job) =>
            new JobMessages({
              resource: job.effective.messages,
              jobId: job.jobId,
              director: "test-dir",
              catalog: desks.desk("Cat").catalog,
              console: this.console,
              outlet: { deliver: () => {}, jobEnded: async () => {}, mailNow: async () => {} },
              clock: systemClock,
            }),
          head: { director: "test-dir", version: "0", date: "today", buildOs: "test" },
          sessionsToForget: () => {},
          isEnabled: (_kind, _name, configured) => configured,
          console: async (command) => `did ${command}`,
          log: (text, error) => void this.logged.push(`${text} ${String(error)}`),
        },
        desks.names,
      ),
    );
  }

  /** Stops the engine as a crash would: without a word to anybody. */
  async crash(): Promise<void> {
    await this.#running.disposeAsync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.disposeAsync();
    await this.links.fd[Symbol.asyncDispose]();
    await this.links.sd[Symbol.asyncDispose]();
    await this.daemons[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function configText(directory: string, links: EngineWorld["links"], more: EngineWishes): string {
  return `
    Director { Name = test-dir; Password = x; QueryFile = /dev/null; WorkingDirectory = "${directory}"; Messages = Std; FDConnectTimeout = 2; SDConnectTimeout = 2 }
    Catalog { Name = Cat; DbName = catalog }
    Client { Name = test-fd; Address = 127.0.0.1; FDPort = ${links.fd.port}; Password = secret; Catalog = Cat; MaximumConcurrentJobs = 4 }
    Storage { Name = File1; Address = 127.0.0.1; SDPort = ${links.sd.port}; Password = secret; Device = Dev; MediaType = File; MaximumConcurrentJobs = 4 }
    Pool { Name = Default; PoolType = Backup; ${more.pool ?? 'LabelFormat = "Vol-"'} }
    FileSet { Name = Set; Include { ${more.fileset ?? "File = /etc"} } }
    Messages { Name = Std; Console = all; Catalog = all }
    Job { Name = Save; Type = Backup; Level = Incremental; Client = test-fd; FileSet = Set; Storage = File1; Pool = Default; Messages = Std
      ${more.job ?? ""}
    }
    ${typeof more.resources === "function" ? more.resources(links.sd.port) : (more.resources ?? "")}
  `;
}
