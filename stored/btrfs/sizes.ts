import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { btrfs } from "./run-btrfs.ts";
import { clientQgroup, showQgroups, type Qgroup } from "./quota.ts";
import { isSubvolume } from "./subvolume.ts";

/** Bytes of one Volume, of one domain, or of all that one client's domain holds with its snapshots. */
export interface CountedSize {
  readonly kind: "volume" | "domain" | "client";
  readonly name: string;
  readonly referenced: number;
  readonly exclusive: number;
  /** Quota; undefined: none. */
  readonly limit: number | undefined;
}

/** What btrfs counts for the subvolumes of an Archive Device. */
export class Sizes {
  readonly #root: string;
  /** Ids of subvolumes by path; they are asked for once. */
  readonly #ids = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** All sizes, Volumes first; undefined where counting is off. */
  async list(): Promise<readonly CountedSize[] | undefined> {
    const groups = await showQgroups(this.#root);
    if (groups === undefined) return undefined;
    const volumes = (await names(this.#root)).filter((name) => !/^[@.]/.test(name));
    const domains = await names(join(this.#root, "@chunks"));
    const sizes: CountedSize[] = [];
    for (const name of volumes) sizes.push(...counted("volume", name, await this.#groupOf(groups, join(this.#root, name))));
    for (const name of domains) {
      const client = name.startsWith("client-") ? groups.get(clientQgroup(name)) : undefined;
      if (client === undefined)
        sizes.push(...counted("domain", name, await this.#groupOf(groups, join(this.#root, "@chunks", name))));
      else sizes.push(...counted("client", clientName(name), client));
    }
    return sizes;
  }

  async #groupOf(groups: ReadonlyMap<string, Qgroup>, path: string): Promise<Qgroup | undefined> {
    const known = groups.get(this.#ids.get(path) ?? "");
    if (known !== undefined) return known;
    if (!(await isSubvolume(path).catch(() => false))) return undefined;
    const id = `0/${(await btrfs(["inspect-internal", "rootid", path])).trim()}`;
    this.#ids.set(path, id);
    return groups.get(id);
  }
}

/** The client of a domain; names that are not plain are written with %XX. */
function clientName(domain: string): string {
  const written = domain.slice("client-".length);
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

function counted(kind: CountedSize["kind"], name: string, group: Qgroup | undefined): CountedSize[] {
  if (group === undefined) return [];
  const { referenced, exclusive, limit } = group;
  return [{ kind, name, referenced, exclusive, limit }];
}

async function names(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch {
    return [];
  }
}
