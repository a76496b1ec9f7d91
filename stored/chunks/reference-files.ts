import { mkdir, readdir, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Mutex } from "#lib/base/lock.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { AwayCopies } from "./away-copies.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { STORE_FOLDER_MODE, isNoRoom, writeFailure } from "./durable.ts";
import { keptSession } from "./kept-session.ts";
import { sessionName } from "./marks.ts";
import { referencesName, sessionOfName } from "./reference-file.ts";
import { ReferenceRepair } from "./reference-repair.ts";
import type { SessionKey } from "../volume/block.ts";
import type { KeptSession } from "./kept-session.ts";
import type { CopiedSession, VolumeCopies } from "./volume-copies.ts";

/** Notes that are kept until somebody takes them. */
const NOTES_MAX = 1000;

/**
 * The references of a domain's sessions: which are kept, and which were forgotten while a running job holds them. The directory is the
 * truth; this is what is known of it. Each kept session has a second copy of its references in each of its Volumes, from which they are
 * put back when they are lost or damaged: as long as a copy is there, the session is kept.
 */
export class ReferenceFiles {
  readonly directory: string;
  readonly #kept = new Map<string, KeptSession>();
  /** Forgotten, but held: file name ends in ".held". */
  readonly #forgotten = new Map<string, KeptSession>();
  /** Sessions that each running job holds. */
  readonly #holds = new Map<string, Set<string>>();
  readonly #copies: VolumeCopies;
  readonly #away: AwayCopies;
  readonly #repair: ReferenceRepair;
  readonly #domain: string;
  /** Forgetting and putting back wait for each other: what is being forgotten must not come back from a copy. */
  readonly #turn = new Mutex();
  #notes: string[] = [];
  /** Names left the directory, and that is perhaps not durable. */
  #isUnsynced = false;

  private constructor(directory: string, copies: VolumeCopies, domain: string, away: AwayCopies) {
    this.directory = directory;
    this.#copies = copies;
    this.#away = away;
    const [kept, turn] = [this.#kept, this.#turn];
    this.#repair = new ReferenceRepair({ directory, copies, domain, away, kept, turn, note: (text) => this.#note(text) });
    this.#domain = domain;
  }

  /**
   * Reads the ends of all files in `directory`, which is made if need be; removes what jobs left that were running at a crash; puts back
   * what is lost or damaged, as far as Volumes have copies.
   */
  static async open(directory: string, copies: VolumeCopies, domain: string): Promise<ReferenceFiles> {
    await mkdir(directory, { recursive: true, mode: STORE_FOLDER_MODE });
    const away = await AwayCopies.open(join(dirname(directory), "away"), copies, domain);
    const files = new ReferenceFiles(directory, copies, domain, away);
    for (const name of await readdir(directory)) {
      const session = sessionOfName(name);
      if (session !== undefined) files.#kept.set(sessionName(session), keptSession(join(directory, name), session));
      else if (/\.(new|held|tmp)$/.test(name)) await unlink(join(directory, name));
    }
    await files.tryPutBack();
    return files;
  }

  /** Sessions whose references are kept. */
  kept(): IterableIterator<KeptSession> {
    return this.#kept.values();
  }

  get count(): number {
    return this.#kept.size;
  }

  /** Sessions that were forgotten and that Volumes may have which are away. */
  get awayCount(): number {
    return this.#away.count;
  }

  get(session: SessionKey): KeptSession | undefined {
    return this.#kept.get(sessionName(session));
  }

  /** Where a job's references are written until they are committed. */
  newPath(session: SessionKey): string {
    return join(this.directory, referencesName(session, "new"));
  }

  /** Every session whose chunks are to stay: kept ones, and forgotten ones that a job holds. */
  needed(): KeptSession[] {
    return [...this.#kept.values(), ...this.#forgotten.values()];
  }

  /** The session as it is needed now, also if it was forgotten meanwhile. */
  stillNeeded(session: SessionKey): KeptSession | undefined {
    return this.get(session) ?? this.#forgotten.get(sessionName(session));
  }

  /**
   * Takes a finished file over as a session's references, durably, with copies in its Volumes. Its chunks are durable already. STORE_FULL and
   * QUOTA_EXCEEDED leave the file where it was, to be committed later.
   */
  async commit(session: SessionKey, finished: string): Promise<KeptSession> {
    const path = join(this.directory, referencesName(session));
    const kept = { ...keptSession(finished, session), path };
    const { volumes } = kept;
    const copies = await this.#copies.prepare({ session, volumes, domain: this.#domain }, finished);
    try {
      await rename(finished, path);
      // From here on the file may survive a crash, whatever the sync says: a collection must see it.
      this.#kept.set(sessionName(session), kept);
      await syncDirectory(this.directory);
    } catch (cause) {
      await copies.discard();
      const failure = writeFailure(`committing ${path}`, cause);
      if (isNoRoom(failure) && (await renames(path, finished))) this.#kept.delete(sessionName(session));
      throw failure;
    }
    try {
      using _turn = await this.#turn.acquire();
      // Forgotten in this moment, it must not come back.
      await (this.get(session) === undefined ? copies.discard() : copies.name());
    } catch (error) {
      // The job is saved. What its Volumes lack is written by the next collection.
      this.#note(`JobId ${kept.jobId} has no second copy of its references yet: ${describeError(error)}`);
    }
    await copies.sync().catch(() => {});
    this.#away.delete(sessionName(session));
    await this.#repair.saveAway();
    return kept;
  }

  /**
   * Forgets sessions durably: first their copies in Volumes, from which they would be put back, then what the store has; answers how many there
   * were. A Volume that is away keeps its copy until it is there again, which brings nothing back. While a job holds a session, its chunks stay. If some fail, the others are forgotten all the same, and who asks again finds the rest.
   */
  async forget(sessions: readonly SessionKey[]): Promise<number> {
    using _turn = await this.#turn.acquire();
    const copied = await this.#copiesToForget(sessions);
    await this.#away.expect(copied.filter(({ session }) => this.get(session) !== undefined));
    await this.#repair.saveAway();
    const failures = await this.#copies.remove(this.#domain, copied);
    const forgotten = new Set(copied.filter(({ volumes }) => volumes.length > 0).map(({ session }) => sessionName(session)));
    for (const session of sessions) {
      const name = sessionName(session);
      if (failures.has(name)) continue;
      try {
        if (await this.#remove(name)) forgotten.add(name);
      } catch (cause) {
        failures.set(name, cause);
      }
    }
    await this.#syncRemovals();
    for (const [name, cause] of failures) throw writeFailure(`forgetting session ${name}`, cause);
    return forgotten.size;
  }

  /** Forgets all sessions that are on a Volume, or of which it has a copy; answers how many there were. */
  async forgetVolume(volume: string): Promise<number> {
    const copied = (await this.#copies.look()).domains.get(this.#domain)?.values() ?? [];
    const onVolume = [...this.kept(), ...copied].filter(({ volumes }) => volumes.includes(volume));
    const byName = new Map(onVolume.map(({ session }) => [sessionName(session), session]));
    return byName.size === 0 ? 0 : await this.forget([...byName.values()]);
  }

  /** ReferenceRepair.putBack: before what nobody refers to is removed. */
  async putBack(): Promise<void> {
    await this.#repair.putBack();
  }

  /** The same, for those who remove nothing: that Volumes cannot be looked at is only noted. */
  async tryPutBack(): Promise<void> {
    await this.putBack().catch((error: unknown) => {
      this.#note(`the copies of references in Volumes could not be looked at: ${describeError(error)}`);
    });
  }

  /** Puts back references that were found to be lost or damaged; whether they are good now, or the session is needed no more. */
  async mend(session: SessionKey): Promise<boolean> {
    return (await this.#repair.mend(session)) || this.stillNeeded(session) === undefined;
  }

  /** ReferenceRepair.copyToVolumes */
  async copyToVolumes(): Promise<void> {
    await this.#repair.copyToVolumes();
  }

  /** What the operator should know of, each thing once. */
  takeNotes(): string[] {
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }

  /** A running job relies on a kept session until `release`. */
  hold(job: SessionKey, session: SessionKey): void {
    const held = this.#holds.get(sessionName(job)) ?? new Set();
    this.#holds.set(sessionName(job), held.add(sessionName(session)));
  }

  /** A job has ended. Files of forgotten sessions that nobody holds any more go. */
  async release(job: SessionKey): Promise<void> {
    this.#holds.delete(sessionName(job));
    for (const [name, forgotten] of this.#forgotten) {
      if (this.#isHeld(name)) continue;
      this.#forgotten.delete(name);
      // A file that cannot be removed is removed when the store is opened next.
      await unlink(forgotten.path).catch(() => {});
    }
  }

  /** Which Volumes may have copies of sessions: what the references say; where there are none, what is found. */
  async #copiesToForget(sessions: readonly SessionKey[]): Promise<CopiedSession[]> {
    const isKnown = (kept: KeptSession | undefined): boolean => kept !== undefined && kept.damage === undefined;
    const found = sessions.every((session) => isKnown(this.get(session)))
      ? undefined
      : (await this.#copies.look()).domains.get(this.#domain);
    return sessions.map((session) => {
      const kept = this.get(session);
      const copied = found?.get(sessionName(session))?.volumes ?? [];
      return { session, volumes: [...new Set([...(kept?.volumes ?? []), ...copied])] };
    });
  }

  /** Takes a session's references away, not yet durably; false if there are none. */
  async #remove(name: string): Promise<boolean> {
    const kept = this.#kept.get(name);
    if (kept === undefined) return false;
    const held = join(this.directory, `${name}.held`);
    // In this order a collection that is looking finds the session in one of the two, or finds that nobody needs it.
    const isHeld = this.#isHeld(name);
    if (isHeld) this.#forgotten.set(name, { ...kept, path: held });
    this.#kept.delete(name);
    this.#isUnsynced = true;
    try {
      await (isHeld ? rename(kept.path, held) : unlink(kept.path));
    } catch (cause) {
      if (systemErrorCode(cause) !== "ENOENT") {
        // The file is there yet: who asks again must find the session.
        this.#kept.set(name, kept);
        this.#forgotten.delete(name);
        throw cause;
      }
    }
    return true;
  }

  async #syncRemovals(): Promise<void> {
    try {
      if (this.#isUnsynced) await syncDirectory(this.directory);
      this.#isUnsynced = false;
    } catch (cause) {
      throw writeFailure(`forgetting sessions in ${this.directory}`, cause);
    }
  }

  #note(text: string): void {
    if (this.#notes.length < NOTES_MAX) this.#notes.push(text);
  }

  #isHeld(name: string): boolean {
    for (const held of this.#holds.values()) if (held.has(name)) return true;
    return false;
  }
}

/** Gives a file another name; whether that succeeded. */
async function renames(from: string, to: string): Promise<boolean> {
  return await rename(from, to).then(
    () => true,
    () => false,
  );
}
