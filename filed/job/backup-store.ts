import { cutBoundsProblem } from "#lib/chunk/fastcdc.ts";
import { ZSTD_LEVEL_MAX } from "#lib/codec/zstd.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { StoreOffer } from "#proto/data.ts";
import type { BackupWork } from "#proto/filed.ts";
import type { FileSet } from "#proto/fileset.ts";
import type { DedupCounts } from "#proto/job.ts";
import type { ChunkCounts } from "#filed/backup/chunk-counts.ts";
import type { SaveStore } from "#filed/backup/sinks.ts";
import type { StorageSender } from "#filed/backup/storage-sender.ts";
import { compileFileSet } from "#filed/fileset/match.ts";
import { optionsHashes, rootsHash } from "#filed/remember/layer-identity.ts";
import { RememberedLayers } from "#filed/remember/remembered-layers.ts";
import type { RunningLayer } from "#filed/remember/remembered-layers.ts";
import type { WorkContext } from "./work-context.ts";

/** The one way of making identities that this release knows. */
const IDENTITY = "sha256";

/** A job's dealings with the store of chunks behind its device, and with what is remembered of it. */
export class BackupStore implements AsyncDisposable {
  readonly save: SaveStore;
  readonly #method: string;
  readonly #layer: RunningLayer | undefined;
  readonly #context: WorkContext;

  private constructor(context: WorkContext, save: SaveStore, layer: RunningLayer | undefined) {
    this.#context = context;
    this.save = save;
    this.#layer = layer;
    this.#method = save.level === undefined ? "" : `zstd ${save.level}`;
  }

  /** What the job does with the store that is offered; undefined: file data goes into records. Throws CHUNK_BOUNDS_INVALID. */
  static async open(
    context: WorkContext,
    work: BackupWork,
    fileset: FileSet,
    sender: StorageSender,
  ): Promise<BackupStore | undefined> {
    const offer = await sender.offer();
    if (offer === undefined) return undefined;
    if (offer.identity !== IDENTITY) {
      const text = `The store names chunks by ${offer.identity}, which this file daemon does not know; files are saved without deduplication.`;
      context.voice.say("warning", text);
      return undefined;
    }
    const { minBytes, averageBytes, maxBytes } = offer;
    const bounds = { minBytes, averageBytes, maxBytes };
    const problem = cutBoundsProblem(bounds);
    if (problem !== undefined)
      throw new OperatorError("CHUNK_BOUNDS_INVALID", `the storage daemon's store asks too much: ${problem}`);
    const { memory, layer } = await remembering(context, work, fileset, sender, offer);
    return new BackupStore(context, { bounds, level: levelOf(offer), sink: sender, memory, remember: layer?.sink }, layer);
  }

  /** The job's counts, as they go to the Director. */
  counts(chunks: ChunkCounts): DedupCounts {
    return { ...chunks, method: this.#method };
  }

  /** The session is durable: what was remembered of it counts from now on. */
  async commit(): Promise<void> {
    try {
      const failure = await this.#layer?.commit(this.#context.surroundings.clock.nowMs());
      if (failure !== undefined) this.#complain(failure);
    } catch (error) {
      this.#complain(describeError(error));
    }
  }

  #complain(why: string): void {
    const text = `What was saved cannot be remembered: ${why}. The next job reads all files again.`;
    this.#context.voice.say("warning", text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#layer?.[Symbol.asyncDispose]();
  }
}

/** Opens what earlier jobs remember and begins the layer of this one. A disk that does not take it costs time, not the job. */
async function remembering(
  context: WorkContext,
  work: BackupWork,
  fileset: FileSet,
  sender: StorageSender,
  offer: StoreOffer,
): Promise<{ readonly memory?: SaveStore["memory"]; readonly layer?: RunningLayer }> {
  const { request, surroundings, voice, director } = context;
  const { store, domain, identity, session } = offer;
  if (session === undefined) return {};
  const roots = rootsHash(fileset);
  const options = optionsHashes(compileFileSet(fileset).optionsTable, work.allowCompression);
  let layers: RememberedLayers;
  try {
    const scope = { director, jobName: request.jobName, store, domain, identity };
    layers = await RememberedLayers.open(surroundings.rememberDirectory, scope, (text) => voice.say("info", text));
  } catch (error) {
    voice.say("warning", `What earlier jobs remember cannot be read: ${describeError(error)}. All files are read.`);
    return {};
  }
  const { sessions } = layers;
  const held = sessions.length === 0 ? [] : await sender.hold(sessions);
  const memory = layers.memory({ held, roots, options, nowMs: surroundings.clock.nowMs() });
  try {
    return { memory, layer: await layers.begin({ session, isFull: work.level === "F", roots, options }) };
  } catch (error) {
    voice.say("warning", `What is saved cannot be remembered: ${describeError(error)}. The next job reads these files again.`);
    return { memory };
  }
}

function levelOf(offer: StoreOffer): number | undefined {
  if (offer.compression !== "zstd") return undefined;
  return Math.min(Math.max(offer.level, 1), ZSTD_LEVEL_MAX);
}
