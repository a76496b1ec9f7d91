import { mkdir, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { describeError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { STORE_FOLDER_MODE, syncFolder, writeFailure } from "./durable.ts";
import { sessionName } from "./marks.ts";
import { ReferenceReader } from "./reference-file-reader.ts";
import { referencesName, sessionOfName } from "./reference-file.ts";
import type { SessionKey } from "../volume/block.ts";

/** A session whose references are kept. */
export interface KeptSession {
  readonly session: SessionKey;
  readonly path: string;
  /** 0 if its references cannot be read. */
  readonly jobId: number;
  readonly volumes: readonly string[];
  readonly references: number;
  readonly plainBytes: number;
  /** Why its references cannot be read; undefined: they were readable when last looked at. */
  readonly damage: string | undefined;
}

/**
 * The references of a domain's sessions: which are kept, and which were forgotten while a running job holds them. The directory is the
 * truth; this is what is known of it.
 */
export class ReferenceFiles {
  readonly directory: string;
  readonly #kept = new Map<string, KeptSession>();
  /** Forgotten, but held: file name ends in ".held". */
  readonly #forgotten = new Map<string, KeptSession>();
  /** Sessions that each running job holds. */
  readonly #holds = new Map<string, Set<string>>();

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Reads the ends of all files in `directory`, which is made if need be; removes what jobs left that were running at a crash. */
  static async open(directory: string): Promise<ReferenceFiles> {
    await mkdir(directory, { recursive: true, mode: STORE_FOLDER_MODE });
    const files = new ReferenceFiles(directory);
    for (const name of await readdir(directory)) {
      const session = sessionOfName(name);
      if (session !== undefined) files.#kept.set(sessionName(session), keptSession(join(directory, name), session));
      else if (name.endsWith(".new") || name.endsWith(".held")) await unlink(join(directory, name));
    }
    return files;
  }

  /** Sessions whose references are kept. */
  kept(): IterableIterator<KeptSession> {
    return this.#kept.values();
  }

  get count(): number {
    return this.#kept.size;
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

  /** The session as it is needed now, also if it was forgotten meanwhile; undefined if nobody needs it any more. */
  stillNeeded(session: SessionKey): KeptSession | undefined {
    return this.get(session) ?? this.#forgotten.get(sessionName(session));
  }

  /** Takes a finished file over as a session's references, durably. Its chunks are durable already. */
  async commit(session: SessionKey, finished: string): Promise<KeptSession> {
    const path = join(this.directory, referencesName(session));
    const kept = keptSession(finished, session);
    try {
      await rename(finished, path);
      // From here on the file may survive a crash, whatever the sync says: a collection must see it.
      this.#kept.set(sessionName(session), { ...kept, path });
      await syncFolder(this.directory);
    } catch (cause) {
      throw writeFailure(`committing ${path}`, cause);
    }
    return { ...kept, path };
  }

  /** Forgets a session durably; false if there is none. While a job holds it, its chunks stay. */
  async forget(session: SessionKey): Promise<boolean> {
    const name = sessionName(session);
    const kept = this.#kept.get(name);
    if (kept === undefined) return false;
    const held = join(this.directory, `${name}.held`);
    // In this order a collection that is looking finds the session in one of the two, or finds that nobody needs it.
    const isHeld = this.#isHeld(name);
    if (isHeld) this.#forgotten.set(name, { ...kept, path: held });
    this.#kept.delete(name);
    try {
      await (isHeld ? rename(kept.path, held) : unlink(kept.path));
    } catch (cause) {
      if (systemErrorCode(cause) !== "ENOENT") {
        // The file is there yet: who asks again must find the session.
        this.#kept.set(name, kept);
        this.#forgotten.delete(name);
        throw writeFailure(`forgetting ${kept.path}`, cause);
      }
    }
    try {
      await syncFolder(this.directory);
    } catch (cause) {
      throw writeFailure(`forgetting ${kept.path}`, cause);
    }
    return true;
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

  #isHeld(name: string): boolean {
    for (const held of this.#holds.values()) if (held.has(name)) return true;
    return false;
  }
}

function keptSession(path: string, session: SessionKey): KeptSession {
  try {
    using reader = ReferenceReader.open(path);
    const { volumes, references, plainBytes } = reader.totals;
    const isOther = sessionName(reader.owner.session) !== sessionName(session);
    const damage = isOther ? `it holds the references of session ${sessionName(reader.owner.session)}` : undefined;
    return { session, path, jobId: reader.owner.jobId, volumes, references, plainBytes, damage };
  } catch (error) {
    return { session, path, jobId: 0, volumes: [], references: 0, plainBytes: 0, damage: describeError(error) };
  }
}
