import { CHUNK_ID_BYTES, FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { BATCH_BYTES_MAX } from "#lib/wire/record.ts";
import { newReferencesPath } from "../chunks/store-paths.ts";
import { ownBytes } from "../device/own-bytes.ts";
import type { DedupCounts } from "#proto/job.ts";
import type { JobOffer } from "../chunks/store-calls.ts";
import type { SessionKey } from "../volume/block.ts";
import type { SessionReferences } from "../device/session-references.ts";
import type { StoreHost } from "./store-host.ts";
import type { StoreOffer } from "#proto/data.ts";
import type { VerifyPool } from "./verify-pool.ts";

/** Most identities of one `ask`, and most sessions of one `hold`. */
const ASK_IDS_MAX = 4096;
const HOLD_SESSIONS_MAX = 1000;

/** Whose chunks they are. */
export interface ChunksOwner {
  readonly job: string;
  readonly jobId: number;
  readonly session: SessionKey;
  readonly pool: string;
  readonly client: string;
}

/** One job's dealings with a store: from its beginning, through what its file daemon asks and sends, to its commit or its end without one. */
export class JobChunks {
  readonly #store: StoreHost;
  readonly #verifiers: VerifyPool;
  readonly #owner: ChunksOwner;
  readonly #offer: JobOffer;
  /** Runs of frames go to the store in the order in which they came: what was read together shall lie together. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #counts = { newChunks: 0, newBytes: 0, storedBytes: 0 };
  #references: SessionReferences | undefined;

  private constructor(store: StoreHost, verifiers: VerifyPool, owner: ChunksOwner, offer: JobOffer) {
    this.#store = store;
    this.#verifiers = verifiers;
    this.#owner = owner;
    this.#offer = offer;
  }

  /** Begins the job in the store. STORE_NOT_INITIALIZED and its like. */
  static async begin(store: StoreHost, verifiers: VerifyPool, owner: ChunksOwner): Promise<JobChunks> {
    const { session, jobId, pool, client } = owner;
    const offer = await store.call("begin", { session, jobId, pool, client });
    try {
      await store.btrfs?.prepareDomain(offer.domain);
    } catch (error) {
      await store.call("abandon", { session });
      throw error;
    }
    return new JobChunks(store, verifiers, owner, offer);
  }

  /** What the file daemon is told. */
  get offer(): StoreOffer {
    const { settings } = this.#store;
    const { session } = this.#owner;
    return {
      store: this.#offer.store,
      epoch: this.#offer.epoch,
      domain: this.#offer.domain,
      identity: "sha256",
      minBytes: settings.minBytes,
      averageBytes: settings.averageBytes,
      maxBytes: settings.maxBytes,
      compression: settings.compression,
      level: settings.level,
      session: { volSessionId: session.id, volSessionTime: session.time },
    };
  }

  /** File that the device's thread keeps the job's references in until they are committed. */
  get referencesPath(): string {
    return newReferencesPath(this.#store.settings.directory, this.#offer.domain, this.#owner.session);
  }

  /** Keeps earlier sessions for the job; answers which of them are there. BATCH_INVALID: too many. */
  async hold(sessions: readonly SessionKey[]): Promise<boolean[]> {
    if (sessions.length > HOLD_SESSIONS_MAX)
      throw forged(`names ${sessions.length} sessions at once; ${HOLD_SESSIONS_MAX} is the most`);
    return await this.#store.call("hold", { session: this.#owner.session, sessions });
  }

  /** Which chunks the store has, one bit each. BATCH_INVALID: these are no identities, or too many. */
  async known(ids: Uint8Array): Promise<Uint8Array> {
    const count = ids.byteLength / CHUNK_ID_BYTES;
    if (!Number.isInteger(count) || count < 1 || count > ASK_IDS_MAX)
      throw forged(`asks for chunks with ${ids.byteLength} bytes, which are not 1 to ${ASK_IDS_MAX} identities`);
    const own = Uint8Array.from(ids);
    return await this.#store.call("known", { session: this.#owner.session, ids: own }, [own.buffer]);
  }

  /**
   * Verifies new chunks and has them stored; resolves when the kernel has them. `received`: a message, given away. CHUNK_DAMAGED,
   * CHUNK_FRAME_INVALID, BATCH_INVALID for what no sound client sends.
   */
  async append(received: Uint8Array): Promise<void> {
    checkRun(received);
    const verified = this.#verifiers.verify(ownBytes(received), this.#store.settings.maxBytes);
    const turn = Promise.all([verified, this.#turn]);
    this.#turn = turn.catch(() => {});
    const [frames] = await turn;
    const taken = await this.#store.call("append", { session: this.#owner.session, frames }, [frames.buffer]);
    this.#counts.newChunks += taken.newChunks;
    this.#counts.newBytes += taken.newBytes;
    this.#counts.storedBytes += taken.storedBytes;
  }

  /** Makes everything durable, then what the job refers to; on btrfs takes the snapshots. CHUNK_MISSING. */
  async commit(references: SessionReferences): Promise<void> {
    this.#references = references;
    await this.#store.call("commit", { session: this.#owner.session, references: references.path });
  }

  /** On btrfs makes the snapshots that are the job's commit point. Throws what btrfs says; the job is safe nevertheless. */
  async commitPoint(volumes: readonly string[]): Promise<void> {
    const { job, session } = this.#owner;
    await this.#store.commitPoint({ job, session, domain: this.#offer.domain, volumes });
  }

  /** Errors that the disks below have shown and nobody was told of. */
  async diskErrors(): Promise<readonly string[]> {
    return (await this.#store.btrfs?.newErrors()) ?? [];
  }

  /** The job failed: nothing of it is kept. Never rejects. */
  async abandon(): Promise<void> {
    await this.#store.call("abandon", { session: this.#owner.session }).catch(() => null);
  }

  /** For the job's end. */
  get counts(): DedupCounts {
    const { compression, level } = this.#store.settings;
    return {
      fileBytes: this.#references?.plainBytes ?? 0,
      chunks: this.#references?.references ?? 0,
      ...this.#counts,
      rememberedFiles: 0,
      rememberedBytes: 0,
      method: compression === "none" ? "" : `zstd ${level}`,
    };
  }
}

/** Refuses runs that are too long: one frame may be, several together may not. */
function checkRun(frames: Uint8Array): void {
  if (frames.byteLength <= BATCH_BYTES_MAX) return;
  const frame = new FrameCursor(frames);
  frame.next();
  if (frame.end < frames.byteLength)
    throw forged(`sends ${frames.byteLength} bytes of chunks at once; ${BATCH_BYTES_MAX} is the most`);
}

function forged(what: string): OperatorError {
  return new OperatorError("BATCH_INVALID", `the file daemon ${what}`);
}
