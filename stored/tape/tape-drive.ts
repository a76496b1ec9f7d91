import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { TapeMedium, USUAL_HABITS } from "./tape-medium.ts";
import { VtapeFile } from "./vtape-file.ts";
import type { Device, Medium } from "../device/device.ts";
import { ANY_REWIND } from "./rewind.ts";
import type { RewindFacts } from "./rewind.ts";
import type { TapeHabits } from "./tape-medium.ts";

/** Bacula's VolType of a tape in a file. */
export const VTAPE_VOL_TYPE = 5;

/** What a Device resource says of its drive. */
export interface TapeDriveFacts {
  readonly name: string;
  readonly archiveDevice: string;
  /** Bytes; 0: what each tape was made with. */
  readonly capacity?: number;
  readonly habits?: TapeHabits;
  readonly rewinding?: RewindFacts;
}

/**
 * A drive whose tape is a file: the node that is its Archive Device, or what that is a link to. Which Volume it is says the tape's label
 * alone; names given to `open` only stand in messages.
 */
export class VtapeDrive implements Device {
  readonly volType = VTAPE_VOL_TYPE;
  readonly keepsData = true;
  readonly name: string;
  readonly #facts: TapeDriveFacts;

  constructor(facts: TapeDriveFacts) {
    this.name = facts.name;
    this.#facts = facts;
  }

  /** Whether a tape is in the drive, whichever. */
  has(): boolean {
    return existsSync(this.#facts.archiveDevice);
  }

  open(volume: string, mode: "read" | "append"): Medium {
    const { name: device, archiveDevice: path, capacity = 0, habits = USUAL_HABITS, rewinding = ANY_REWIND } = this.#facts;
    const tape = VtapeFile.open({ device, volume, path, mode, capacity, rewindMs: rewinding.delayMs });
    const medium = new TapeMedium(volume, tape, { habits, rewinding });
    medium.rewind();
    return medium;
  }

  /** Tapes are never made here: a new one is a blank (an empty file) that was put into the drive, and is relabeled. */
  create(volume: string): Medium {
    const { archiveDevice } = this.#facts;
    throw new OperatorError(
      "VOLUME_NOT_FOUND",
      `drive "${this.name}" holds no tape for Volume "${volume}" (${archiveDevice})`,
      {
        hint: `a blank tape is an empty file: touch ${archiveDevice}`,
      },
    );
  }

  space(): { readonly free: number; readonly total: number } | undefined {
    const { archiveDevice } = this.#facts;
    try {
      const facts = statfsSync(this.has() ? archiveDevice : dirname(archiveDevice));
      return { free: facts.bavail * facts.bsize, total: facts.blocks * facts.bsize };
    } catch {
      return undefined;
    }
  }
}
