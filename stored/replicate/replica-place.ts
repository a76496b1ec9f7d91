import { mkdir, open, readlink, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { ReceiveStream } from "../btrfs/send-receive.ts";
import { syncFileSystem } from "../btrfs/filesystem.ts";
import { showSubvolume, subvolumesFreed } from "../btrfs/subvolume.ts";
import { generationsIn, makeGeneration, namesIn, partsOf, removeGeneration } from "./generations.ts";
import {
  checkedReplicaPath,
  CURRENT,
  DESCRIPTION,
  DESCRIPTION_BYTES_MAX,
  INCOMING,
  replicaFolder,
  replicasFolder,
} from "./replica-paths.ts";
import type { DeleteQueue } from "../btrfs/delete-queue.ts";
import type { ReplicaStart } from "#proto/data.ts";

/** How long to wait until btrfs has freed what was removed. */
const FREED_MS_MAX = 30_000;

/** The part that is being received. */
type Receiving =
  | { readonly kind: "none" }
  | { readonly kind: "subvolume"; readonly start: ReplicaStart; readonly at: string; readonly stream: ReceiveStream }
  | { readonly kind: "description"; readonly at: string; readonly pieces: Buffer[]; readonly bytes: number };

/** Receives one replica of a store: its parts one after another beside the one that is in place, then puts it in that one's place. */
export class ReplicaPlace implements AsyncDisposable {
  readonly #folder: string;
  readonly #deletes: DeleteQueue;
  readonly #signal: AbortSignal;
  readonly #received = new Set<string>();
  #receiving: Receiving = { kind: "none" };
  #isPlaced = false;

  private constructor(folder: string, deletes: DeleteQueue, signal: AbortSignal) {
    this.#folder = folder;
    this.#deletes = deletes;
    this.#signal = signal;
  }

  /** Makes ready to receive; what an earlier attempt left is removed first. */
  static async open(root: string, store: string, deletes: DeleteQueue, signal: AbortSignal): Promise<ReplicaPlace> {
    const folder = replicaFolder(root, store);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await cleanReplica(folder, deletes);
    await makeGeneration(join(folder, INCOMING));
    return new ReplicaPlace(folder, deletes, signal);
  }

  /** Snapshots that are in place, by the UUID that they have at the sender. */
  async have(): Promise<readonly string[]> {
    const current = await currentOf(this.#folder);
    if (current === undefined) return [];
    return (await partsOf(join(this.#folder, current))).flatMap(({ facts }) => facts.receivedUuid ?? []);
  }

  /** Parts received so far. */
  get received(): number {
    return this.#received.size;
  }

  /** Whether a part has begun and not finished. */
  get isReceiving(): boolean {
    return this.#receiving.kind !== "none";
  }

  /** The next part. REPLICA_FAILED if it cannot be one. */
  begin(start: ReplicaStart): void {
    if (this.isReceiving) throw new OperatorError("REPLICA_FAILED", `"${start.path.slice(0, 200)}" begins within another part`);
    const { kind, folder, name } = checkedReplicaPath(start.path);
    if (this.#received.has(start.path)) throw new OperatorError("REPLICA_FAILED", `"${start.path}" comes twice`);
    const directory = join(this.#folder, INCOMING, folder);
    const at = join(directory, name);
    this.#receiving =
      kind === "description" ? { kind, at, pieces: [], bytes: 0 } : { kind, start, at, stream: new ReceiveStream(directory) };
  }

  /** The next bytes of the part. */
  async write(bytes: Buffer): Promise<void> {
    const part = this.#receiving;
    if (part.kind === "none") throw new OperatorError("REPLICA_FAILED", "bytes came that belong to no part");
    if (part.kind === "subvolume") return await part.stream.write(bytes, this.#signal);
    const sum = part.bytes + bytes.byteLength;
    if (sum > DESCRIPTION_BYTES_MAX) throw new OperatorError("REPLICA_FAILED", "the store's description is too long");
    this.#receiving = { ...part, pieces: [...part.pieces, Buffer.from(bytes)], bytes: sum };
  }

  /** The part is complete. REPLICA_FAILED if what arrived is not what was announced. */
  async finish(): Promise<void> {
    const part = this.#receiving;
    if (part.kind === "none") throw new OperatorError("REPLICA_FAILED", "a part ends that did not begin");
    if (part.kind === "description") {
      await writeDurable(part.at, Buffer.concat(part.pieces));
      this.#received.add(DESCRIPTION);
    } else {
      await part.stream.finish(this.#signal);
      const facts = await showSubvolume(part.at);
      if (!facts.isReadOnly || facts.receivedUuid !== part.start.uuid)
        throw new OperatorError("REPLICA_FAILED", `"${part.start.path}" arrived as another subvolume than was announced`);
      this.#received.add(part.start.path);
    }
    this.#receiving = { kind: "none" };
  }

  /** Puts the replica in place, at once and durably; the former one is removed. */
  async place(): Promise<void> {
    if (!this.#received.has(DESCRIPTION))
      throw new OperatorError("REPLICA_FAILED", "the replica ends without the store's description");
    const last = (await generationsIn(this.#folder)).at(-1) ?? 0;
    const number = String(last + 1);
    const incoming = join(this.#folder, INCOMING);
    await syncDirectory(join(incoming, "@chunks"));
    await syncDirectory(incoming);
    await rename(incoming, join(this.#folder, number));
    this.#isPlaced = true;
    const link = join(this.#folder, `.${CURRENT}.new`);
    await rm(link, { force: true });
    await symlink(number, link);
    await rename(link, join(this.#folder, CURRENT));
    await syncDirectory(this.#folder);
    await cleanReplica(this.#folder, this.#deletes);
  }

  /** Whatever was not put in place is removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#receiving.kind === "subvolume") {
      this.#receiving.stream[Symbol.dispose]();
      await this.#receiving.stream.gone();
    }
    if (this.#isPlaced) return;
    await removeGeneration(join(this.#folder, INCOMING), this.#deletes, removeFile);
    // It may have filled the file system: the next attempt shall find the space free, which else comes half a minute later.
    await syncFileSystem(this.#folder).catch(() => {});
    await subvolumesFreed(this.#folder, { timeoutMs: FREED_MS_MAX }).catch(() => {});
  }
}

/** Removes what a crash left of the replicas below an Archive Device. */
export async function cleanReplicas(root: string, deletes: DeleteQueue): Promise<void> {
  const folder = replicasFolder(root);
  for (const name of await namesIn(folder)) await cleanReplica(join(folder, name), deletes);
}

/** Removes all but the generation in place. */
async function cleanReplica(folder: string, deletes: DeleteQueue): Promise<void> {
  const current = await currentOf(folder);
  for (const number of await generationsIn(folder))
    if (String(number) !== current) await removeGeneration(join(folder, String(number)), deletes, removeFile);
  await removeGeneration(join(folder, INCOMING), deletes, removeFile);
}

/** Name of the generation in place; undefined if there is none. */
async function currentOf(folder: string): Promise<string | undefined> {
  try {
    return await readlink(join(folder, CURRENT));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function removeFile(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

async function writeDurable(path: string, bytes: Buffer): Promise<void> {
  await using file = await open(path, "w", 0o600);
  await file.writeFile(bytes);
  await file.sync();
}
