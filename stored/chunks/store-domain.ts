import { mkdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { CHUNK_ID_BYTES, FRAME_HEADER_BYTES, FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { CompleteSessions } from "./care/verify.ts";
import { WantedChunks } from "./care/wanted.ts";
import { ChunkIndex } from "./chunk-index.ts";
import { placesIn } from "./chunk-places.ts";
import { ContainerSet } from "./container-set.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { STORE_FOLDER_MODE } from "./durable.ts";
import { loadContainers, reserveDamaged } from "./load-containers.ts";
import { RunningMarks } from "./marks.ts";
import { ReferenceFiles } from "./reference-files.ts";
import type { CareDomain, SealedContainer } from "./care/care-domain.ts";
import type { ChunkPlaces, TakenChunks } from "./store-calls.ts";
import type { ContainerWriter } from "./container-writer.ts";
import type { RunningSession } from "./running-session.ts";
import type { VolumeCopies } from "./volume-copies.ts";

/** Full containers of one job that are being made durable while the next one is filled. More would only fill the memory. */
const SEALING_MAX = 2;
/** Most bytes of a run of frames. */
const RUN_BYTES_MAX = 64 * 1024 * 1024;

/** Where a domain lies and what its store lends to it. */
export interface DomainSurroundings {
  readonly name: string;
  readonly folder: string;
  /** The store's UUID, 16 bytes. */
  readonly store: Uint8Array;
  readonly copies: VolumeCopies;
  raiseEpoch(): Promise<void>;
  afterSweep(): Promise<void>;
  /** Throws STORE_FULL when jobs may take no more. */
  requireRoom(): Promise<void>;
}

/** One domain of a store: its index, its containers, its sessions, and what running jobs put into it. */
export class StoreDomain implements CareDomain {
  readonly name: string;
  readonly folder: string;
  readonly index = new ChunkIndex();
  readonly marks = new RunningMarks();
  readonly references: ReferenceFiles;
  readonly wanted: WantedChunks;
  readonly containers: ContainerSet;
  readonly complete: CompleteSessions = new CompleteSessions(this);
  readonly #surroundings: DomainSurroundings;

  private constructor(surroundings: DomainSurroundings, references: ReferenceFiles, wanted: WantedChunks) {
    this.name = surroundings.name;
    this.folder = surroundings.folder;
    this.#surroundings = surroundings;
    this.references = references;
    this.wanted = wanted;
    const { store, name, folder } = surroundings;
    this.containers = new ContainerSet({ directory: join(folder, "containers"), store, domain: name, index: this.index });
  }

  /** Opens a domain whose folder is there, or was just made, and fills its index; answers also notes for the operator. */
  static async open(surroundings: DomainSurroundings): Promise<{ readonly domain: StoreDomain; readonly notes: string[] }> {
    const { folder } = surroundings;
    await makeParts(folder);
    const references = await ReferenceFiles.open(join(folder, "sessions"), surroundings.copies, surroundings.name);
    const domain = new StoreDomain(surroundings, references, await WantedChunks.open(join(folder, "wanted")));
    const notes = await loadContainers(domain.containers, domain.index, surroundings.store);
    await reserveDamaged(domain.containers, join(folder, "damaged"));
    return { domain, notes: [...notes, ...references.takeNotes()] };
  }

  get containersDirectory(): string {
    return this.containers.directory;
  }

  get sealed(): Map<number, SealedContainer> {
    return this.containers.sealed;
  }

  async newContainer(): Promise<ContainerWriter> {
    return await this.containers.begin();
  }

  async sealContainer(writer: ContainerWriter): Promise<void> {
    await this.containers.seal(writer);
    await this.containers.syncFolders();
  }

  async raiseEpoch(): Promise<void> {
    await this.#surroundings.raiseEpoch();
  }

  async afterSweep(): Promise<void> {
    await this.#surroundings.afterSweep();
  }

  /** Which chunks are there, one bit each; a job relies on the answer from now on. */
  known(session: RunningSession, ids: Uint8Array): Uint8Array {
    if (ids.byteLength % CHUNK_ID_BYTES !== 0)
      throw new OperatorError("CHUNK_FRAME_INVALID", `${ids.byteLength} bytes are no list of identities`);
    const count = ids.byteLength / CHUNK_ID_BYTES;
    const bits = new Uint8Array(Math.ceil(count / 8));
    for (let i = 0; i < count; i++) {
      if (!this.#rely(session, ids, i * CHUNK_ID_BYTES)) continue;
      bits[i >>> 3]! |= 1 << (i & 7);
    }
    return bits;
  }

  /** Takes a run of verified frames in. On return the kernel has those that are new. */
  async append(session: RunningSession, frames: Uint8Array): Promise<TakenChunks> {
    if (frames.byteLength > RUN_BYTES_MAX)
      throw new OperatorError("CHUNK_FRAME_INVALID", `a run of ${frames.byteLength} bytes is too long`);
    // No turn may pass between the look at the container and the giving of places: many runs wait for one container at a time.
    let writer = openWriter(session);
    while (writer === undefined) {
      session.opening ??= this.#nextWriter(session).finally(() => {
        session.opening = undefined;
      });
      await session.opening;
      writer = openWriter(session);
    }
    const { runs, taken } = this.#placeNew(session, writer, frames);
    if (runs.length === 0) return taken;
    const write = writer.write(runs);
    session.writes.add(write);
    try {
      await write;
    } finally {
      session.writes.delete(write);
    }
    return taken;
  }

  /** Where chunks lie, 0 for those that are not there. */
  locate(ids: Uint8Array): ChunkPlaces {
    return placesIn(this.index, this.containers.directory, ids);
  }

  /**
   * The same for somebody who is going to read them. A chunk that was lost may just have been stored again: containers that are being
   * written are sealed first, and their jobs go on in new ones.
   */
  async locateToRead(ids: Uint8Array): Promise<ChunkPlaces> {
    const places = this.locate(ids);
    for (const number of new Set(places.containers)) {
      const writer = this.containers.writer(number);
      // What cannot be sealed cannot be read, and who reads says so.
      if (writer !== undefined) await this.containers.seal(writer).catch(() => {});
    }
    return places;
  }

  /** Ends the taking in of chunks of a session, and waits until nothing of it is on its way any more. */
  async settle(session: RunningSession): Promise<void> {
    session.isEnding = true;
    await session.opening?.catch(() => {});
    await Promise.allSettled([...session.writes, ...session.sealing]);
  }

  /** A job has ended and nothing of it is kept, but containers that another job may rely on. */
  async abandon(session: RunningSession): Promise<void> {
    await this.settle(session);
    await unlink(this.references.newPath(session.key)).catch(() => {});
    for (const writer of session.unsealed) {
      // If there is no room now for its directory, whoever commits first tries again.
      if (writer.isShared) await this.containers.seal(writer).catch(() => {});
      else await this.containers.discard(writer);
    }
  }

  /** Whether a chunk is there; if so it stays until the session has ended. */
  #rely(session: RunningSession, ids: Uint8Array, at: number): boolean {
    const { index } = this;
    if (!index.find(ids, at)) return false;
    this.marks.touch(index);
    const writer = this.containers.writer(index.container);
    if (writer !== undefined && writer !== session.writer) writer.isShared = true;
    return true;
  }

  /** Gives the frames that are new their places; answers the runs of bytes that go there. */
  #placeNew(
    session: RunningSession,
    writer: ContainerWriter,
    frames: Uint8Array,
  ): { readonly runs: Uint8Array[]; readonly taken: TakenChunks } {
    const runs: Uint8Array[] = [];
    const taken = { chunks: 0, newChunks: 0, newBytes: 0, storedBytes: 0 };
    // All lengths are looked at before anything is given a place.
    for (const cursor = new FrameCursor(frames); cursor.next();) taken.chunks += 1;
    const frame = new FrameCursor(frames);
    let runStart = -1;
    while (frame.next()) {
      const { id } = frame;
      if (this.#rely(session, id, 0)) {
        if (runStart >= 0) runs.push(frames.subarray(runStart, frame.start));
        runStart = -1;
        continue;
      }
      if (runStart < 0) runStart = frame.start;
      const bytes = FRAME_HEADER_BYTES + frame.storedBytes;
      this.index.set(id, 0, { container: writer.number, offset: writer.place(frame, id), bytes });
      this.marks.touch(this.index);
      // A chunk that other sessions lack stays, however this job ends.
      if (this.wanted.mended(id)) writer.isShared = true;
      taken.newChunks += 1;
      taken.newBytes += frame.plainBytes;
      taken.storedBytes += bytes;
    }
    if (runStart >= 0) runs.push(frames.subarray(runStart));
    return { runs, taken };
  }

  /** Begins a session's next container; the one that is full is made durable in the background. */
  async #nextWriter(session: RunningSession): Promise<void> {
    const full = session.writer;
    session.writer = undefined;
    if (full !== undefined) this.#sealSoon(session, full);
    while (session.sealing.size >= SEALING_MAX) await Promise.race(session.sealing);
    await this.#surroundings.requireRoom();
    session.writer = await this.containers.begin();
    session.unsealed.add(session.writer);
  }

  #sealSoon(session: RunningSession, writer: ContainerWriter): void {
    // What fails here shows at the commit: it seals what is not sealed, and looks for every chunk.
    const sealing = this.containers
      .seal(writer)
      .then(() => void session.unsealed.delete(writer))
      .catch(() => {})
      .finally(() => session.sealing.delete(sealing));
    session.sealing.add(sealing);
  }
}

/** The container that takes a session's chunks; undefined: it needs a new one. */
function openWriter(session: RunningSession): ContainerWriter | undefined {
  if (session.isEnding) throw new OperatorError("CANCELED", "the session has ended");
  return session.writer?.takesMore === true ? session.writer : undefined;
}

/** Makes what is missing of a domain's folders, durably: what is committed later must not hang from a name that is not. */
async function makeParts(folder: string): Promise<void> {
  let isNew = false;
  for (const part of ["containers", "sessions", "damaged"])
    isNew = (await mkdir(join(folder, part), { recursive: true, mode: STORE_FOLDER_MODE })) !== undefined || isNew;
  if (isNew) await syncDirectory(folder);
}
