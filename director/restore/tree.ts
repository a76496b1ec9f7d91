import type { Directory } from "#catalog/queries/tree.ts";
import type { ListedFile } from "#catalog/queries/files.ts";
import { Marks } from "./marks.ts";

/** Where a tree reads from: the catalog queries over some jobs, or a list in tests. */
export interface TreeSource {
  /** One directory; `""` is above all roots. */
  directory(path: string): Promise<Directory>;
  /** Everything at and below a path, in pages. */
  walk(path: string, signal: AbortSignal): AsyncIterable<readonly ListedFile[]>;
  /** Entries at and below a path. */
  count(path: string, signal: AbortSignal): Promise<{ readonly files: number; readonly directories: number }>;
}

/** One name in a directory. */
export interface TreeEntry {
  /** Without "/". */
  readonly name: string;
  /** Full path; a directory's ends in "/". */
  readonly path: string;
  readonly isDirectory: boolean;
  /** Null for a directory above what was saved. */
  readonly saved: ListedFile | null;
}

/** Directories that are kept after they were read, and entries in all of them; the last one is kept whatever its size. */
const CACHED_DIRECTORIES = 64;
const CACHED_ENTRIES = 250_000;

/** The files that some jobs together make up, and which of them are marked. Loads a directory at a time. */
export class RestoreTree {
  readonly marks = new Marks();
  readonly #source: TreeSource;
  readonly #cache = new Map<string, readonly TreeEntry[]>();
  #cachedEntries = 0;
  readonly #counts = new Map<string, number>();
  /** Where the tree begins: "/", or "" where there are drives. */
  #root = "/";

  constructor(source: TreeSource) {
    this.#source = source;
  }

  /** Reads the roots. `total`: entries of the whole tree, where that is known without counting. */
  static async open(source: TreeSource, total?: number): Promise<RestoreTree> {
    const tree = new RestoreTree(source);
    if (total !== undefined) tree.#counts.set("", total);
    const roots = await tree.list("");
    if (!(roots.length === 1 && roots[0]!.path === "/") && roots.length > 0) tree.#root = "";
    return tree;
  }

  get root(): string {
    return this.#root;
  }

  /** What is in a directory, by name: directories and files in one order. */
  async list(path: string): Promise<readonly TreeEntry[]> {
    const cached = this.#cache.get(path);
    if (cached !== undefined) return cached;
    const { subdirectories, files } = await this.#source.directory(path);
    const entries = [
      ...subdirectories.map((one) => ({ name: one.name, path: one.path, isDirectory: true, saved: one.entry })),
      ...files.map((one) => ({ name: one.filename, path: one.path + one.filename, isDirectory: false, saved: one })),
    ].toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
    this.#remember(path, entries);
    return entries;
  }

  #remember(path: string, entries: readonly TreeEntry[]): void {
    this.#cache.set(path, entries);
    this.#cachedEntries += entries.length;
    for (const [oldest, left] of this.#cache) {
      const isSmall = this.#cache.size <= CACHED_DIRECTORIES && this.#cachedEntries <= CACHED_ENTRIES;
      if (isSmall || oldest === path) return;
      this.#cache.delete(oldest);
      this.#cachedEntries -= left.length;
    }
  }

  /** The directory that a path means, seen from another; null if there is none. Knows `.`, `..` and `~` no more than a catalog does. */
  async resolve(from: string, path: string): Promise<string | null> {
    let at = path.startsWith("/") ? this.#root : from;
    for (const part of path.split("/").filter((one) => one !== "" && one !== ".")) {
      if (part === "..") at = parentOf(at, this.#root);
      else {
        const found = (await this.list(at)).find((entry) => entry.isDirectory && entry.name === part);
        if (found === undefined) return null;
        at = found.path;
      }
    }
    return at;
  }

  /** Entries at and below a path; counted once. */
  async countAll(path: string, signal: AbortSignal): Promise<number> {
    const key = path === this.#root ? "" : path;
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const { files, directories } = await this.#source.count(path, signal);
    this.#counts.set(key, files + directories);
    return files + directories;
  }

  /** Entries that a mark of this entry concerns. */
  async countEntry(entry: TreeEntry, signal: AbortSignal): Promise<number> {
    return entry.isDirectory ? await this.countAll(entry.path, signal) : 1;
  }

  /** True if everything is marked, without any exception. */
  get isWhole(): boolean {
    return [this.#root, ""].some((path) => this.marks.belowOf(path) && !this.marks.hasExceptions(path));
  }

  /** Every marked entry at and below a path, in pages. Reads only directories in or below which something is marked. */
  async *marked(signal: AbortSignal, path = ""): AsyncGenerator<readonly ListedFile[], void, void> {
    signal.throwIfAborted();
    const { marks } = this;
    if (marks.belowOf(path)) {
      const isPlain = !marks.hasExceptions(path) && marks.isMarked(path);
      const fits = isPlain ? () => true : markedInRuns(marks);
      for await (const page of this.#source.walk(path, signal)) yield isPlain ? page : page.filter(fits);
      return;
    }
    const named = marks.namedBelow(path);
    if (named.size === 0) return;
    const found: ListedFile[] = [];
    const deeper: string[] = [];
    for (const entry of await this.list(path)) {
      if (!named.has(entry.path.slice(path.length))) continue;
      const walks = entry.isDirectory && marks.belowOf(entry.path);
      if (!walks && entry.saved !== null && marks.isMarked(entry.path)) found.push(entry.saved);
      if (entry.isDirectory) deeper.push(entry.path);
    }
    if (found.length > 0) yield found;
    for (const directory of deeper) yield* this.marked(signal, directory);
  }

  /** Everything at and below a path, in pages. */
  walk(path: string, signal: AbortSignal): AsyncIterable<readonly ListedFile[]> {
    return this.#source.walk(path, signal);
  }
}

/** `isMarked` for files that come directory by directory: what holds for a directory is looked up once. */
function markedInRuns(marks: Marks): (file: ListedFile) => boolean {
  let directory: string | null = null;
  let isBelow = false;
  let isUniform = false;
  return (file) => {
    if (file.filename === "") return marks.isMarked(file.path);
    if (file.path !== directory) {
      directory = file.path;
      isBelow = marks.belowOf(directory);
      isUniform = !marks.hasExceptions(directory);
    }
    return isUniform ? isBelow : marks.isMarked(file.path + file.filename);
  };
}

function parentOf(path: string, root: string): string {
  if (path === root) return root;
  const above = path.slice(0, path.lastIndexOf("/", path.length - 2) + 1);
  return above.length < root.length ? root : above;
}
