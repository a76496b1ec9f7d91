import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import type { ChunkIndex } from "./chunk-index.ts";
import type { ChunkPlaces } from "./store-calls.ts";

/** Where chunks lie by the index of the containers in `directory`, 0 for those that are not there. `ids`: identities one after the other. */
export function placesIn(index: ChunkIndex, directory: string, ids: Uint8Array): ChunkPlaces {
  const places = noPlaces(directory, ids);
  for (let i = 0; i < places.containers.length; i++) {
    if (!index.find(ids, i * CHUNK_ID_BYTES)) continue;
    places.containers[i] = index.container;
    places.offsets[i] = index.offset;
    places.bytes[i] = index.bytes;
  }
  return places;
}

/** The same where nothing is. */
export function noPlaces(directory: string, ids: Uint8Array): ChunkPlaces {
  const count = Math.floor(ids.byteLength / CHUNK_ID_BYTES);
  return {
    directory,
    containers: new Uint32Array(count),
    offsets: new Uint32Array(count),
    bytes: new Uint32Array(count),
  };
}

/** Of several domains' answers the one that knows most of the chunks; undefined: there is none. */
export function mostPresent(found: readonly ChunkPlaces[]): ChunkPlaces | undefined {
  return found.toSorted((a, b) => present(b) - present(a))[0];
}

function present({ containers }: ChunkPlaces): number {
  let count = 0;
  for (const container of containers) if (container !== 0) count += 1;
  return count;
}
