import type { AppendOutcome, Device, Medium } from "../device/device.ts";

/** So much is written between two looks at what is free: on any disk well under a second. */
const LOOK_BYTES = 8 * 1024 * 1024;

/** A device that leaves `freeBytesMin` bytes of its file system free: a Volume is full when appending would go below. */
export function sparing(device: Device, freeBytesMin: number): Device {
  if (freeBytesMin === 0) return device;
  const lack = (): string | undefined => {
    const space = device.space();
    if (space === undefined || space.free >= freeBytesMin) return undefined;
    return `${space.free.toLocaleString("en-US")} bytes are free, and Minimum Free Space is ${freeBytesMin.toLocaleString("en-US")}`;
  };
  return {
    name: device.name,
    volType: device.volType,
    keepsData: device.keepsData,
    has: (volume) => device.has(volume),
    open: (volume, mode) =>
      mode === "append" ? new SparingMedium(device.open(volume, mode), lack) : device.open(volume, mode),
    create: (volume, label) => new SparingMedium(device.create(volume, label), lack),
    space: () => device.space(),
  };
}

/** A Volume that is full when its file system is short. */
class SparingMedium implements Medium {
  readonly #medium: Medium;
  readonly #lack: () => string | undefined;
  /** Bytes since the last look. */
  #unseen = LOOK_BYTES;

  constructor(medium: Medium, lack: () => string | undefined) {
    this.#medium = medium;
    this.#lack = lack;
  }

  get volume(): string {
    return this.#medium.volume;
  }

  get end(): number {
    return this.#medium.end;
  }

  readAt(into: Uint8Array, address: number): number {
    return this.#medium.readAt(into, address);
  }

  append(blocks: readonly Uint8Array[]): AppendOutcome {
    for (const block of blocks) this.#unseen += block.byteLength;
    if (this.#unseen >= LOOK_BYTES) {
      const reason = this.#lack();
      if (reason !== undefined) return { kind: "full", blocks: 0, reason };
      this.#unseen = 0;
    }
    return this.#medium.append(blocks);
  }

  relabel(label: Uint8Array): void {
    this.#medium.relabel(label);
  }

  truncate(address: number): void {
    this.#medium.truncate(address);
  }

  startWriteback(): void {
    this.#medium.startWriteback();
  }

  async sync(): Promise<void> {
    await this.#medium.sync();
  }

  close(): void {
    this.#medium.close();
  }

  [Symbol.dispose](): void {
    this.#medium[Symbol.dispose]();
  }
}
