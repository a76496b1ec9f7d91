import { setImmediate } from "node:timers/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { sessionName } from "./marks.ts";
import { ReferenceReader } from "./reference-file-reader.ts";
import type { ContainerWriter } from "./container-writer.ts";
import type { RunningSession } from "./running-session.ts";
import type { StoreDomain } from "./store-domain.ts";

/** Pages of references that are looked up before other calls are answered: well under a millisecond each. */
const PAGES_A_SLICE = 4;
/** How often the references are looked at again because chunks were lost meanwhile. */
const ROUNDS_MAX = 5;

/**
 * Ends a session well: every chunk that its references name is there, lies in a sealed container, and is durable; then the references
 * are. Answers how many references there are, repeats included. CHUNK_MISSING, REFERENCES_DAMAGED, STORE_FULL: nothing was committed.
 */
export async function commitSession(domain: StoreDomain, session: RunningSession, path: string): Promise<number> {
  await domain.settle(session);
  await domain.wanted.save();
  for (let round = 1; ; round++) {
    // Chunks may be lost while this waits for the disk: with a container that could not be written, or put aside by a scrub.
    const losses = lossesOf(domain);
    const wantedLosses = domain.wanted.losses;
    const { references, writers } = await checkReferences(domain, session, path);
    if (round === 1) for (const writer of session.unsealed) writers.add(writer);
    const sealed = await Promise.allSettled([...writers].map(async (writer) => await domain.containers.seal(writer)));
    for (const outcome of sealed) if (outcome.status === "rejected") throw outcome.reason;
    await domain.containers.syncFolders();
    if (lossesOf(domain) !== losses && round < ROUNDS_MAX) continue;
    if (lossesOf(domain) !== losses)
      throw new OperatorError("CHUNK_MISSING", `the store lost chunks again and again while JobId ${session.jobId} ended`);
    domain.complete.add(await domain.references.commit(session.key, path), wantedLosses);
    return references;
  }
}

/** A number that changes whenever chunks leave the index that somebody may refer to. */
function lossesOf(domain: StoreDomain): number {
  return domain.containers.losses + domain.wanted.removals;
}

/** Looks for every chunk of a session; answers the unfinished containers that some of them lie in. */
async function checkReferences(
  domain: StoreDomain,
  session: RunningSession,
  path: string,
): Promise<{ readonly references: number; readonly writers: Set<ContainerWriter> }> {
  using reader = ReferenceReader.open(path);
  if (sessionName(reader.owner.session) !== sessionName(session.key))
    throw new OperatorError(
      "REFERENCES_DAMAGED",
      `${path} holds the references of session ${sessionName(reader.owner.session)}`,
    );
  const { index, marks, containers } = domain;
  const writers = new Set<ContainerWriter>();
  let missing = 0;
  let first = "";
  let pages = 0;
  for (let page = reader.nextPage(); page !== undefined; page = reader.nextPage()) {
    for (let at = 0; at < page.byteLength; at += CHUNK_ID_BYTES) {
      if (!index.find(page, at)) {
        if (missing++ === 0) first = Buffer.from(page.subarray(at, at + CHUNK_ID_BYTES)).toString("hex");
        continue;
      }
      marks.touch(index);
      const writer = containers.writer(index.container);
      if (writer !== undefined) writers.add(writer);
    }
    if (++pages % PAGES_A_SLICE === 0) await setImmediate();
  }
  if (missing > 0)
    throw new OperatorError(
      "CHUNK_MISSING",
      `${missing} chunks that JobId ${session.jobId} refers to are not in the store, the first is ${first}`,
    );
  return { references: reader.totals.references, writers };
}
