import { join } from "node:path";
import { StoreHost, noStore, type StoreLog } from "../store/store-host.ts";
import { CURRENT, replicaFolder } from "./replica-paths.ts";
import type { AskableStore } from "./heal.ts";
import type { DeviceHost } from "../device/device-host.ts";

/**
 * The replica of a store at a device: the device itself if it is declared on the replica, else the one below its `@replicas`, opened for
 * this once. STORE_NOT_INITIALIZED if there is none.
 */
export async function findReplica(
  host: DeviceHost,
  uuid: string,
  stores: readonly StoreHost[],
  log: StoreLog,
): Promise<AskableStore & AsyncDisposable> {
  const { store } = host.settings;
  if (store === undefined) throw noStore(host.name);
  const current = join(replicaFolder(store.directory, uuid), CURRENT);
  const declared = stores.find(({ settings }) => settings.directory === current) ?? (await sameStore(host.store, uuid));
  if (declared !== undefined) return lent(declared);
  return new StoreHost({ ...store, directory: current, isBtrfs: false }, 0, { ...log, info: () => {} });
}

/** The device's own store, if it is a copy of the one that is looked for. */
async function sameStore(store: StoreHost | undefined, uuid: string): Promise<StoreHost | undefined> {
  const facts = await store?.open().catch(() => undefined); // a device that only takes replicas has no store of its own
  return facts?.store === uuid ? store : undefined;
}

function lent(store: StoreHost): AskableStore & AsyncDisposable {
  return { call: async (name, argument) => await store.call(name, argument), [Symbol.asyncDispose]: async () => {} };
}
