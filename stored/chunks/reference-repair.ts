import { rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { describeError } from "#lib/errors/operator-error.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { checkReferences } from "./check-references.ts";
import { keptSession, unreadable } from "./kept-session.ts";
import { sessionName } from "./marks.ts";
import { referencesName } from "./reference-file.ts";
import { copyBytes, meansAbsent } from "./volume-copies.ts";
import type { Mutex } from "#lib/base/lock.ts";
import type { SessionKey } from "../volume/block.ts";
import type { AwayCopies } from "./away-copies.ts";
import type { KeptSession } from "./kept-session.ts";
import type { CopiedSession, VolumeCopies } from "./volume-copies.ts";

/** How old a look at all Volumes may be when collections begin, which many domains have one after the other. */
const LOOK_MS = 10_000;
/** What it repairs, and with what. */
interface Repaired {
  /** Holds the files of references. */
  readonly directory: string;
  readonly copies: VolumeCopies;
  readonly domain: string;
  readonly away: AwayCopies;
  /** By name of the session. */
  readonly kept: Map<string, KeptSession>;
  /** Forgetting and putting back wait for each other. */
  readonly turn: Mutex;
  note(text: string): void;
}

/** Makes the references of a store and their copies in Volumes agree: puts back what the store has lost, writes what Volumes lack. */
export class ReferenceRepair {
  readonly #at: Repaired;

  constructor(at: Repaired) {
    this.#at = at;
  }

  /**
   * Puts back references of which a Volume holds a copy and that are lost or damaged here. What cannot be put back counts as a kept session
   * whose references cannot be read. Throws what the system says if not all Volumes can be looked at.
   */
  async putBack(): Promise<void> {
    const { away } = this.#at;
    const before = await away.present();
    const { domains } = await this.#at.copies.look(away.count === 0 ? LOOK_MS : 0);
    const copies = domains.get(this.#at.domain);
    for (const [name, copied] of copies ?? []) {
      const kept = this.#at.kept.get(name);
      if (this.#isForgotten(name)) await this.#forgetLate(copied);
      else if (kept === undefined || kept.damage !== undefined) await this.#putBackOne(copied);
    }
    using _turn = await this.#at.turn.acquire();
    await away.arrived(copies, before);
    await this.saveAway();
  }

  /** Puts back references that were found to be lost or damaged; whether they are good now. */
  async mend(session: SessionKey): Promise<boolean> {
    const copied = (await this.#at.copies.look()).domains.get(this.#at.domain)?.get(sessionName(session));
    return copied !== undefined && (await this.#putBackOne(copied));
  }

  /** Writes the copies that Volumes lack: of sessions that an earlier release saved, or that somebody removed. */
  async copyToVolumes(): Promise<void> {
    const { volumes, domains } = await this.#at.copies.look(LOOK_MS);
    const copied = domains.get(this.#at.domain);
    for (const { session, path, jobId, damage, volumes: own } of [...this.#at.kept.values()]) {
      const having = copied?.get(sessionName(session))?.volumes ?? [];
      const lacking = own.filter((volume) => volumes.has(volume) && !having.includes(volume));
      if (lacking.length === 0 || damage !== undefined) continue;
      using _turn = await this.#at.turn.acquire();
      try {
        if (this.#at.kept.get(sessionName(session)) === undefined) continue;
        await checkReferences(path, session);
        const prepared = await this.#at.copies.prepare({ session, volumes: lacking, domain: this.#at.domain }, path, "tmp");
        await prepared.name();
        await prepared.sync();
      } catch (error) {
        this.#at.note(`JobId ${jobId} has no second copy of its references: ${describeError(error)}`);
      }
    }
  }

  /** Where there is no room, something must be forgotten all the same; then a Volume may bring a session back. */
  async saveAway(): Promise<void> {
    await this.#at.away.save().catch((error: unknown) => {
      this.#at.note(`what Volumes that are away are to forget cannot be written down: ${describeError(error)}`);
    });
  }

  /** A Volume is there again with its copy of a session that was forgotten. */
  async #forgetLate(copied: CopiedSession): Promise<void> {
    using _turn = await this.#at.turn.acquire();
    if (this.#isForgotten(sessionName(copied.session))) this.#at.note(await this.#at.away.forgetLate(copied));
  }

  /** Whether nothing may bring a session back. */
  #isForgotten(name: string): boolean {
    return this.#at.kept.get(name) === undefined && this.#at.away.has(name);
  }

  /** Puts one session's references back from the first good copy; false if there is none. */
  async #putBackOne({ session, volumes }: CopiedSession): Promise<boolean> {
    using _turn = await this.#at.turn.acquire();
    const name = sessionName(session);
    if (this.#isForgotten(name)) return false; // since the Volumes were looked at
    const path = join(this.#at.directory, referencesName(session));
    const problems: string[] = [];
    for (const volume of volumes) {
      const copy = this.#at.copies.path(volume, this.#at.domain, session);
      try {
        await checkReferences(copy, session);
        await copyBytes(copy, `${path}.tmp`);
        await rename(`${path}.tmp`, path);
        await syncDirectory(this.#at.directory);
      } catch (error) {
        await unlink(`${path}.tmp`).catch(() => {});
        // A session that was forgotten since the Volumes were looked at has no copies any more.
        if (!meansAbsent(error)) problems.push(describeError(error));
        continue;
      }
      const was = this.#at.kept.get(name) === undefined ? "lost" : "damaged";
      const kept = keptSession(path, session);
      this.#at.kept.set(name, kept);
      this.#at.note(
        `the references of JobId ${kept.jobId} (session ${name}) were ${was}; they were put back from Volume ${volume}`,
      );
      return true;
    }
    if (problems.length > 0 && this.#at.kept.get(name) === undefined)
      this.#at.kept.set(name, { ...unreadable(path, session), volumes, damage: `they are lost, and: ${problems.join("; ")}` });
    return false;
  }
}
