/** Which Volume is appended to on which device: no two devices may append to one Volume. */
export class VolumesInUse {
  readonly #devices = new Map<string, string>();

  /** Takes the Volume for a device; false if another device has it. */
  take(volume: string, device: string): boolean {
    const holder = this.#devices.get(volume);
    if (holder !== undefined && holder !== device) return false;
    this.#devices.set(volume, device);
    return true;
  }

  /** The device lets go of the Volume. */
  release(volume: string, device: string): void {
    if (this.#devices.get(volume) === device) this.#devices.delete(volume);
  }

  /** The device that appends to the Volume. */
  deviceOf(volume: string): string | undefined {
    return this.#devices.get(volume);
  }
}
