/** What became of the file data that a job cut into chunks; as proto DedupCounts. */
export interface ChunkCounts {
  /** Bytes of file data that the lists of chunks stand for, and chunks that they name, repeats included. */
  fileBytes: number;
  chunks: number;
  /** Chunks sent because the store did not have them, their bytes, and the bytes of their frames. */
  newChunks: number;
  newBytes: number;
  storedBytes: number;
  /** Files that were not read, and their bytes. */
  rememberedFiles: number;
  rememberedBytes: number;
}

/** All zero. */
export function noChunks(): ChunkCounts {
  return {
    fileBytes: 0,
    chunks: 0,
    newChunks: 0,
    newBytes: 0,
    storedBytes: 0,
    rememberedFiles: 0,
    rememberedBytes: 0,
  };
}
