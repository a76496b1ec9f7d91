import { OperatorError } from "#lib/errors/operator-error.ts";
import { checkedVolumeName } from "./volume-name.ts";
import type { AppendOutcome, Device, Medium } from "./device.ts";

/** Takes everything and keeps nothing: for measuring what lies before the device. Remembers labels while the daemon runs. */
export class NullDevice implements Device {
  readonly volType = 11;
  readonly keepsData = false;
  readonly name: string;
  readonly #volumes = new Map<string, NullMedium>();

  constructor(options: { readonly name: string }) {
    this.name = options.name;
  }

  has(volume: string): boolean {
    return this.#volumes.has(checkedVolumeName(volume));
  }

  open(volume: string, mode: "read" | "append"): Medium {
    const medium = this.#volumes.get(checkedVolumeName(volume));
    if (medium === undefined) throw new OperatorError("VOLUME_NOT_FOUND", `device "${this.name}" has no Volume "${volume}"`);
    if (mode === "read")
      throw new OperatorError("VOLUME_NOT_FOUND", `device "${this.name}" keeps nothing; Volume "${volume}" cannot be read`);
    return medium;
  }

  create(volume: string, label: Uint8Array): Medium {
    if (this.has(volume)) throw new OperatorError("VOLUME_EXISTS", `device "${this.name}" holds a Volume "${volume}" already`);
    const medium = new NullMedium(volume, label);
    this.#volumes.set(volume, medium);
    return medium;
  }

  space(): undefined {
    return undefined;
  }
}

/** A Volume of which only the label is remembered. */
class NullMedium implements Medium {
  readonly volume: string;
  #label: Uint8Array;
  #end: number;

  constructor(volume: string, label: Uint8Array) {
    this.volume = volume;
    this.#label = Uint8Array.from(label);
    this.#end = label.byteLength;
  }

  get end(): number {
    return this.#end;
  }

  readAt(into: Uint8Array, address: number): number {
    const part = this.#label.subarray(address, address + into.byteLength);
    into.set(part);
    return part.byteLength;
  }

  append(blocks: readonly Uint8Array[]): AppendOutcome {
    for (const block of blocks) this.#end += block.byteLength;
    return { kind: "written" };
  }

  relabel(label: Uint8Array): void {
    this.#label = Uint8Array.from(label);
    this.#end = label.byteLength;
  }

  truncate(address: number): void {
    this.#end = address;
  }

  startWriteback(): void {}
  async sync(): Promise<void> {}
  close(): void {}
  [Symbol.dispose](): void {}
}
