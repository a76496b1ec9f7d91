import { join } from "node:path";
import { readdir } from "node:fs/promises";
import { domainPath, sentSnapshots } from "../btrfs/snapshot-names.ts";
import { isSubvolume, snapshotReadOnly, showSubvolume } from "../btrfs/subvolume.ts";
import { isDomainName, STORE_FOLDER } from "../chunks/store-paths.ts";
import { generationsIn, makeGeneration, partsOf, removeGeneration, type GenerationPart } from "./generations.ts";
import type { CommitPoints } from "../btrfs/commit-points.ts";
import type { DeleteQueue } from "../btrfs/delete-queue.ts";

/** What was sent to one storage daemon, generation by generation: a new one builds on the last that arrived. */
export class SentGenerations {
  readonly #root: string;
  readonly #directory: string;
  readonly #deletes: DeleteQueue;

  constructor(root: string, storage: string, deletes: DeleteQueue) {
    this.#root = root;
    this.#directory = sentSnapshots(root, storage);
    this.#deletes = deletes;
  }

  /**
   * Takes a generation: the last commit point of each Volume, then each domain as it is now. A domain taken later has every chunk that
   * those Volumes refer to.
   */
  async take(points: CommitPoints): Promise<{ readonly number: number; readonly parts: readonly GenerationPart[] }> {
    const number = ((await generationsIn(this.#directory)).at(-1) ?? 0) + 1;
    const directory = this.#place(number);
    await makeGeneration(directory);
    const parts: GenerationPart[] = [];
    for (const volume of await points.volumes()) {
      const source = await points.newestOf(volume);
      if (source !== undefined) parts.push(await taken(source, volume, join(directory, volume)));
    }
    for (const domain of await readdir(join(this.#root, STORE_FOLDER))) {
      const source = domainPath(this.#root, domain);
      if (!isDomainName(domain) || !(await isSubvolume(source))) continue;
      parts.push(await taken(source, `${STORE_FOLDER}/${domain}`, join(directory, STORE_FOLDER, domain)));
    }
    return { number, parts };
  }

  /** The newest snapshots of earlier generations that the receiver has, by what they are a state of. */
  async known(have: ReadonlySet<string>, before: number): Promise<ReadonlyMap<string, GenerationPart>> {
    const found = new Map<string, GenerationPart>();
    for (const number of await generationsIn(this.#directory)) {
      if (number >= before) continue;
      for (const part of await partsOf(this.#place(number))) if (have.has(part.facts.uuid)) found.set(part.path, part);
    }
    return found;
  }

  /** Removes all generations but these. */
  async keepOnly(numbers: readonly number[]): Promise<void> {
    for (const number of await generationsIn(this.#directory))
      if (!numbers.includes(number)) await removeGeneration(this.#place(number), this.#deletes, async () => {});
  }

  /** Removes a generation that did not arrive. */
  async remove(number: number): Promise<void> {
    await removeGeneration(this.#place(number), this.#deletes, async () => {});
  }

  #place(number: number): string {
    return join(this.#directory, String(number));
  }
}

async function taken(source: string, path: string, at: string): Promise<GenerationPart> {
  await snapshotReadOnly(source, at);
  return { path, at, facts: await showSubvolume(at) };
}
