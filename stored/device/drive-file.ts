import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { openMedium } from "./file-device.ts";
import type { Device, Medium } from "./device.ts";

/**
 * A drive with one file as its medium: a node that a changer, or an operator, points at one file or another. Which Volume it is says
 * its label alone; names given to `open` only stand in messages.
 */
export class DriveFile implements Device {
  readonly volType = 1;
  readonly keepsData = true;
  readonly name: string;
  readonly #path: string;
  readonly #isDirect: boolean;

  constructor(options: { readonly name: string; readonly archiveDevice: string; readonly isDirect?: boolean }) {
    this.name = options.name;
    this.#path = options.archiveDevice;
    this.#isDirect = options.isDirect === true;
  }

  /** Whether a medium is in the drive, whichever. */
  has(): boolean {
    return existsSync(this.#path);
  }

  open(volume: string, mode: "read" | "append"): Medium {
    if (!this.has()) throw this.#isEmpty(volume);
    return openMedium({ device: this.name, volume, path: this.#path, mode, isDirect: this.#isDirect });
  }

  /** Media are never made here: a new one is a blank that was put into the drive, and is relabeled. */
  create(volume: string): Medium {
    throw this.#isEmpty(volume);
  }

  space(): { readonly free: number; readonly total: number } | undefined {
    try {
      const facts = statfsSync(this.has() ? this.#path : dirname(this.#path));
      return { free: facts.bavail * facts.bsize, total: facts.blocks * facts.bsize };
    } catch {
      return undefined;
    }
  }

  #isEmpty(volume: string): OperatorError {
    return new OperatorError("VOLUME_NOT_FOUND", `drive "${this.name}" holds no medium for Volume "${volume}" (${this.#path})`);
  }
}
