/** What was said of one path; null where nothing was said and the nearest directory above decides. */
interface MarkNode {
  /** The entry itself. */
  own: boolean | null;
  /** Everything below it. */
  below: boolean | null;
  children: Map<string, MarkNode>;
}

/** How a path stands: all of it marked, something at or below it, nothing. */
export type MarkState = "all" | "some" | "none";

/**
 * Which files of a tree are marked. Only what was said is kept, never the files that it holds for: marking a directory of ten
 * million files is one node. Directories end in "/"; the path "" stands above all roots.
 */
export class Marks {
  readonly #root: MarkNode = makeNode();

  /** Marks or unmarks a path: a file, or a directory with all that is below. */
  set(path: string, isMarked: boolean): void {
    const node = this.#reach(path);
    node.own = isMarked;
    if (path !== "" && !path.endsWith("/")) return;
    node.below = isMarked;
    node.children.clear();
  }

  /** Marks or unmarks the entry of a directory alone. */
  setOwn(path: string, isMarked: boolean): void {
    this.#reach(path).own = isMarked;
  }

  /** Marks the directories above a path, so that they come back with their attributes. */
  markParents(path: string): void {
    let node = this.#root;
    for (const part of partsOf(path).slice(0, -1)) {
      node = childOf(node, part);
      node.own = true;
    }
  }

  /** True if the entry of this path is marked. */
  isMarked(path: string): boolean {
    let node: MarkNode | undefined = this.#root;
    let isMarked = false;
    for (const part of partsOf(path)) {
      isMarked = node.below ?? isMarked;
      node = node.children.get(part);
      if (node === undefined) return isMarked;
    }
    return node.own ?? isMarked;
  }

  /** How a path stands, without looking at the files: `all` if nothing below it was excepted. */
  stateOf(path: string): MarkState {
    const node = this.#find(path);
    if (!path.endsWith("/") || node === undefined) return this.isMarked(path) ? "all" : "none";
    const below = this.belowOf(path);
    const isOwn = this.isMarked(path);
    if (isOwn && below && !holds(node, false)) return "all";
    return isOwn || below || holds(node, true) ? "some" : "none";
  }

  /** What holds below a path where nothing else is said. */
  belowOf(path: string): boolean {
    let node: MarkNode | undefined = this.#root;
    let isMarked = node.below ?? false;
    for (const part of partsOf(path)) {
      node = node.children.get(part);
      if (node === undefined) return isMarked;
      isMarked = node.below ?? isMarked;
    }
    return isMarked;
  }

  /** True if something was said about paths below this one. */
  hasExceptions(path: string): boolean {
    return (this.#find(path)?.children.size ?? 0) > 0;
  }

  /** True if something below this path, or it, is marked. */
  hasMarks(path: string): boolean {
    return this.stateOf(path) !== "none";
  }

  /** Last components (directories with "/") below a path of which something was said. */
  namedBelow(path: string): ReadonlySet<string> {
    return new Set(this.#find(path)?.children.keys());
  }

  #find(path: string): MarkNode | undefined {
    let node: MarkNode | undefined = this.#root;
    for (const part of partsOf(path)) node = node?.children.get(part);
    return node;
  }

  #reach(path: string): MarkNode {
    let node = this.#root;
    for (const part of partsOf(path)) node = childOf(node, part);
    return node;
  }
}

/** `/a/b/` to `/`, `a/`, `b/`; `/a/f` to `/`, `a/`, `f`. */
function partsOf(path: string): string[] {
  return path.match(/[^/]*\/|[^/]+$/g) ?? [];
}

function makeNode(): MarkNode {
  return { own: null, below: null, children: new Map() };
}

function childOf(node: MarkNode, part: string): MarkNode {
  let child = node.children.get(part);
  if (child === undefined) {
    child = makeNode();
    node.children.set(part, child);
  }
  return child;
}

/** True if this was said (marked, or unmarked) anywhere below the node. */
function holds(node: MarkNode, said: boolean): boolean {
  const waiting = [...node.children.values()];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.own === said || next.below === said) return true;
    for (const child of next.children.values()) waiting.push(child);
  }
  return false;
}
