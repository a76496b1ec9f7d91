import type { MessagePort } from "node:worker_threads";
import type { CarriedError } from "#lib/errors/carried-error.ts";
import type { ChunkPlaces, StoreCallName, StoreSettings } from "../chunks/store-calls.ts";
import type { SessionKey } from "../volume/block.ts";

/*
 * Between the threads that a store of chunks consists of: the store's own thread, the threads that verify new chunks, and the threads
 * of devices, which ask where chunks lie.
 */

/** What a store's thread is started with. */
export interface StoreThreadOptions {
  readonly settings: StoreSettings;
}

/** To the store's thread. */
export type ToStore =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly name: StoreCallName;
      readonly argument: unknown;
      /** Somebody wants to hear how far it is ("told"), and may end it ("stop"). */
      readonly isWatched: boolean;
    }
  /** A call that is watched is to end at its next step. */
  | { readonly kind: "stop"; readonly id: number }
  /** Somebody who will ask on this port where chunks lie. */
  | { readonly kind: "locator"; readonly port: MessagePort }
  /** The answer to "noRoom": whether to try again. */
  | { readonly kind: "room"; readonly id: number; readonly isThere: boolean };

/** From the store's thread. `spent`: the buffer of an `append`, which nobody needs any more. */
export type FromStore =
  | { readonly kind: "result"; readonly id: number; readonly value: unknown; readonly spent: ArrayBuffer | undefined }
  | { readonly kind: "failure"; readonly id: number; readonly error: CarriedError }
  /** How far a call is that is watched. */
  | { readonly kind: "told"; readonly id: number; readonly line: string }
  /** Containers of a domain were removed: what pins their space may go. */
  | { readonly kind: "swept"; readonly domain: string }
  /** A job found no room; it waits for the answer "room". */
  | { readonly kind: "noRoom"; readonly id: number; readonly session: SessionKey; readonly why: CarriedError };

/** A question on a locator's port. */
export interface LocateQuestion {
  readonly id: number;
  readonly session: SessionKey;
  readonly ids: Uint8Array;
}

/** Its answer. */
export type LocateAnswer =
  | { readonly kind: "places"; readonly id: number; readonly places: ChunkPlaces }
  | { readonly kind: "failure"; readonly id: number; readonly error: CarriedError };

/** To a thread that verifies: a run of frames, whose buffer is given away and comes back. */
export interface ToVerifier {
  readonly id: number;
  readonly frames: Uint8Array<ArrayBuffer>;
  /** Longest chunk that the store takes. */
  readonly plainBytesMax: number;
}

/** From a thread that verifies. */
export interface FromVerifier {
  readonly id: number;
  readonly frames: Uint8Array<ArrayBuffer>;
  /** Undefined: every frame is intact and its bytes are those of its identity. */
  readonly error: CarriedError | undefined;
}
