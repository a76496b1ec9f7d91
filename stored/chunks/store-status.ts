import { sizeText } from "../status/units.ts";
import type { ChunkStore } from "./chunk-store.ts";
import type { StoreDomain } from "./store-domain.ts";

/** What the status says of a store: its size, its sharing, its domains. */
export function storeStatus(store: ChunkStore): string[] {
  const { facts, settings } = store;
  const lines = [
    `Store ${facts.store} in ${store.folder}: domains by ${settings.domain}, epoch ${facts.epoch}`,
    `  ${facts.chunks} chunks in ${facts.containers} containers, ${sizeText(facts.storedBytes)}Bytes stored`,
  ];
  for (const domain of store.domains.values()) lines.push(...domainStatus(domain));
  for (const note of store.notes) lines.push(`  At the start: ${note}`);
  return lines;
}

function domainStatus(domain: StoreDomain): string[] {
  const sums = { stored: 0, plain: 0, saved: 0, sessions: 0, damaged: 0 };
  for (const { bytes, plainBytes } of domain.sealed.values()) {
    sums.stored += bytes;
    sums.plain += plainBytes;
  }
  for (const { plainBytes, damage } of domain.references.kept()) {
    sums.sessions += 1;
    sums.saved += plainBytes;
    if (damage !== undefined) sums.damaged += 1;
  }
  const ratio = sums.stored === 0 || sums.saved === 0 ? "" : ` (${(sums.saved / sums.stored).toFixed(1)}:1)`;
  const lines = [
    `  Domain ${domain.name}: ${sums.sessions} sessions of ${sizeText(sums.saved)}Bytes are stored in ${sizeText(sums.stored)}Bytes${ratio}`,
    `    ${domain.index.count} chunks of ${sizeText(sums.plain)}Bytes in ${domain.sealed.size} containers, ${domain.containers.writers.length} being written; index ${sizeText(domain.index.memoryBytes)}Bytes`,
    `    ${domain.marks.jobs} jobs append`,
  ];
  if (domain.wanted.count > 0) lines.push(`    ${domain.wanted.count} chunks are missing or damaged: run dedup scrub`);
  if (sums.damaged > 0) lines.push(`    the references of ${sums.damaged} sessions cannot be read`);
  const { awayCount } = domain.references;
  if (awayCount > 0) lines.push(`    ${awayCount} forgotten sessions may be on Volumes that are away`);
  return lines;
}
