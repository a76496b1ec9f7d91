import { open } from "node:fs/promises";
import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { containerPath } from "../container-name.ts";
import { readContainer } from "../container-reader.ts";
import { frameProblem, readFrameRuns } from "./frame-runs.ts";
import { isLive, removeContainer } from "./sweep.ts";
import type { CareDomain } from "./care-domain.ts";
import type { ContainerDirectory } from "../container-format.ts";
import type { ContainerWriter } from "../container-writer.ts";
import type { Pace } from "./pace.ts";
import type { Removal } from "./sweep.ts";

/** Entries that are looked up between two steps. */
const ENTRIES_A_STEP = 256;
/** Directories that are kept while their chunks move; then the new container is sealed, full or not. */
const MOVING_BYTES_MAX = 16 * 1024 * 1024;
/** How often chunks that jobs began to rely on while their container was moved are moved after. */
const ROUNDS = 3;

/** A container whose chunks are being moved. */
interface Moving {
  readonly number: number;
  readonly path: string;
  readonly directory: ContainerDirectory;
  /** By entry: the container that has a copy (0: none), and where. */
  readonly container: Uint32Array;
  readonly offset: Uint32Array;
  rounds: number;
}

/** Why containers are written anew. */
export interface RewritePolicy {
  /** Whether the chunk at hand in the index is to be moved; if not the index forgets it. */
  isLive(domain: CareDomain): boolean;
  /** Removes a container that the index does not point to any more. */
  remove(domain: CareDomain, number: number): Promise<Removal>;
}

const collecting: RewritePolicy = {
  isLive: (domain) => isLive(domain, domain.index),
  remove: removeContainer,
};

/** What rewriting did. */
export interface Rewritten {
  readonly containers: number;
  readonly bytesRemoved: number;
  readonly bytesWritten: number;
  readonly notes: readonly string[];
}

/**
 * Moves the live chunks of containers into new ones, and removes the old ones when the copies are durable and the index points to them.
 * Whole frames are copied, after their checksum was looked at. A container with a damaged live frame is left as it is.
 */
export class Rewriter {
  readonly #domain: CareDomain;
  readonly #pace: Pace;
  readonly #notes: string[] = [];
  readonly #policy: RewritePolicy;
  #writer: ContainerWriter | undefined;
  #moving: Moving[] = [];
  #movingBytes = 0;
  #containers = 0;
  #bytesRemoved = 0;
  #bytesWritten = 0;

  constructor(domain: CareDomain, pace: Pace, policy: RewritePolicy = collecting) {
    this.#domain = domain;
    this.#pace = pace;
    this.#policy = policy;
  }

  get result(): Rewritten {
    return {
      containers: this.#containers,
      bytesRemoved: this.#bytesRemoved,
      bytesWritten: this.#bytesWritten,
      notes: this.#notes,
    };
  }

  /** Copies what lives in a container. It goes when the copies are sealed: at the latest in `finish`. STORE_FULL. */
  async take(number: number): Promise<void> {
    const path = containerPath(this.#domain.containersDirectory, number);
    const contents = await readContainer(path);
    const { directory } = contents;
    if (contents.kind === "damaged" && directory.count === 0) {
      this.#notes.push(`container ${path} ${contents.what}; it is left as it is`);
      return;
    }
    const { count } = directory;
    const moving = { number, path, directory, container: new Uint32Array(count), offset: new Uint32Array(count), rounds: 0 };
    if (!(await this.#copy(moving))) return;
    this.#moving.push(moving);
    this.#movingBytes += directory.bytes.byteLength;
    if (this.#movingBytes > MOVING_BYTES_MAX) await this.finish();
  }

  /** Seals what was copied, points the index to it, and removes what is not needed any more. STORE_FULL. */
  async finish(): Promise<void> {
    while (this.#moving.length > 0) {
      await this.#seal();
      const moving = this.#moving;
      this.#moving = [];
      this.#movingBytes = 0;
      for (const old of moving) await this.#settle(old);
    }
    await this.#seal();
  }

  /** Gives up what is not sealed. What it was to replace stays. */
  async abandon(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    this.#moving = [];
    await writer?.discard();
  }

  /** Copies every live chunk that the index finds in a container and that has no copy yet; false if one is damaged. */
  async #copy(moving: Moving): Promise<boolean> {
    const file = await open(moving.path, "r");
    try {
      const wanted = (entry: number): boolean => moving.container[entry] === 0 && this.#mustMove(moving, entry);
      for await (const run of readFrameRuns(file, moving.path, moving.directory, wanted)) {
        const frames = new FrameCursor(run.bytes);
        for (let entry = run.first; entry < run.first + run.count; entry++) {
          const problem = frameProblem(moving.directory, entry, frames);
          if (problem === undefined) continue;
          this.#notes.push(`container ${moving.path}: chunk ${entry} is damaged, ${problem}; the container is left as it is`);
          return false;
        }
        await this.#write(moving, run.bytes, run.first);
      }
      return true;
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code !== "CONTAINER_DAMAGED") throw error;
      this.#notes.push(`${error.message}; it is left as it is`);
      return false;
    } finally {
      await file.close();
    }
  }

  #mustMove(moving: Moving, entry: number): boolean {
    return this.#pointsTo(moving, entry) && this.#policy.isLive(this.#domain);
  }

  /** Whether the index finds a chunk in this container; if so it is at hand. */
  #pointsTo({ number, directory }: Moving, entry: number): boolean {
    const { index } = this.#domain;
    const isKnown = index.find(directory.bytes, directory.idAt(entry));
    return isKnown && index.container === number && index.offset === directory.offset(entry);
  }

  async #write(moving: Moving, bytes: Uint8Array<ArrayBuffer>, first: number): Promise<void> {
    if (this.#writer?.takesMore !== true) {
      await this.#seal();
      this.#writer = await this.#domain.newContainer();
    }
    const writer = this.#writer;
    let entry = first;
    for (const frame = new FrameCursor(bytes); frame.next(); entry++) {
      moving.offset[entry] = writer.place(frame, frame.id);
      moving.container[entry] = writer.number;
    }
    await writer.write([bytes]);
    this.#bytesWritten += bytes.byteLength;
    await this.#pace.spend(bytes.byteLength);
  }

  async #seal(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    await this.#domain.sealContainer(writer);
    this.#writer = undefined;
  }

  /** Points the index to the copies, which are durable, and forgets what is dead; removes the container if nothing is left in it. */
  async #settle(old: Moving): Promise<void> {
    const { index } = this.#domain;
    let left = 0;
    for (let entry = 0; entry < old.directory.count; entry++) {
      if (entry % ENTRIES_A_STEP === ENTRIES_A_STEP - 1) await this.#pace.step();
      if (!this.#pointsTo(old, entry)) continue;
      const at = old.directory.idAt(entry);
      const [container, offset] = [old.container[entry] ?? 0, old.offset[entry] ?? 0];
      if (container !== 0) index.set(old.directory.bytes, at, { container, offset, bytes: old.directory.frameBytes(entry) });
      else if (!this.#mustMove(old, entry)) index.delete(old.directory.bytes, at);
      else left++;
    }
    // A job relies on a chunk that was dead when the others were copied.
    if (left > 0) return await this.#moveRest(old);
    const removal = await this.#policy.remove(this.#domain, old.number);
    if (removal.kind === "kept") this.#notes.push(removal.why);
    else {
      this.#containers++;
      this.#bytesRemoved += removal.bytes;
      await this.#pace.spend(removal.bytes);
    }
  }

  async #moveRest(old: Moving): Promise<void> {
    if (++old.rounds >= ROUNDS || !(await this.#copy(old))) return;
    this.#moving.push(old);
    this.#movingBytes += old.directory.bytes.byteLength;
  }
}
