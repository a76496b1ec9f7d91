import { createRequire } from "node:module";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/*
 * Zstandard for pieces of some hundred KiB. libzstd is called directly with a context that is used again and with the caller's buffers,
 * which costs a quarter less CPU than node:zlib for compressing and half as much for expanding; where there is no libzstd, node:zlib does it.
 */

/** Compresses and expands Zstandard frames. For one thread; calls block. */
export interface Zstd {
  /** Compresses `from` into `into`; answers the bytes written, or 0 if `into` is too small for the result. */
  compress(into: Uint8Array, from: Uint8Array, level: number): number;
  /** Expands a frame into `into`; answers the bytes written, or -1 if it is no frame or does not fit. */
  expand(into: Uint8Array, from: Uint8Array): number;
}

/** Levels that may be asked for. */
export const ZSTD_LEVEL_MAX = 19;

interface Library {
  func(definition: string): (...values: unknown[]) => unknown;
}

/** Numbers of ZSTD_cParameter that are used here. */
const PARAMETER = { level: 100, hashLog: 102, chainLog: 103 } as const;
/**
 * Log of the places of both match tables at level 3, the usual one (docs/decisions/0014). The library's own are 17 and 16 for large chunks:
 * with the data they leave no room in a core's cache, and find hardly more in pieces as short as ours.
 */
const TABLE_LOG = 15;
const SMALLER_TABLES_LEVEL = 3;

let shared: Zstd | undefined;

/** The codec of this thread. */
export function zstd(): Zstd {
  return (shared ??= libzstd() ?? nodeZstd);
}

/**
 * The functions of libzstd: those in the program itself, if it exports them. A library beside them would be a mix of two releases, for
 * the program's names take the place of the library's own.
 */
function libzstd(): Zstd | undefined {
  if (process.platform !== "linux") return undefined;
  for (const file of [null, "libzstd.so.1"]) {
    try {
      const koffi = createRequire(import.meta.url)("koffi") as { load(path: string | null): Library };
      return bind(koffi.load(file));
    } catch {
      // The next place, or node:zlib.
    }
  }
  return undefined;
}

function bind(library: Library): Zstd {
  const createCompressor = library.func("void *ZSTD_createCCtx()");
  const createExpander = library.func("void *ZSTD_createDCtx()");
  const freeCompressor = library.func("size_t ZSTD_freeCCtx(void *)");
  const freeExpander = library.func("size_t ZSTD_freeDCtx(void *)");
  const setParameter = library.func("size_t ZSTD_CCtx_setParameter(void *, int, int)");
  const compress = library.func("size_t ZSTD_compress2(void *, void *, size_t, const void *, size_t)");
  const expand = library.func("size_t ZSTD_decompressDCtx(void *, void *, size_t, const void *, size_t)");
  const isError = library.func("unsigned int ZSTD_isError(size_t)");
  let compressor: unknown;
  let compressorLevel: number | undefined;
  let expander: unknown;
  // A thread takes some MiB of the library's with it, unless it gives them back.
  process.once("exit", () => {
    if (compressor !== undefined) freeCompressor(compressor);
    if (expander !== undefined) freeExpander(expander);
  });
  const setLevel = (level: number): void => {
    compressorLevel = level;
    const tableLog = level === SMALLER_TABLES_LEVEL ? TABLE_LOG : 0; // 0: as the level says
    setParameter(compressor, PARAMETER.level, level);
    setParameter(compressor, PARAMETER.hashLog, tableLog);
    setParameter(compressor, PARAMETER.chainLog, tableLog);
  };
  return {
    compress(into, from, level) {
      compressor ??= createCompressor();
      if (level !== compressorLevel) setLevel(level);
      const bytes = compress(compressor, into, into.byteLength, from, from.byteLength) as number | bigint;
      return isError(bytes) === 0 ? Number(bytes) : 0;
    },
    expand(into, from) {
      expander ??= createExpander();
      const bytes = expand(expander, into, into.byteLength, from, from.byteLength) as number | bigint;
      return isError(bytes) === 0 ? Number(bytes) : -1;
    },
  };
}

/** The same by node:zlib. */
export const nodeZstd: Zstd = {
  compress(into, from, level) {
    const packed = zstdCompressSync(from, { params: { [constants.ZSTD_c_compressionLevel]: level } });
    if (packed.byteLength > into.byteLength) return 0;
    into.set(packed);
    return packed.byteLength;
  },
  expand(into, from) {
    try {
      const plain = zstdDecompressSync(from, { maxOutputLength: Math.max(1, into.byteLength) });
      into.set(plain);
      return plain.byteLength;
    } catch {
      return -1;
    }
  },
};
