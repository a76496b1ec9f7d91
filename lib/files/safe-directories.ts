import { chmodSync, closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync } from "node:fs";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import { fsPath, shown } from "#lib/base/byte-string.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { ACL_DEFAULT, getXattr } from "#lib/platform/xattr.ts";

const OPEN_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const OPEN_MAX = 128;
/** Directories are closed to others until their own attributes are set at the end. */
const MODE_WHILE_RESTORING = 0o700;
const MODE_OF_UNKNOWN = 0o755;

/**
 * Opens the directories of a restore one component after the other from a root that the operator named, never through a symbolic link
 * that lies below it: what a restored or hostile tree plants cannot lead out. Where the root is "/" a link that root owns in a directory
 * that only root can write is part of the machine and is followed. Keeps some directories open; paths are byte strings.
 */
export class SafeDirectories implements Disposable {
  readonly #root: string;
  readonly #open = new Map<string, number>();
  /** Directories made here, whose attributes nobody has set yet. */
  readonly #made = new Set<string>();
  #last = "";
  #lastFd = -1;
  /** What is known of `#lastFd`: undefined, not asked yet. */
  #lastIsPrivate: boolean | undefined;

  /** `root`: absolute path without trailing slash, "" for "/"; made if it is not there. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * A directory of the tree, by its path below the root ("" or "/a/b"), made if needed. Answers its descriptor, valid until the next
   * call. Throws OperatorError PATH_UNSAFE at a link on the way, or what mkdir(2) and open(2) throw.
   */
  open(path: string): number {
    if (path === this.#last && this.#lastFd >= 0) return this.#lastFd;
    const fd = this.#openPath(path);
    this.#last = path;
    this.#lastFd = fd;
    this.#lastIsPrivate = undefined;
    return fd;
  }

  /**
   * True if nobody but us can look into the directory now and what is made there is ours, with just the mode that is asked for: it has
   * mode 0700, our owner and group, and no default ACL. Directories that a restore makes are so until all files are there.
   */
  isPrivate(path: string): boolean {
    const fd = this.open(path);
    return (this.#lastIsPrivate ??= isPrivate(fd));
  }

  /** A name that one system call takes and that no link on the way can divert: for the last component, use calls that do not follow. */
  entry(directory: string, name: string): string {
    return `/proc/self/fd/${this.open(directory)}/${name}`;
  }

  /** True if this object made the directory. */
  hasMade(path: string): boolean {
    return this.#made.has(path);
  }

  /** Forgets that a directory was made here: its attributes are being set. */
  adopted(path: string): void {
    this.#made.delete(path);
  }

  /** Gives the usual mode to directories that were made on the way and have no attributes of their own. */
  openUnknown(): void {
    for (const path of this.#made) {
      try {
        chmodSync(`/proc/self/fd/${this.open(path)}`, MODE_OF_UNKNOWN);
      } catch {
        // It was replaced or removed meanwhile; then it is not ours any more.
      }
    }
    this.#made.clear();
  }

  #openPath(path: string): number {
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    if (path === "") return this.#remember(path, this.#openRoot());
    const cut = path.lastIndexOf("/");
    const parent = this.#openPath(path.slice(0, cut));
    return this.#remember(path, this.#openBelow(parent, path, path.slice(cut + 1)));
  }

  #openRoot(): number {
    if (this.#root !== "") makeDirectory(fsPath(this.#root), MODE_OF_UNKNOWN);
    return openSync(this.#root === "" ? "/" : fsPath(this.#root), constants.O_RDONLY | constants.O_DIRECTORY);
  }

  #openBelow(parent: number, path: string, name: string): number {
    const entry = fsPath(`/proc/self/fd/${parent}/${name}`);
    try {
      return openSync(entry, OPEN_FLAGS);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "ENOENT") {
        this.#make(entry, path);
        return openSync(entry, OPEN_FLAGS);
      }
      if (code !== "ENOTDIR" && code !== "ELOOP") throw error;
      if (this.#isOfTheMachine(parent, entry)) return openSync(entry, constants.O_RDONLY | constants.O_DIRECTORY);
      throw new OperatorError(
        "PATH_UNSAFE",
        `"${shown(this.#root + path)}" is a symbolic link or no directory; nothing is restored through it`,
        { cause: error },
      );
    }
  }

  #make(entry: string | Buffer, path: string): void {
    try {
      mkdirSync(entry, { mode: MODE_WHILE_RESTORING });
      this.#made.add(path);
    } catch (error) {
      // Another thread of this restore may have made it just now.
      if (systemErrorCode(error) !== "EEXIST") throw error;
    }
  }

  #isOfTheMachine(parent: number, entry: string | Buffer): boolean {
    if (this.#root !== "") return false;
    const directory = fstatSync(parent);
    const link = lstatSync(entry);
    return link.isSymbolicLink() && link.uid === 0 && directory.uid === 0 && (directory.mode & 0o022) === 0;
  }

  /** Keeps a directory open. Those opened longest ago are closed when there are too many, also on the way to this one: it is open itself. */
  #remember(path: string, fd: number): number {
    if (this.#open.size >= OPEN_MAX) {
      for (const [oldPath, oldFd] of this.#open) {
        if (this.#open.size <= OPEN_MAX / 2) break;
        if (oldPath === "") continue;
        this.#open.delete(oldPath);
        if (oldFd === this.#lastFd) this.#lastFd = -1;
        closeSync(oldFd);
      }
    }
    this.#open.set(path, fd);
    return fd;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
    this.#lastFd = -1;
  }
}

function isPrivate(fd: number): boolean {
  const { mode, uid, gid } = fstatSync(fd);
  return (
    (mode & 0o7777) === MODE_WHILE_RESTORING &&
    uid === process.geteuid?.() &&
    gid === process.getegid?.() &&
    getXattr(`/proc/self/fd/${fd}/.`, ACL_DEFAULT) === undefined
  );
}
