import { abortable } from "#lib/base/abort.ts";
import { Mutex } from "#lib/base/lock.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { Changes } from "../job/changes.ts";
import type { Changer, MoveCause } from "./changer.ts";

/** A Device whose medium can be another at any time. */
export interface DriveSettings {
  readonly name: string;
  readonly archiveDevice: string;
  readonly controlDevice: string;
  /** Its number in the changer, from 0. */
  readonly index: number;
  readonly changerWaitMs: number;
  /** Longest wait for a job to let go of its medium; 10 seconds if not given. */
  readonly letGoMs?: number;
}

/** In the place of a slot: the medium that is in the drive already, whichever. */
export const INSIDE = -1;

/** A medium that is wanted in a drive. */
export interface MediumWish extends MoveCause {
  /** Where it lies; 0: not known, its barcode is looked for. INSIDE: nothing is moved. */
  readonly slot: number;
}

const LET_GO_MS = 10_000;

/** What one drive of a library holds, and who relies on that. */
export class Drive {
  readonly #settings: DriveSettings;
  readonly changer: Changer | undefined;
  /** For a drive without a changer: one at a time looks at what is in it. */
  readonly #ownTurn = new Mutex();
  readonly #changes = new Changes();
  #holds = 0;
  #slot: number | undefined;
  /** The label last seen in the drive, for messages and for choosing a drive; "": not known. */
  volume = "";
  pool = "";
  /** The operator has unmounted it: nothing is loaded and nobody may use it. */
  isUnmounted = false;

  constructor(settings: DriveSettings, changer: Changer | undefined) {
    this.#settings = settings;
    this.changer = changer;
    changer?.drives.push(this);
  }

  get name(): string {
    return this.#settings.name;
  }

  get index(): number {
    return this.#settings.index;
  }

  get archiveDevice(): string {
    return this.#settings.archiveDevice;
  }

  get controlDevice(): string {
    return this.#settings.controlDevice;
  }

  get changerWaitMs(): number {
    return this.#settings.changerWaitMs;
  }

  /** Slot that its medium came from as far as is known; 0: it is empty; undefined: not known. */
  get slot(): number | undefined {
    return this.#slot;
  }

  /** Whether somebody relies on the medium that is in it. */
  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /**
   * Brings a medium into the drive and keeps it there until the answer is disposed of. What is in the drive must be judged by its label
   * then. DRIVE_BUSY, DRIVE_UNMOUNTED, CHANGER_FAILED, CHANGER_LATE. A command that has begun is never broken off: when the signal aborts
   * first, it goes on without the caller.
   */
  async take(wish: MediumWish, signal: AbortSignal): Promise<Disposable> {
    await this.#untilFree(wish, signal);
    const turn = await this.#turn.acquire(signal);
    const work = this.#takeInTurn(wish).finally(() => turn[Symbol.dispose]());
    try {
      return await abortable(work, signal);
    } catch (error) {
      work.then(
        (hold) => hold[Symbol.dispose](),
        () => {},
      );
      throw error;
    }
  }

  /** A job that has just ended may not have let go yet; it is not waited for longer than that can take. */
  async #untilFree(wish: MediumWish, signal: AbortSignal): Promise<void> {
    const isInTheWay = () => this.isHeld && wish.slot !== INSIDE && wish.slot !== this.#slot;
    const deadline = performance.now() + (this.#settings.letGoMs ?? LET_GO_MS);
    while (isInTheWay() && performance.now() < deadline) {
      const timer = setTimeout(() => this.#changes.notify(), deadline - performance.now());
      try {
        await this.#changes.wait(signal);
      } finally {
        clearTimeout(timer);
      }
    }
  }

  /** Takes the medium out, into the slot that it came from. DRIVE_BUSY while somebody relies on it; nothing is done for an empty drive. */
  async empty(cause: MoveCause): Promise<void> {
    using _ = await this.#turn.acquire();
    await this.#emptyInTurn(cause);
  }

  /** What is in the drive may have been changed by hand: the changer is asked next time. */
  forget(): void {
    this.#slot = undefined;
    this.volume = "";
    this.pool = "";
  }

  /** What was found in it is not what the changer has said to have brought: it is asked next time. */
  doubtSlot(): void {
    this.#slot = undefined;
  }

  /** The label that was read on the medium, or written to it. `pool` "": not known. */
  saw(volume: string, pool: string): void {
    if (pool !== "" || volume !== this.volume) this.pool = pool;
    this.volume = volume;
  }

  get #turn(): Mutex {
    return this.changer?.turn ?? this.#ownTurn;
  }

  async #takeInTurn(wish: MediumWish): Promise<Disposable> {
    if (this.isUnmounted) throw new OperatorError("DRIVE_UNMOUNTED", `drive "${this.name}" is unmounted by the operator`);
    const { changer } = this;
    const slot = changer === undefined ? 0 : await slotOf(changer, this, wish);
    if (changer !== undefined && slot > 0 && (await this.#loaded()) !== slot) await this.#change(changer, slot, wish);
    return this.#hold();
  }

  async #change(changer: Changer, slot: number, wish: MediumWish): Promise<void> {
    if (this.isHeld) throw new OperatorError("DRIVE_BUSY", `drive "${this.name}" is in use with Volume "${this.volume}"`);
    for (const other of changer.drives) {
      if (other === this || (await other.#loaded()) !== slot) continue;
      if (other.isHeld)
        throw new OperatorError("DRIVE_BUSY", `Volume "${wish.volume}" (slot ${slot}) is in use in drive "${other.name}"`);
      await other.#emptyInTurn(wish);
    }
    await this.#emptyInTurn(wish);
    this.forget();
    await changer.load(this, slot, wish);
    this.#slot = slot;
  }

  async #emptyInTurn(cause: MoveCause): Promise<void> {
    if (this.isHeld) throw new OperatorError("DRIVE_BUSY", `drive "${this.name}" is in use with Volume "${this.volume}"`);
    const { changer } = this;
    if (changer === undefined) return this.forget();
    const slot = await this.#loaded();
    if (slot === 0) return;
    this.#slot = undefined; // until the changer has done it, anything may be true
    await changer.unload(this, slot, cause);
    this.forget();
    this.#slot = 0;
  }

  async #loaded(): Promise<number> {
    this.#slot ??= (await this.changer?.loaded(this)) ?? 0;
    return this.#slot;
  }

  #hold(): Disposable {
    this.#holds += 1;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#holds -= 1;
        this.#changes.notify();
      },
    };
  }
}

/** Where the medium lies: where the catalog says, else where its barcode is; 0: not in this changer as far as is known. */
async function slotOf(changer: Changer, drive: Drive, wish: MediumWish): Promise<number> {
  if (wish.slot !== 0 || wish.volume === "") return wish.slot;
  return (await changer.list(drive)).find((place) => place.barcode === wish.volume)?.number ?? 0;
}
