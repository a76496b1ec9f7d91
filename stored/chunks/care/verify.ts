import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { sessionName } from "../marks.ts";
import { ReferenceReader } from "../reference-file-reader.ts";
import type { CareDomain } from "./care-domain.ts";
import type { KeptSession } from "../kept-session.ts";
import type { Pace } from "./pace.ts";

const IDS_A_STEP = 512;

/** What is wrong with a kept session. */
export interface SessionProblem {
  readonly session: KeptSession;
  /** Chunks that are not there. */
  readonly missing: number;
  /** Why its references cannot be read. */
  readonly damage: string | undefined;
}

/** What a verify found in one domain. */
export interface Verified {
  readonly sessions: number;
  readonly references: number;
  readonly problems: readonly SessionProblem[];
}

/** Looks up every chunk of every kept session; the missing ones are what is wanted. */
export async function verify(
  domain: CareDomain,
  pace: Pace,
  progress: (done: number, of: number) => void = () => {},
): Promise<Verified> {
  const problems: SessionProblem[] = [];
  let [sessions, references] = [0, 0];
  await domain.references.tryPutBack();
  domain.wanted.beginCheck();
  const all = [...domain.references.kept()];
  for (const [done, session] of all.entries()) {
    progress(done, all.length);
    try {
      const missing = await countWanted(domain, session, pace);
      if (missing > 0) problems.push({ session, missing, damage: undefined });
    } catch (error) {
      // A session that was forgotten meanwhile needs nothing.
      if (domain.references.get(session.session) === undefined) continue;
      problems.push({ session, missing: 0, damage: describeError(error) });
    }
    sessions++;
    references += session.references;
  }
  // References that cannot be read may name what nobody else does.
  if (problems.every(({ damage }) => damage === undefined)) domain.wanted.endCheck();
  await domain.wanted.save();
  return { sessions, references, problems };
}

/** Chunks of a session that are missing, and from now on wanted; damaged references are put back from a copy first. */
async function countWanted(domain: CareDomain, session: KeptSession, pace: Pace): Promise<number> {
  const look = { isThere: () => true, isMissing: (page: Uint8Array, at: number) => domain.wanted.add(page, at) };
  try {
    return await countMissing(domain, session, pace, look);
  } catch (error) {
    if (!(await domain.references.mend(session.session))) throw error;
    return await countMissing(domain, session, pace, look);
  }
}

/** A problem in words. */
export function problemLine({ session, missing, damage }: SessionProblem): string {
  return `${sessionText(session)}: ${damage ?? `${missing} of its chunks are not there`}`;
}

/** A session in words: its JobId and its Volumes, as far as they are known. */
export function sessionText({ session, jobId, volumes }: KeptSession): string {
  const job = jobId === 0 ? `session ${sessionName(session)}` : `JobId ${jobId} (session ${sessionName(session)})`;
  return volumes.length === 0 ? job : `${job} on Volume ${volumes.slice(0, 5).join(", ")}`;
}

/** Which kept sessions are known to be complete, so that a job may refer to all of their chunks without asking. */
export class CompleteSessions {
  readonly #domain: CareDomain;
  /** By session: what `wanted.losses` was when all of its chunks were there. */
  readonly #known = new Map<string, number>();

  constructor(domain: CareDomain) {
    this.#domain = domain;
  }

  /** A session was committed: each of its chunks was looked up when `wanted.losses` was this. */
  add(session: KeptSession, losses: number): void {
    this.#known.set(sessionName(session.session), losses);
  }

  /** Whether all chunks of a kept session are there. The first time, and after chunks were lost, this reads its references. */
  async isComplete(session: KeptSession, pace: Pace): Promise<boolean> {
    const name = sessionName(session.session);
    const { losses } = this.#domain.wanted;
    if (this.#known.get(name) === losses) return true;
    try {
      const { index, sealed } = this.#domain;
      // What a running job has stored again may go with it.
      const isThere = (): boolean => sealed.has(index.container);
      if ((await countMissing(this.#domain, session, pace, { isThere, isMissing: () => {} })) > 0) return false;
    } catch {
      return false;
    }
    if (this.#known.size > 100_000) this.#known.clear();
    this.#known.set(name, losses);
    return true;
  }
}

async function countMissing(
  domain: CareDomain,
  session: KeptSession,
  pace: Pace,
  look: {
    /** Asked of each chunk that is at hand in the index. */
    isThere(): boolean;
    isMissing(page: Uint8Array, at: number): void;
  },
): Promise<number> {
  using reader = ReferenceReader.open(session.path);
  let missing = 0;
  for (let page = reader.nextPage(); page !== undefined; page = reader.nextPage())
    for (let start = 0; start < page.byteLength; start += IDS_A_STEP * CHUNK_ID_BYTES) {
      const end = Math.min(page.byteLength, start + IDS_A_STEP * CHUNK_ID_BYTES);
      for (let at = start; at < end; at += CHUNK_ID_BYTES) {
        if (domain.index.find(page, at) && look.isThere()) continue;
        missing++;
        look.isMissing(page, at);
      }
      await pace.step();
    }
  return missing;
}
