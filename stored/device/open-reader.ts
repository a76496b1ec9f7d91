import { describeError } from "#lib/errors/operator-error.ts";
import { VolumeReader } from "../volume/volume-reader.ts";
import { ChunkExpander } from "./chunk-expander.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";
import type { ChunkLocator } from "../store/chunk-locator.ts";
import type { Medium } from "./device.ts";
import type { ReadPart } from "./device-protocol.ts";

/** Bytes of records that are read ahead of the expansion of their lists: each may stand for four orders of magnitude more. */
const LISTS_BYTES = 256 * 1024;

/** One restore in a device's thread: what reads its Volumes and, where there is a store, puts chunks in the place of lists. */
export class OpenReader {
  /** Buffers of batches that came back. */
  readonly #spare: ArrayBuffer[] = [];
  readonly #reader = new VolumeReader({ spare: this.#spare });
  #medium: Medium | undefined;
  #locator: ChunkLocator | undefined;
  #expander: ChunkExpander | undefined;
  /** The Volume has nothing more, though its lists may not all be expanded. */
  #isVolumeRead = false;

  /** Where to ask for chunks from now on. */
  askAt(locator: ChunkLocator): void {
    this.#locator?.[Symbol.dispose]();
    this.#locator = locator;
    this.#expander ??= new ChunkExpander(
      async (session, ids) => await (this.#locator ?? locator).locate(session, ids),
      this.#spare,
    );
  }

  /** Turns to a Volume, which is closed with the reader. Half records of the one before go on here. */
  openVolume(volume: string, medium: Medium, entries: readonly BootstrapEntry[]): void {
    this.#reader.openVolume(volume, medium, entries);
    this.#medium = medium;
    this.#isVolumeRead = false;
  }

  /** Waits for what stands behind the Volume; answers what is wrong with it. */
  async finishVolume(): Promise<string[]> {
    try {
      await this.#medium?.finish?.();
      return [];
    } catch (error) {
      return [describeError(error)];
    }
  }

  /** Lets go of the Volume. */
  leaveVolume(): void {
    this.#medium?.close();
    this.#medium = undefined;
  }

  /** Reads on. `spent`: buffers of earlier batches that nobody uses any more. */
  async read({ bytes, spent }: { readonly bytes: number; readonly spent: readonly ArrayBuffer[] }): Promise<ReadPart> {
    const reader = this.#reader;
    const expander = this.#expander;
    for (const buffer of spent) reader.recycle(buffer);
    if (expander === undefined) {
      const { items, isVolumeDone } = reader.read(bytes);
      return this.#part(items, isVolumeDone, reader.takeDamages());
    }
    if (expander.isEmpty && !this.#isVolumeRead) {
      for (const buffer of expander.takeFreed()) reader.recycle(buffer);
      const { items, isVolumeDone } = reader.read(LISTS_BYTES);
      expander.add(items);
      this.#isVolumeRead = isVolumeDone;
    }
    const items = await expander.take();
    return this.#part(items, this.#isVolumeRead && expander.isEmpty, [...reader.takeDamages(), ...expander.takeDamages()]);
  }

  /** Ends reading; answers damages that show only now. */
  close(isComplete: boolean): readonly string[] {
    this.leaveVolume();
    if (isComplete) this.#reader.end();
    this.#expander?.[Symbol.dispose]();
    this.#locator?.[Symbol.dispose]();
    return this.#reader.takeDamages();
  }

  #part(items: ReadPart["items"], isVolumeDone: boolean, damages: string[]): ReadPart {
    return { items, isVolumeDone, damages, files: this.#reader.files, bytesRead: this.#reader.bytesRead };
  }
}
