/** Error codes of the area "chunks": cause and remedy, one line each. */
export const chunkCodes = {
  CHUNK_FRAME_INVALID: {
    cause: "Chunks that a peer sent, or that lie in a container, have lengths that do not add up.",
    remedy: "Check that both daemons are of the same release; on disk run `dedup scrub`.",
  },
  CHUNK_LIST_INVALID: {
    cause: "A list of chunks on a Volume, or from a peer, cannot be read.",
    remedy: "Restore the file from another job; run `dedup verify` to see what else is concerned.",
  },
  CHUNK_BOUNDS_INVALID: {
    cause: "A storage daemon asks for chunks of sizes that cannot be.",
    remedy: "Correct the minimum, average and maximum chunk sizes in the storage daemon's Device resource.",
  },
  CHUNK_DAMAGED: {
    cause: "A chunk's bytes are not those of its identity.",
    remedy: "Run `dedup scrub`; the next backup of a client that still has the file mends the chunk.",
  },
  CHUNK_MISSING: {
    cause: "A chunk that a saved file consists of is not in the store.",
    remedy: "Run `dedup scrub` and `dedup verify`; restore the file from another job or from a replica.",
  },
  REFERENCES_DAMAGED: {
    cause: "The file that says which chunks a saved job refers to cannot be read, and no Volume of the job has a good copy.",
    remedy: "Nothing is deleted from the store while it is there: restore it from a snapshot or a replica, or delete the job.",
  },
  STORE_NOT_INITIALIZED: {
    cause: "The Archive Device of a deduplicating device holds no store.",
    remedy:
      "Check that the right file system is mounted there; for a new device run `dedup init storage=NAME`, or nocturne-sd --init.",
  },
  STORE_INVALID: {
    cause: "The store's own description cannot be read, or is of a later release.",
    remedy: "Restore @chunks/store.json from a snapshot or a replica, or run the release that wrote it.",
  },
  STORE_IN_USE: {
    cause: "Another process has the store open.",
    remedy: "Stop the other storage daemon or tool; two must never write to one store.",
  },
  STORE_FULL: {
    cause: "The file system of the store took no more bytes.",
    remedy: "Delete or purge jobs and run `dedup vacuum`, or give the file system more space; then run the job again.",
  },
  CONTAINER_DAMAGED: {
    cause: "A container of chunks cannot be read, or its directory is damaged.",
    remedy: "Run `dedup scrub`: it names the files that are concerned, and mends what another copy still has.",
  },
} as const;
