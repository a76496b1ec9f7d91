import { hash, randomBytes } from "node:crypto";
import { mkdir, readdir, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { describeError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import type { SessionId } from "#proto/data.ts";
import { LayerFile, LayerUnusable } from "./layer-file.ts";
import type { LayerDescription, LayerScope } from "./layer-format.ts";
import { LayerWriter } from "./layer-writer.ts";
import type { MemoryStart } from "./memory.ts";

/** Most layers that are kept for one scope. */
const LAYERS_MAX = 100;
/** A scope in which no job has ended well for so long is forgotten: the job or its store is gone. */
const SCOPE_KEPT_MS = 400 * 86_400_000;
const SCOPE_NAME = /^[0-9a-f]{32}$/;
const LAYER_NAME = /^(\d{8})\.layer$/;
const UNFINISHED = ".new";

interface Layer {
  readonly path: string;
  readonly description: LayerDescription;
  readonly endedMs: number;
}

/** Layers that running jobs are writing, by path: what else ends in ".new" was left behind. */
const beingWritten = new Set<string>();

/**
 * What is remembered for one (Director, Job, store, domain): a directory of layers, readable by its owner only. Whoever removes it
 * makes the next job read all files.
 */
export class RememberedLayers {
  readonly #directory: string;
  readonly #scope: LayerScope;
  /** Newest first. */
  readonly #layers: readonly Layer[];

  private constructor(directory: string, scope: LayerScope, layers: readonly Layer[]) {
    this.#directory = directory;
    this.#scope = scope;
    this.#layers = layers;
  }

  /** Looks what is remembered below `base`. What cannot be used is removed and noted; never throws for what the files hold. */
  static async open(base: string, scope: LayerScope, note: (text: string) => void): Promise<RememberedLayers> {
    const directory = join(base, scopeName(scope));
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await removeOldScopes(base, directory);
    const names = await readdir(directory);
    for (const name of names.filter((each) => each.endsWith(UNFINISHED)))
      if (!beingWritten.has(join(directory, name))) await remove(join(directory, name));
    const layers: Layer[] = [];
    for (const name of names.sort().reverse()) {
      const layer = LAYER_NAME.test(name) ? readLayer(join(directory, name), scope, note) : undefined;
      if (layer !== undefined) layers.push(layer);
      else if (LAYER_NAME.test(name)) await remove(join(directory, name));
      if (layer?.description.isFull === true || layers.length >= LAYERS_MAX) break;
    }
    return new RememberedLayers(directory, scope, layers);
  }

  /** Sessions that the layers refer to, newest first: what to ask the storage daemon to hold. */
  get sessions(): SessionId[] {
    return this.#layers.map(({ description }) => ({ ...description.session }));
  }

  /** What a walk may use: the layers whose sessions are held (in the order of `sessions`), of a FileSet with the same names. */
  memory(use: {
    readonly held: readonly boolean[];
    readonly roots: string;
    readonly options: readonly string[];
    readonly nowMs: number;
  }): MemoryStart {
    const layers = this.#layers
      .filter(({ description }, place) => use.held[place] === true && description.roots === use.roots)
      // A layer from the future: the clock was set back, and change times before and after that cannot be told apart.
      .map(({ path, endedMs }) => ({ path, mayBeUnchanged: endedMs <= use.nowMs }));
    return { layers, options: use.options };
  }

  /** Begins the layer of a job. Throws what the file system throws. */
  async begin(description: Omit<LayerDescription, "scope">): Promise<RunningLayer> {
    const path = join(this.#directory, `${randomBytes(8).toString("hex")}${UNFINISHED}`);
    beingWritten.add(path);
    try {
      const writer = await LayerWriter.begin(path, { ...description, scope: this.#scope });
      return new RunningLayer({ writer, path, directory: this.#directory, isFull: description.isFull });
    } catch (error) {
      beingWritten.delete(path);
      throw error;
    }
  }
}

/** The layer of a running job: a RememberSink with an end. */
export class RunningLayer implements AsyncDisposable {
  readonly sink: LayerWriter;
  readonly #path: string;
  readonly #directory: string;
  readonly #isFull: boolean;

  constructor(parts: {
    readonly writer: LayerWriter;
    readonly path: string;
    readonly directory: string;
    readonly isFull: boolean;
  }) {
    this.sink = parts.writer;
    this.#path = parts.path;
    this.#directory = parts.directory;
    this.#isFull = parts.isFull;
  }

  /**
   * The job ended well, its session is durable: the layer counts from now on, and those that it replaces are removed. Answers why it
   * could not be kept, or undefined.
   */
  async commit(endedMs: number): Promise<string | undefined> {
    const older = (await readdir(this.#directory)).filter((name) => LAYER_NAME.test(name)).sort();
    const number = Number(LAYER_NAME.exec(older.at(-1) ?? "")?.[1] ?? 0) + 1;
    const name = `${String(number).padStart(8, "0")}.layer`;
    if (!(await this.sink.commit(join(this.#directory, name), endedMs))) return this.sink.failure;
    for (const old of replaced(older, this.#isFull)) await remove(join(this.#directory, old));
    return undefined;
  }

  /** Throws the layer away, unless it was committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.sink.abandon();
    beingWritten.delete(this.#path);
  }
}

/** Of the layers before a new one, those to remove. The oldest is mostly the Full, which is worth more than any of those after it. */
function replaced(older: readonly string[], isFull: boolean): readonly string[] {
  return isFull ? older : older.slice(1, Math.max(1, older.length + 2 - LAYERS_MAX));
}

function readLayer(path: string, scope: LayerScope, note: (text: string) => void): Layer | undefined {
  try {
    using file = new LayerFile(path);
    const { description, endedMs } = file;
    if (!isSameScope(description.scope, scope)) throw new LayerUnusable("it was made for another job or store");
    return { path, description, endedMs };
  } catch (error) {
    const why = error instanceof LayerUnusable ? error.message : describeError(error);
    note(`What is remembered in "${path}" is not used: ${why}. Its files are read again.`);
    return undefined;
  }
}

function isSameScope(a: LayerScope, b: LayerScope): boolean {
  return scopeName(a) === scopeName(b);
}

function scopeName({ director, jobName, store, domain, identity }: LayerScope): string {
  return hash("sha256", JSON.stringify([director, jobName, store, domain, identity]), "hex").slice(0, 32);
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

/** A directory's modification time is that of the last job that ended well: then a layer was put into it. */
async function removeOldScopes(base: string, except: string): Promise<void> {
  for (const name of await readdir(base)) {
    const directory = join(base, name);
    if (!SCOPE_NAME.test(name) || directory === except) continue;
    const { mtimeMs } = await stat(directory);
    if (Date.now() - mtimeMs > SCOPE_KEPT_MS) await rm(directory, { recursive: true, force: true });
  }
}
