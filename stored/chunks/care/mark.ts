import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { setTimeout } from "node:timers/promises";
import { ReferenceReader } from "../reference-file-reader.ts";
import type { CareDomain } from "./care-domain.ts";
import type { KeptSession } from "../kept-session.ts";
import type { Pace } from "./pace.ts";

/** Identities that are looked up between two steps: some hundred microseconds. */
const IDS_A_STEP = 512;
/** How often a file that vanished is looked for again: a session that is being forgotten is renamed in between. */
const TRIES = 20;

/** What marking met. */
export interface Marked {
  readonly sessions: number;
  /** Chunks that kept sessions refer to and that are not there. */
  readonly missing: number;
}

/**
 * Marks every chunk that a needed session refers to. References that cannot be read are REFERENCES_DAMAGED: nothing may be deleted then.
 * A session that is forgotten meanwhile may stay half marked, which only spares more.
 */
export async function markNeeded(
  domain: CareDomain,
  pace: Pace,
  progress: (done: number, of: number) => void = () => {},
): Promise<Marked> {
  let missing = 0;
  let sessions = 0;
  const all = domain.references.needed();
  for (const [done, needed] of all.entries()) {
    progress(done, all.length);
    const found = await markSession(domain, needed, pace);
    sessions += found === undefined ? 0 : 1;
    missing += found ?? 0;
  }
  return { sessions, missing };
}

/** Marks one session; its references are put back from a copy if they turn out to be lost or damaged. */
async function markSession(domain: CareDomain, needed: KeptSession, pace: Pace): Promise<number | undefined> {
  try {
    return await markOnce(domain, needed, pace);
  } catch (error) {
    const isDamage = error instanceof OperatorError && error.code === "REFERENCES_DAMAGED";
    if (!isDamage || !(await domain.references.mend(needed.session))) throw error;
    return await markOnce(domain, needed, pace);
  }
}

/** Marks the chunks of one session; answers how many are missing, or undefined if nobody needs the session any more. */
async function markOnce(domain: CareDomain, needed: KeptSession, pace: Pace): Promise<number | undefined> {
  using reader = await openNeeded(domain, needed);
  if (reader === undefined) return undefined;
  const { index } = domain;
  let missing = 0;
  for (let page = reader.nextPage(); page !== undefined; page = reader.nextPage())
    for (let start = 0; start < page.byteLength; start += IDS_A_STEP * CHUNK_ID_BYTES) {
      const end = Math.min(page.byteLength, start + IDS_A_STEP * CHUNK_ID_BYTES);
      for (let at = start; at < end; at += CHUNK_ID_BYTES)
        if (index.find(page, at)) index.mark();
        else missing++;
      await pace.step();
    }
  return missing;
}

/** Opens the references of a session wherever they lie now; undefined if nobody needs them any more. */
async function openNeeded(domain: CareDomain, needed: KeptSession): Promise<ReferenceReader | undefined> {
  for (let tries = 1; ; tries++) {
    const now = domain.references.stillNeeded(needed.session);
    if (now === undefined) return undefined;
    try {
      return ReferenceReader.open(now.path);
    } catch (error) {
      const isMoving = error instanceof OperatorError && isMissingFile(error.cause);
      if (!isMoving || tries === TRIES) throw error;
      await setTimeout(5);
    }
  }
}

function isMissingFile(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
