import { hostname } from "node:os";
import { must } from "#lib/base/assert.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { RELEASE } from "#lib/rpc/versions.ts";
import { BLOCK_BYTES_DEFAULT } from "#stored/volume/format.ts";
import { LABEL_PROBE_BYTES, readLabelBlock, writeLabelBlock } from "#stored/volume/label-block.ts";
import { volumeBytes } from "#stored/device/device.ts";
import { VolumeWriter } from "#stored/volume/volume-writer.ts";
import type { Medium } from "#stored/device/device.ts";
import type { SessionKey } from "#stored/volume/block.ts";
import type { FilledBlock } from "#stored/volume/session-blocks.ts";
import type { VolumeLabel } from "#stored/volume/volume-label.ts";
import type { ToolDevice } from "./tool-device.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** Block buffers that are kept to be used again. */
const SPARE_MAX = 64;

/** What a copy is written to. */
export interface CopyTargetOptions {
  readonly device: ToolDevice;
  /** Volumes, filled one after the other. */
  readonly names: readonly string[];
  readonly voice: ToolVoice;
  readonly signal: AbortSignal;
  /** The first Volume must be asked for: the input's lies in the drive. */
  readonly mustAsk?: boolean;
}

/** The Volumes that a copy goes to; each is made if it is not there, and nothing is written behind what another job wrote. */
export class CopyTarget implements AsyncDisposable {
  readonly device: ToolDevice;
  /** Label of the first Volume that is copied: Pool and media type of new ones are its own. */
  source: VolumeLabel | undefined;
  readonly #options: CopyTargetOptions;
  readonly #blockBytes: number;
  readonly #spare: Uint8Array[] = [];
  readonly #pending: FilledBlock[] = [];
  #next = 0;
  /** Number of the next block; it goes on over Volumes, else Debian's tools take a record that does for damaged. */
  #nextNumber = 1;
  #open: { readonly medium: Medium; readonly writer: VolumeWriter } | undefined;

  constructor(options: CopyTargetOptions) {
    this.#options = options;
    this.device = options.device;
    const { blockBytesMax, blockBytesMin } = options.device.facts;
    this.#blockBytes = Math.max(blockBytesMax === 0 ? BLOCK_BYTES_DEFAULT : blockBytesMax, blockBytesMin);
  }

  /** A buffer for a block of the longest length. */
  takeBuffer(): Uint8Array {
    return this.#spare.pop() ?? new Uint8Array(this.#blockBytes);
  }

  /** Takes a block, to be written by the next `drain`. */
  add(block: FilledBlock): void {
    this.#pending.push(block);
  }

  /** Writes what was added, on as many Volumes as it needs. */
  async drain(): Promise<void> {
    while (this.#pending.length > 0) {
      const { writer } = (this.#open ??= await this.#mountNext());
      const outcome = writer.drain(this.#pending);
      if (outcome.kind === "written") return;
      const { voice } = this.#options;
      const name = this.#options.names[this.#next - 1];
      if (outcome.cause === "full") voice.message(`End of Volume "${name}": ${outcome.reason}`);
      else voice.error(`Volume "${name}": ${outcome.reason}`);
      await this.#closeVolume();
    }
  }

  /** Where the session's run on the Volume at hand begins, and where the next block goes. */
  placeOf(session: SessionKey): { readonly start: number; readonly end: number } {
    const writer = this.#open?.writer;
    return { start: writer?.regionStart(session.id) ?? 0, end: writer?.address ?? 0 };
  }

  /** The session has ended. */
  closeSession(session: SessionKey): void {
    this.#open?.writer.closeRegion(session.id);
    this.#open?.writer.takeClosedRegions();
  }

  /** Makes all that was written durable. Where there was nothing to copy, there is no Volume. */
  async finish(): Promise<void> {
    await this.drain();
    await this.#closeVolume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open?.medium.close();
    this.#open = undefined;
  }

  async #closeVolume(): Promise<void> {
    this.#nextNumber = this.#open?.writer.nextNumber ?? this.#nextNumber;
    this.#open?.medium.tape?.finishTape();
    await this.#open?.medium.sync();
    this.#open?.medium.close();
    this.#open = undefined;
  }

  async #mountNext(): Promise<{ readonly medium: Medium; readonly writer: VolumeWriter }> {
    const { names, signal } = this.#options;
    const volume = names[this.#next];
    if (volume === undefined)
      throw new OperatorError(
        "VOLUME_NOT_FOUND",
        this.#next === 0 ? "No volumes specified for writing." : "the output Volumes are full, and not all is copied",
        { hint: "name them, and enough of them, with -o 'Volume1|Volume2'" },
      );
    signal.throwIfAborted();
    if (this.#options.mustAsk === true) await this.#ask(volume);
    const medium = this.#labeled(volume, names[this.#next - 1] ?? "");
    this.#next += 1;
    const { facts } = this.device;
    const options = {
      checksum: facts.blockChecksum,
      volumeBytesMax: facts.volumeBytesMax,
      regionBytesMax: 0,
      fileBytesMax: facts.tape?.fileBytesMax ?? 0,
    };
    const writer = new VolumeWriter(medium, { nextNumber: this.#nextNumber, isFresh: true }, options, (block) =>
      this.#recycle(block),
    );
    return { medium, writer };
  }

  async #ask(volume: string): Promise<void> {
    const { voice, signal } = this.#options;
    const isThere = await voice.ask(
      `Mount Volume "${volume}" on device ${this.device.title} and press return when ready: `,
      signal,
    );
    if (isThere) return;
    voice.plain("");
    throw new OperatorError("VOLUME_NOT_FOUND", `nobody is there to mount Volume "${volume}"`);
  }

  /** The Volume with a label that says that it is written to. VOLUME_EXISTS when jobs lie on it. */
  #labeled(volume: string, previousVolume: string): Medium {
    const { driver, facts } = this.device;
    const session = must(this.#pending[0], "a block to write").session;
    const { source } = this;
    const now = Date.now();
    const label = (was: VolumeLabel | undefined): Uint8Array =>
      writeLabelBlock(
        {
          labelDate: was?.labelDate ?? now,
          writeDate: now,
          volume,
          previousVolume,
          pool: was?.pool ?? source?.pool ?? "Default",
          poolType: was?.poolType ?? source?.poolType ?? "Backup",
          mediaType: facts.mediaType === "" ? (source?.mediaType ?? "File") : facts.mediaType,
          host: hostname().slice(0, 100),
          program: "bcopy",
          programVersion: `Nocturne ${RELEASE}`,
          programDate: "",
          origin: was?.origin,
        },
        { isPreLabel: false, session, checksum: facts.blockChecksum },
      );
    if (!driver.has(volume)) return driver.create(volume, label(undefined));
    const medium = driver.open(volume, "append");
    try {
      medium.relabel(label(this.#freshLabel(medium, volume)));
      return medium;
    } catch (error) {
      medium.close();
      throw error;
    }
  }

  #freshLabel(medium: Medium, volume: string): VolumeLabel {
    const start = new Uint8Array(LABEL_PROBE_BYTES);
    const found = readLabelBlock(start.subarray(0, medium.readAt(start, 0)));
    if (found.label.volume !== volume)
      throw new OperatorError("VOLUME_WRONG_LABEL", `what is there for Volume "${volume}" is labeled "${found.label.volume}"`);
    if (volumeBytes(medium) > found.bytes)
      throw new OperatorError("VOLUME_EXISTS", `Volume "${volume}" on device ${this.device.title} holds data already`, {
        hint: "name a new Volume, or one that is labeled and empty",
      });
    return found.label;
  }

  #recycle({ bytes }: FilledBlock): void {
    const whole = new Uint8Array(bytes.buffer);
    if (this.#spare.length < SPARE_MAX && whole.byteLength === this.#blockBytes) this.#spare.push(whole);
  }
}
