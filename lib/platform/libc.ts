import { createRequire } from "node:module";

/** The libc functions that node:fs does not offer. Paths are NUL-terminated bytes. Results below 0 are errors; errno tells which. */
export interface Libc {
  llistxattr(path: Uint8Array, list: Uint8Array | null, size: number): number;
  lgetxattr(path: Uint8Array, name: Uint8Array, value: Uint8Array | null, size: number): number;
  lsetxattr(path: Uint8Array, name: Uint8Array, value: Uint8Array, size: number, flags: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  mknod(path: Uint8Array, mode: number, dev: number | bigint): number;
  utimensat(dirFd: number, path: Uint8Array, times: Uint8Array, flags: number): number;
  futimens(fd: number, times: Uint8Array): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  getpwuid_r(uid: number, entry: Uint8Array, buffer: Uint8Array, size: number, result: Uint8Array): number;
  getgrgid_r(gid: number, entry: Uint8Array, buffer: Uint8Array, size: number, result: Uint8Array): number;
  getpwnam_r(name: Uint8Array, entry: Uint8Array, buffer: Uint8Array, size: number, result: Uint8Array): number;
  getgrnam_r(name: Uint8Array, entry: Uint8Array, buffer: Uint8Array, size: number, result: Uint8Array): number;
  /** errno after the last call of this thread. */
  errno(): number;
}

/** Numbers of errors that are told apart, as Linux has them. */
export const errno = {
  EPERM: 1,
  ENOENT: 2,
  ENXIO: 6,
  EACCES: 13,
  EINVAL: 22,
  ENOTTY: 25,
  ERANGE: 34,
  ENODATA: 61,
  EOPNOTSUPP: 95,
} as const;

let loaded: Libc | undefined;
let failure: string | undefined;

/** The functions, or undefined where koffi or this libc is not to be had; `libcFailure` then says why. Loaded once per thread. */
export function libc(): Libc | undefined {
  if (loaded === undefined && failure === undefined) {
    try {
      loaded = load();
    } catch (error) {
      failure = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    }
  }
  return loaded;
}

/** Why `libc()` answers undefined; undefined if it does not. */
export function libcFailure(): string | undefined {
  libc();
  return failure;
}

/** The features that are off without libc, for the one message that says so [PORT-06]. */
export const LIBC_FEATURES = "extended attributes, ACLs, device nodes, holes in sparse files, exact times and owner names";

interface Koffi {
  load(path: string | null): { func(definition: string): (...values: unknown[]) => number };
  errno(): number;
}

function load(): Libc {
  if (process.platform !== "linux") throw new Error(`no libc bindings for ${process.platform}`);
  const koffi = createRequire(import.meta.url)("koffi") as Koffi;
  const library = koffi.load("libc.so.6");
  const bind = (definition: string): never => library.func(definition) as never;
  return {
    llistxattr: bind("int64_t llistxattr(const void*, void*, size_t)"),
    lgetxattr: bind("int64_t lgetxattr(const void*, const void*, void*, size_t)"),
    lsetxattr: bind("int lsetxattr(const void*, const void*, const void*, size_t, int)"),
    lseek: bind("int64_t lseek64(int, int64_t, int)"),
    mknod: bind("int mknod(const void*, uint32_t, uint64_t)"),
    utimensat: bind("int utimensat(int, const void*, const void*, int)"),
    futimens: bind("int futimens(int, const void*)"),
    ioctl: bind("int ioctl(int, unsigned long, void*)"),
    getpwuid_r: bind("int getpwuid_r(uint32_t, void*, void*, size_t, void*)"),
    getgrgid_r: bind("int getgrgid_r(uint32_t, void*, void*, size_t, void*)"),
    getpwnam_r: bind("int getpwnam_r(const void*, void*, void*, size_t, void*)"),
    getgrnam_r: bind("int getgrnam_r(const void*, void*, void*, size_t, void*)"),
    errno: () => koffi.errno(),
  };
}

/** The bytes of a byte string with the NUL that C wants. */
export function cString(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length + 1);
  bytes.write(text, 0, "latin1");
  bytes[text.length] = 0;
  return bytes;
}
