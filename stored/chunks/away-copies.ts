import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { describeError } from "#lib/errors/operator-error.ts";
import { isVolumeName } from "../device/volume-name.ts";
import { writeDurably } from "./durable.ts";
import { sessionName } from "./marks.ts";
import type { CopiedSession, VolumeCopies } from "./volume-copies.ts";

/** Most sessions that are remembered; of more the oldest are let go, and come back with their Volumes. */
const AWAY_MAX = 100_000;

/**
 * Sessions that were forgotten while Volumes were away which may have a copy of their references: when such a Volume is there again, the copy goes
 * and does not bring the session back. Kept in a file, a line a session: its name, the Volumes, a checksum. What is lost or damaged of it only keeps more.
 */
export class AwayCopies {
  readonly #path: string;
  readonly #copies: VolumeCopies;
  readonly #domain: string;
  /** By name of the session, oldest first. */
  readonly #volumes: Map<string, Set<string>>;
  #isChanged = false;

  private constructor(path: string, copies: VolumeCopies, domain: string, volumes: Map<string, Set<string>>) {
    this.#path = path;
    this.#copies = copies;
    this.#domain = domain;
    this.#volumes = volumes;
  }

  /** Reads the file, which need not be there. Lines that say nothing are passed over. */
  static async open(path: string, copies: VolumeCopies, domain: string): Promise<AwayCopies> {
    const text = await readFile(path, "latin1").catch(() => "");
    const volumes = new Map<string, Set<string>>();
    for (const line of text.split("\n")) {
      const [, said = "", name = "", of = "", checksum] = /^((\d{1,10}-\d{1,10}) (.+)) ([0-9a-f]{8})$/.exec(line) ?? [];
      if (name !== "" && checksum === checksumOf(said)) volumes.set(name, new Set(of.split(" ")));
    }
    return new AwayCopies(path, copies, domain, volumes);
  }

  get count(): number {
    return this.#volumes.size;
  }

  /** Whether a session was forgotten that a Volume may still have. */
  has(session: string): boolean {
    return this.#volumes.has(session);
  }

  /** Sessions are about to be forgotten: notes which of their Volumes are not there. */
  async expect(sessions: readonly CopiedSession[]): Promise<void> {
    const present = await this.#copies.present(new Set(sessions.flatMap(({ volumes }) => volumes)));
    for (const { session, volumes } of sessions)
      this.#add(
        sessionName(session),
        volumes.filter((volume) => isVolumeName(volume) && !present.has(volume)),
      );
  }

  /** A session is wanted after all. */
  delete(session: string): void {
    if (this.#volumes.delete(session)) this.#isChanged = true;
  }

  /** A Volume is there again with its copy of a session, which goes now. Answers what the operator should know. */
  async forgetLate(copied: CopiedSession): Promise<string> {
    const name = sessionName(copied.session);
    const failures = await this.#copies.remove(this.#domain, [copied]);
    const outcome = failures.has(name) ? `cannot be removed: ${describeError(failures.get(name))}` : "was removed";
    return `session ${name} was forgotten while Volume ${copied.volumes.join(", ")} was away; it is there again, and its copy ${outcome}`;
  }

  /** Volumes that are waited for and are there now. */
  async present(): Promise<ReadonlySet<string>> {
    return await this.#copies.present(new Set([...this.#volumes.values()].flatMap((volumes) => [...volumes])));
  }

  /**
   * Volumes that are there and have no copy are not waited for any more. `found`: copies of the domain that a look found, by name of the session;
   * `before`: Volumes that were there before that look. One that came or went during it was perhaps not seen.
   */
  async arrived(found: ReadonlyMap<string, CopiedSession> | undefined, before: ReadonlySet<string>): Promise<void> {
    if (this.#volumes.size === 0) return;
    const present = before.intersection(await this.present());
    for (const [session, awaited] of this.#volumes) {
      const having = found?.get(session)?.volumes ?? [];
      for (const volume of awaited)
        if (present.has(volume) && !having.includes(volume)) {
          awaited.delete(volume);
          this.#isChanged = true;
        }
      if (awaited.size === 0) this.#volumes.delete(session);
    }
  }

  /** Makes it durable. Throws what the system says. */
  async save(): Promise<void> {
    if (!this.#isChanged) return;
    const lines = [...this.#volumes].map(([session, volumes]) => {
      const said = [session, ...volumes].join(" ");
      return `${said} ${checksumOf(said)}\n`;
    });
    await writeDurably(dirname(this.#path), this.#path, lines.join(""));
    this.#isChanged = false;
  }

  #add(session: string, volumes: readonly string[]): void {
    if (volumes.length === 0) return;
    const known = this.#volumes.get(session) ?? new Set();
    for (const volume of volumes) {
      this.#isChanged ||= !known.has(volume);
      known.add(volume);
    }
    this.#volumes.set(session, known);
    for (const oldest of this.#volumes.keys()) {
      if (this.#volumes.size <= AWAY_MAX) break;
      this.#volumes.delete(oldest);
    }
  }
}

/** A digit that was turned over would name a session that is wanted: CRC-32, eight hexadecimal digits. */
function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
