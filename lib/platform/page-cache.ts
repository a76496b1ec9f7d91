import { createRequire } from "node:module";

const POSIX_FADV_DONTNEED = 4;

type Advise = (fd: number, offset: number, bytes: number, advice: number) => number;

let advise: Advise | null | undefined;

/**
 * Lets the kernel forget what it keeps in memory of a part of a file (`bytes` 0: to its end); only what is on the disk already goes. Never
 * fails: where the call is not to be had, the cache stays as it is.
 */
export function dropCached(fd: number, offset: number, bytes: number): void {
  advise ??= load();
  advise?.(fd, offset, bytes, POSIX_FADV_DONTNEED);
}

function load(): Advise | null {
  if (process.platform !== "linux") return null;
  try {
    const koffi = createRequire(import.meta.url)("koffi") as { load(path: string): { func(definition: string): Advise } };
    return koffi.load("libc.so.6").func("int posix_fadvise64(int, int64_t, int64_t, int)");
  } catch {
    return null;
  }
}
