import { directive } from "#lib/config/define-resource.ts";
import { integer, oneOf, size, speed } from "#lib/config/directive-types.ts";
import { CHUNK_BYTES_MAX } from "#lib/chunk/chunk-frame.ts";
import { dedupCompression } from "./dedup-types.ts";

/** Directives of a Device that are about its store of chunks. */
export const storeDirectives = {
  dedupDomain: directive(oneOf("storage", "pool", "client"), {
    default: "storage",
    acts: true,
    description:
      "Within what equal chunks are stored once: all jobs of this storage, those of one Pool, or those of one Client. For Device Type Dedup and Btrfs.",
  }),
  minimumChunkSize: directive(size({ max: CHUNK_BYTES_MAX }), {
    default: 65_536,
    acts: true,
    description: "Shortest chunk that files are cut into, but for a file's last. For Device Type Dedup and Btrfs.",
  }),
  averageChunkSize: directive(size({ max: CHUNK_BYTES_MAX }), {
    default: 262_144,
    acts: true,
    description: "About how long chunks are. For Device Type Dedup and Btrfs.",
  }),
  maximumChunkSize: directive(size({ max: CHUNK_BYTES_MAX }), {
    default: 786_432,
    acts: true,
    description: "Longest chunk that files are cut into; at most 8 MiB. For Device Type Dedup and Btrfs.",
  }),
  dedupCompression: directive(dedupCompression(), {
    default: { method: "zstd", level: 3 },
    acts: true,
    description: "How clients compress chunks; what does not shrink is stored as it is. For Device Type Dedup and Btrfs.",
  }),
  dedupLivePercent: directive(integer({ min: 0, max: 100 }), {
    default: 60,
    acts: true,
    description:
      "Containers of which less than this percentage is still referred to are written anew by a collection. For Device Type Dedup and Btrfs.",
  }),
  dedupDeleteBandwidth: directive(speed(), {
    default: 536_870_912,
    acts: true,
    description:
      "Most bytes a second of containers that a collection deletes, so that the file system stays responsive; 0 is no limit. For Device Type Dedup and Btrfs.",
  }),
  dedupScrubBandwidth: directive(speed(), {
    default: 0,
    acts: true,
    description:
      "Most bytes a second that a scrub reads, so that jobs have the disks beside it; 0 is no limit. For Device Type Dedup and Btrfs.",
  }),
  clientQuota: directive(size(), {
    default: 0,
    acts: true,
    description:
      "Most bytes that the chunks of one Client may take; 0 is no limit. For Device Type Btrfs with Dedup Domain = client.",
  }),
};
