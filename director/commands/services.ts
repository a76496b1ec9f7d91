import type { Catalog } from "#catalog/catalog.ts";
import type { DaemonDirectory } from "../clients/daemon-calls.ts";
import type { DirectorConfig } from "../config/load.ts";
import type { JobEngine } from "../job/engine.ts";
import type { Pressure } from "../pressure/pressure.ts";
import type { RetentionParts } from "../retention/parts.ts";
import type { ConsoleMessages } from "../messages/console-messages.ts";

/** What commands need of the Director. Built once by the daemon; the configuration may change under it by `reload`. */
export interface DirectorServices {
  /** The configuration in force. */
  config(): DirectorConfig;
  /** The open catalog of a Catalog resource. Throws RESOURCE_UNKNOWN. */
  catalog(name: string): Catalog;
  readonly engine: JobEngine;
  readonly daemons: DaemonDirectory;
  readonly messages: ConsoleMessages;
  /** Reads the configuration again; with errors in it the old one stays and a ConfigError is thrown. */
  reload(): Promise<void>;
  /** Resources that `disable` has switched off until `enable`, `reload` or the end of the Director. */
  readonly switches: ResourceSwitches;
  /** Tells the Director's own log of what an operator did. */
  readonly audit: (text: string) => void;
  /** Jobs were deleted: what storage daemons are to forget of them is in the catalog. Returns at once. */
  readonly jobsDeleted: () => void;
  /** What keeps the levels of Storages, with the jobs of a catalog; undefined: nobody does. */
  pressure(catalogName: string): Pressure | undefined;
  /** What pruning in an open catalog works with. */
  retention(catalog: Catalog): RetentionParts;
  /** Sets the debug level of the Director itself; tags empty: all. */
  setDebug(level: number, options: { readonly trace?: boolean | undefined; readonly tags: string }): void;
  /** Version and system, as `version` prints them: e.g. "0.1.0 (21 November 2026) linux x64". */
  readonly version: string;
  readonly startedMs: number;
  /** When the configuration was read last. */
  reloadedMs(): number;
  now(): number;
}

/** Kinds of resources that `enable` and `disable` switch. */
export type SwitchKind = "job" | "client" | "schedule" | "storage" | "pool";

/** What operators have switched on or off, against what the configuration says. The engine asks it before it starts a job. */
export class ResourceSwitches {
  readonly #states = new Map<string, boolean>();
  readonly #beforeChange: () => void;

  /** `beforeChange` is called while all is still as it was. */
  constructor(beforeChange: () => void = () => {}) {
    this.#beforeChange = beforeChange;
  }

  /** Switches a resource on or off. */
  set(kind: SwitchKind, name: string, enabled: boolean): void {
    this.#beforeChange();
    this.#states.set(`${kind}\0${name}`, enabled);
  }

  /** Whether the resource is on; `configured` is its Enabled directive. */
  enabled(kind: SwitchKind, name: string, configured: boolean): boolean {
    return this.#states.get(`${kind}\0${name}`) ?? configured;
  }

  /** Back to what the configuration says. */
  clear(): void {
    this.#beforeChange();
    this.#states.clear();
  }
}
