import { access } from "node:fs/promises";
import { join } from "node:path";
import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { BtrfsDevice } from "../btrfs/btrfs-device.ts";
import { sizeText } from "../status/units.ts";
import { sessionName } from "../chunks/marks.ts";
import { storeFolder } from "../chunks/store-paths.ts";
import { StoreThread } from "./store-thread.ts";
import type { MessagePort } from "node:worker_threads";
import type { RpcLog } from "#lib/rpc/server.ts";
import type { CareWatch } from "../chunks/care/care-watch.ts";
import type { SessionKey } from "../volume/block.ts";
import type { StoreCallName, StoreCalls, StoreFacts, StoreSettings } from "../chunks/store-calls.ts";

/** Where it is told what no job is told. */
export type StoreLog = Pick<RpcLog, "info" | "error">;

/** Sees to it that there is room for a job that found none. Answers whether the job is to try again. */
export type RoomAsker = (why: Error) => Promise<boolean>;

/** A job that has ended well, as the store must know it. */
export interface EndedJob {
  /** Unique name of the job. */
  readonly job: string;
  readonly session: SessionKey;
  readonly domain: string;
  readonly volumes: readonly string[];
}

/**
 * The store of chunks of one directory, for all devices that share it: its thread, started when first needed, and on btrfs the
 * snapshots that are the commit points of its jobs.
 */
export class StoreHost implements AsyncDisposable {
  readonly settings: StoreSettings;
  /** Undefined unless the store lies on btrfs. */
  readonly btrfs: BtrfsDevice | undefined;
  readonly #log: StoreLog;
  #thread: StoreThread | undefined;
  #opening: Promise<StoreFacts> | undefined;
  #hasSaidNoSnapshots = false;
  readonly #askers = new Map<string, RoomAsker>();

  constructor(settings: StoreSettings, clientQuota: number, log: StoreLog) {
    this.settings = settings;
    this.#log = log;
    this.btrfs = settings.isBtrfs ? new BtrfsDevice({ directory: settings.directory, clientQuota, log }) : undefined;
  }

  /** Opens the store, if that was not done. STORE_NOT_INITIALIZED and its like; after a failure it can be tried again. */
  async open(): Promise<StoreFacts> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return await this.#opening;
  }

  /** Makes a call to the open store; buffers in `transfer` are given away. */
  async call<Name extends StoreCallName>(
    name: Name,
    argument: StoreCalls[Name]["argument"],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<StoreCalls[Name]["result"]> {
    await this.open();
    return await this.#started().call(name, argument, transfer);
  }

  /** Has the open store cared for; `watch` hears how far it is and may stop it (CANCELED). */
  async care<Name extends "vacuum" | "scrub" | "verify">(
    name: Name,
    argument: StoreCalls[Name]["argument"],
    watch: CareWatch,
  ): Promise<StoreCalls[Name]["result"]> {
    await this.open();
    return await this.#started().watched(name, argument, watch);
  }

  /** Makes a new, empty store. Refused where one is. */
  async init(): Promise<StoreFacts> {
    await this.btrfs?.open();
    await this.#started().call("init", null);
    return await this.open();
  }

  /** What the status of a device says of its store; a store that was not needed yet is not opened for it. */
  async statusLines(): Promise<readonly string[]> {
    const space = this.btrfs?.statusLines().catch(() => []);
    return [await this.#sizeLine(), ...((await space) ?? [])];
  }

  async #sizeLine(): Promise<string> {
    const { directory } = this.settings;
    if (!(await isThere(join(storeFolder(directory), "store.json"))))
      return `   Store: none in ${directory}. Is its file system mounted? For a new device: dedup init`;
    if (this.#opening === undefined) return "   Store: not opened since the start of the daemon";
    const { chunks, containers, storedBytes } = await this.call("open", null);
    return `   Store: ${sizeText(storedBytes)}B in ${containers.toLocaleString("en-US")} containers, ${chunks.toLocaleString("en-US")} chunks`;
  }

  /** While this is not disposed, `ask` is asked when the job of this session finds no room. */
  whenNoRoom(session: SessionKey, ask: RoomAsker): Disposable {
    this.#askers.set(sessionName(session), ask);
    return { [Symbol.dispose]: () => void this.#askers.delete(sessionName(session)) };
  }

  /** Whether space will come back without anything more being deleted. */
  async isFreeing(): Promise<boolean> {
    if (this.#opening === undefined) return false;
    return (await this.call("pending", null)) || this.btrfs?.points.isDeleting === true;
  }

  /** A port on which a device's thread may ask where chunks lie. */
  async locator(): Promise<MessagePort> {
    await this.open();
    return this.#started().locator();
  }

  /** Makes the commit point of a job whose data and references are durable: on btrfs read-only snapshots, else nothing. */
  async commitPoint({ job, session, domain, volumes }: EndedJob): Promise<void> {
    await this.btrfs?.points.commit({ job, session, volumes, domain });
  }

  /** Forgets saved sessions, or all of a Volume; their space is freed later. Answers how many the store had. */
  async forget(wish: StoreCalls["forget"]["argument"]): Promise<number> {
    const forgotten = await this.call("forget", wish);
    if (wish.volume !== undefined) await this.btrfs?.points.forgetVolume(wish.volume);
    if (wish.sessions.length > 0) await this.btrfs?.points.forget(wish.sessions);
    return forgotten;
  }

  /** What lies below this folder was replaced: the store, if it is there, is opened anew when it is needed next. */
  async reopenBelow(folder: string): Promise<void> {
    if (this.settings.directory.startsWith(`${folder}/`)) await this.#closeThread();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeThread();
    await this.btrfs?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<StoreFacts> {
    await this.btrfs?.open();
    const facts = await this.#started()
      .call("open", null)
      .catch((error: unknown) => {
        throw explained(this.settings.directory, error);
      });
    for (const note of facts.notes) this.#log.info(`store ${this.settings.directory}: ${note}`);
    if (!this.settings.isBtrfs && !this.#hasSaidNoSnapshots) {
      this.#hasSaidNoSnapshots = true;
      this.#log.info(
        `store ${this.settings.directory}: Device Type = Dedup makes no snapshots; with Device Type = Btrfs on btrfs each job's end would be a commit point that nothing can alter`,
      );
    }
    return facts;
  }

  async #closeThread(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#opening = undefined;
    await thread?.[Symbol.asyncDispose]();
  }

  #started(): StoreThread {
    this.#thread ??= new StoreThread(
      { settings: this.settings },
      {
        swept: (domain) => void this.#renew(domain),
        noRoom: async (session, why) => (await this.#askers.get(sessionName(session))?.(why)) ?? false,
        died: (error) => {
          this.#log.error(`store ${this.settings.directory}: its thread has ended`, error);
          this.#thread = undefined;
          this.#opening = undefined;
        },
      },
    );
    return this.#thread;
  }

  /** After a collection the snapshot of the domain still pins what was removed. */
  async #renew(domain: string): Promise<void> {
    try {
      await this.btrfs?.points.renewDomain(domain);
    } catch (error) {
      this.#log.error(`store ${this.settings.directory}: space that was freed is still pinned: ${describeError(error)}`, error);
    }
  }
}

/** Never by a call that blocks: the file system may hang. */
async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** A store that is not there is made by a command only: a directory on which nothing is mounted must not become a new, empty store. */
function explained(directory: string, error: unknown): unknown {
  if (!(error instanceof OperatorError) || error.code !== "STORE_NOT_INITIALIZED") return error;
  return new OperatorError("STORE_NOT_INITIALIZED", `the Archive Device ${directory} holds no store of chunks`, {
    hint: 'check that the right file system is mounted there; for a new device type "dedup init storage=NAME" in the console, or run nocturne-sd --init',
    cause: error.cause,
  });
}

/** The stores of these devices, by device: devices of one directory share one. */
export function storesOf(
  devices: Iterable<{ readonly name: string; readonly store: StoreSettings | undefined; readonly clientQuotaBytes: number }>,
  log: StoreLog,
): { readonly byDevice: ReadonlyMap<string, StoreHost>; readonly all: readonly StoreHost[] } {
  const byDirectory = new Map<string, StoreHost>();
  const byDevice = new Map<string, StoreHost>();
  for (const { name, store, clientQuotaBytes } of devices) {
    if (store === undefined) continue;
    const host = byDirectory.get(store.directory) ?? new StoreHost(store, clientQuotaBytes, log);
    byDirectory.set(store.directory, host);
    byDevice.set(name, host);
  }
  return { byDevice, all: [...byDirectory.values()] };
}

/** The refusal of what needs a store, on a device that has none. */
export function noStore(device: string): OperatorError {
  return new OperatorError("STORE_NOT_INITIALIZED", `device "${device.slice(0, 200)}" has no store of chunks`, {
    hint: "only devices with Device Type = Dedup or Btrfs have one",
  });
}
