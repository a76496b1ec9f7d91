import { describeError } from "#lib/errors/operator-error.ts";
import { sessionName } from "./marks.ts";
import { ReferenceReader } from "./reference-file-reader.ts";
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

/** What the ends of a file of references say. Never throws: what is wrong is its `damage`. */
export function keptSession(path: string, session: SessionKey): KeptSession {
  try {
    using reader = ReferenceReader.open(path);
    const { volumes, references, plainBytes } = reader.totals;
    const isOther = sessionName(reader.owner.session) !== sessionName(session);
    const damage = isOther ? `it holds the references of session ${sessionName(reader.owner.session)}` : undefined;
    return { session, path, jobId: reader.owner.jobId, volumes, references, plainBytes, damage };
  } catch (error) {
    return { ...unreadable(path, session), damage: describeError(error) };
  }
}

/** A session about which nothing can be read. */
export function unreadable(path: string, session: SessionKey): KeptSession {
  return { session, path, jobId: 0, volumes: [], references: 0, plainBytes: 0, damage: "they cannot be read" };
}
