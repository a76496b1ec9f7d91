import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { ReferenceReader } from "../reference-file-reader.ts";
import type { CareDomain } from "./care-domain.ts";
import type { KeptSession } from "../kept-session.ts";
import type { Pace } from "./pace.ts";

const IDS_A_STEP = 512;

/**
 * Which kept sessions refer to these chunks (identities in hexadecimal): by identity. References that cannot be read are passed over;
 * a verify tells them.
 */
export async function concernedSessions(
  domain: CareDomain,
  ids: ReadonlySet<string>,
  pace: Pace,
): Promise<Map<string, KeptSession[]>> {
  const found = new Map<string, KeptSession[]>();
  if (ids.size === 0) return found;
  // Most identities are told apart by their first four bytes, which are quicker to look up than digits.
  const starts = new Set([...ids].map((id) => Number.parseInt(id.slice(0, 8), 16)));
  for (const session of [...domain.references.kept()]) {
    const met = new Set<string>();
    try {
      await meet(session, ids, starts, met, pace);
    } catch {
      continue;
    } finally {
      for (const id of met) found.set(id, [...(found.get(id) ?? []), session]);
    }
  }
  return found;
}

async function meet(
  session: KeptSession,
  ids: ReadonlySet<string>,
  starts: ReadonlySet<number>,
  met: Set<string>,
  pace: Pace,
): Promise<void> {
  using reader = ReferenceReader.open(session.path);
  for (let page = reader.nextPage(); page !== undefined; page = reader.nextPage()) {
    const bytes = Buffer.from(page.buffer, page.byteOffset, page.byteLength);
    for (let at = 0; at < bytes.byteLength; at += CHUNK_ID_BYTES) {
      if (at % (IDS_A_STEP * CHUNK_ID_BYTES) === 0) await pace.step();
      if (!starts.has(bytes.readUInt32BE(at))) continue;
      const id = bytes.toString("hex", at, at + CHUNK_ID_BYTES);
      if (ids.has(id)) met.add(id);
    }
  }
}
