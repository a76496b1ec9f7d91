import { setImmediate } from "node:timers/promises";
import { sessionName } from "./marks.ts";
import { ReferenceReader } from "./reference-file-reader.ts";
import { damaged } from "./reference-file.ts";
import type { SessionKey } from "../volume/block.ts";

/** Pages that are read before others have their turn: well under a millisecond each. */
const PAGES_A_SLICE = 8;

/** Reads a whole file of references. REFERENCES_DAMAGED if any of it is not intact, or if it is not that of this session. */
export async function checkReferences(path: string, session: SessionKey): Promise<void> {
  using reader = ReferenceReader.open(path);
  const owner = sessionName(reader.owner.session);
  if (owner !== sessionName(session)) throw damaged(path, `it holds the references of session ${owner}`);
  for (let pages = 1; reader.nextPage() !== undefined; pages++) if (pages % PAGES_A_SLICE === 0) await setImmediate();
}
