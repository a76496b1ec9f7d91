import { join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { isDomainName, STORE_FOLDER } from "../chunks/store-paths.ts";
import { checkedVolumeName } from "../device/volume-name.ts";

/*
 * Where replicas of other stores lie below an Archive Device:
 *
 *   @replicas/<store UUID>/current        link to the newest whole generation; looks like an Archive Device
 *   @replicas/<store UUID>/<number>/      a generation: Volumes, @chunks/store.json, @chunks/<domain>; all subvolumes read-only
 *   @replicas/<store UUID>/incoming/      the one that is being received
 */

const REPLICAS = "@replicas";

/** Name of the link to the newest generation, and of the directory of one under way. */
export const CURRENT = "current";
export const INCOMING = "incoming";

/** Directory of all replicas below an Archive Device. */
export function replicasFolder(root: string): string {
  return join(root, REPLICAS);
}

/** Directory of one store's replica. REPLICA_FAILED for what is no UUID. */
export function replicaFolder(root: string, store: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(store))
    throw new OperatorError("REPLICA_FAILED", `"${store.slice(0, 100)}" names no store`);
  return join(replicasFolder(root), store);
}

/** The store's description, which goes along as a plain file, and the most bytes that it may have. */
export const DESCRIPTION = `${STORE_FOLDER}/store.json`;
export const DESCRIPTION_BYTES_MAX = 64 * 1024;

/** A path that a sender names: a Volume, a domain, or the description. REPLICA_FAILED for anything else. */
export function checkedReplicaPath(path: string): {
  readonly kind: "subvolume" | "description";
  readonly folder: string;
  readonly name: string;
} {
  if (path === DESCRIPTION) return { kind: "description", folder: STORE_FOLDER, name: "store.json" };
  const domain = path.startsWith(`${STORE_FOLDER}/`) ? path.slice(STORE_FOLDER.length + 1) : undefined;
  if (domain !== undefined && isDomainName(domain)) return { kind: "subvolume", folder: STORE_FOLDER, name: domain };
  try {
    return { kind: "subvolume", folder: "", name: checkedVolumeName(path) };
  } catch (cause) {
    throw new OperatorError("REPLICA_FAILED", `"${path.slice(0, 200)}" names no part of a store`, { cause });
  }
}
