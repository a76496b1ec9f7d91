import { closeSync, constants, openSync } from "node:fs";
import { fsPath } from "#lib/base/byte-string.ts";

/** Linux takes 4,095 bytes of path in one call; longer ones are reached through an open directory on the way. */
const PATH_BYTES_MAX = 4000;
const OPEN_MAX = 16;
const O_PATH = 0o10000000;

/** Gives paths of any length a form that one system call takes. Holds a few open directories; dispose when done. */
export class LongPaths implements Disposable {
  readonly #open = new Map<string, number>();

  /** What to give to node:fs for this absolute path (byte string). Throws as open(2) does when a directory on the way is gone. */
  reach(path: string): string | Buffer {
    return fsPath(path.length <= PATH_BYTES_MAX ? path : this.reachable(path));
  }

  /** The same as a byte string. */
  reachable(path: string): string {
    if (path.length <= PATH_BYTES_MAX) return path;
    let base = "";
    let at = 0;
    while (path.length - at > PATH_BYTES_MAX) {
      const cut = path.lastIndexOf("/", at + PATH_BYTES_MAX - 100);
      if (cut <= at) break;
      base = `/proc/self/fd/${this.#directory(path.slice(0, cut), base + path.slice(at, cut))}`;
      at = cut;
    }
    return base + path.slice(at);
  }

  #directory(path: string, reachable: string): number {
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    const fd = openSync(fsPath(reachable), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    if (this.#open.size >= OPEN_MAX) this[Symbol.dispose]();
    this.#open.set(path, fd);
    return fd;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}
