import { OperatorError } from "#lib/errors/operator-error.ts";
import type { SessionKey } from "../volume/block.ts";
import type { StoreSurroundings } from "./chunk-store.ts";

/** Times that a call is made again after the file system was given time to count what was freed, before others are asked to make room. */
const SETTLED_MAX = 2;

/** What it needs of its store. */
export interface RoomParts extends Pick<StoreSurroundings, "settleRoom" | "roomFor"> {
  /** Frees what is known to be dead and waits for its collection; nothing happens where nothing is. Bounded; never rejects. */
  collectDead(): Promise<void>;
}

/**
 * Makes calls of a store again that found no room. What was deleted is often not free yet (a collection is due, btrfs frees when it commits): first
 * that is seen to, by one for all who wait; then whoever cares for the job may make room, as often as that succeeds.
 */
export class RoomMaker {
  readonly #parts: RoomParts;
  #settling: Promise<void> | undefined;

  constructor(parts: RoomParts) {
    this.#parts = parts;
  }

  /** The call's result. It must leave nothing behind when it throws STORE_FULL that a second call would not accept. */
  async retried<T>(session: SessionKey, call: () => Promise<T>): Promise<T> {
    for (let settled = 0; ;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof OperatorError) || error.code !== "STORE_FULL") throw error;
        if (settled < SETTLED_MAX) {
          settled += 1;
          await this.#settle();
        } else if (await this.#parts.roomFor(session, error)) settled = 0;
        else throw error;
      }
    }
  }

  async #settle(): Promise<void> {
    this.#settling ??= this.#parts
      .collectDead()
      .then(async () => await this.#parts.settleRoom())
      .finally(() => {
        this.#settling = undefined;
      });
    await this.#settling;
  }
}
