import type { CarriedError } from "#lib/errors/carried-error.ts";
import type { DeviceFacts } from "./drivers.ts";
import type { MessagePort } from "node:worker_threads";
import type { SessionReferences } from "./session-references.ts";
import type { EngineOptions, EngineReport, SessionStart } from "./append-engine.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";
import type { ErrorCode } from "#lib/errors/codes.ts";
import type { ScanStep } from "./medium-scan.ts";
import type { ReadItem } from "../volume/volume-reader.ts";
import type { SessionKey } from "../volume/block.ts";
import type { SessionClose } from "../volume/session-label.ts";
import type { VolumeLabel } from "../volume/volume-label.ts";

/** What a device's thread is started with. */
export interface DeviceThreadOptions {
  /** Whether chunks may come without records: then acknowledgements of records must not wait for more of them. */
  readonly hasStore: boolean;
  readonly device: DeviceFacts;
  readonly engine: EngineOptions;
}

/** What lies under a Volume name. */
export type Inspection =
  | { readonly kind: "missing" }
  | { readonly kind: "labeled"; readonly bytes: number; readonly label: VolumeLabel; readonly isPreLabel: boolean }
  /** Something is there that cannot be taken for a labeled Volume. */
  | { readonly kind: "foreign"; readonly bytes: number; readonly code: ErrorCode; readonly reason: string };

/** A label that is to be written. */
export interface LabelWish {
  /** With `uname` the label says of what Volume and machine it is (LabelOrigin). */
  readonly label: Omit<VolumeLabel, "version" | "origin"> & { readonly uname?: string };
  readonly session: SessionKey;
}

/** How a Volume is to be opened for appending. */
export interface AppendWish extends LabelWish {
  /** "create": make it. "relabel": all that it holds is given up. "append": go on at its end. */
  readonly action: "create" | "relabel" | "append";
  /** What the catalog says of its size and its number of blocks. */
  readonly catalogBytes: number;
  readonly catalogBlocks: number;
  /** What it says of a tape: how many file marks it has, and the address where the next block goes. */
  readonly catalogEnd?: { readonly catalogFiles: number; readonly catalogAddress: number };
  /** Limit in bytes; 0: none. */
  readonly volumeBytesMax: number;
}

/** What came of it. */
export interface AppendMounted {
  readonly bytes: number;
  /** Address of the end of a tape; undefined: it is none. */
  readonly tapeEnd: number | undefined;
  /** What was wrong with the tape and was got over. */
  readonly notes: readonly string[];
  /** The label was written now: the Volume is used for the first time, or anew. */
  readonly isLabelNew: boolean;
  /** What was found behind the end that the catalog knows. */
  readonly tail: TailCheck | undefined;
  /** What was looked at before, step by step. */
  readonly steps: readonly string[];
}

/** A Volume that is longer than the catalog knows: nothing of it may be overwritten. */
export interface TailCheck {
  readonly catalogBytes: number;
  /** Whole, intact blocks behind the catalog's end, and their bytes. */
  readonly blocks: number;
  readonly keptBytes: number;
  /** Bytes after the last intact block (a block that was being written at a crash), which were cut off. */
  readonly cutBytes: number;
}

/** What was read in one go. */
export interface ReadPart {
  readonly items: ReadItem[];
  readonly isVolumeDone: boolean;
  readonly damages: string[];
  readonly files: number;
  readonly bytesRead: number;
}

/** Calls with an answer, by name: their argument and their result. */
export interface DeviceCalls {
  inspect: { argument: { readonly volume: string }; result: Inspection };
  /** Writes a pre-label: on a new Volume, or over what is there. Answers the Volume's size. */
  label: { argument: LabelWish & { readonly replace: boolean }; result: number };
  mountAppend: { argument: AppendWish; result: AppendMounted };
  /** Begins to write to the Volume that was mounted. */
  resume: { argument: null; result: null };
  /** Writes also blocks that are not full. */
  flush: { argument: null; result: null };
  /** Leaves the Volume that is appended to, durably. Blocks that wait stay for the next one. */
  unmountAppend: { argument: null; result: { readonly warning: string | undefined } };
  /** Closes a Volume that was mounted for appending while nobody waited for it any more: nothing was written to it. */
  dropAppend: { argument: null; result: null };
  begin: { argument: SessionStart; result: null };
  /** Makes durable what a session that was told as ended has written, its references too, and forgets the session. */
  finish: {
    argument: { readonly sessionId: number; readonly volumes: readonly string[] };
    result: SessionReferences | undefined;
  };
  abort: { argument: { readonly sessionId: number }; result: null };
  end: {
    argument: { readonly sessionId: number } & SessionClose;
    result: null;
  };
  /** `locator`: where to ask for chunks (StoreThread.locator); undefined: the device has no store. It is transferred. */
  openRead: {
    argument: {
      readonly readerId: number;
      readonly volume: string;
      readonly entries: readonly BootstrapEntry[];
      readonly locator: MessagePort | undefined;
    };
    result: null;
  };
  /** `spent`: buffers of earlier batches that nobody uses any more; they are transferred. */
  read: {
    argument: { readonly readerId: number; readonly bytes: number; readonly spent: readonly ArrayBuffer[] };
    result: ReadPart;
  };
  /** Ends reading; answers damages that show only now (half records). */
  closeRead: { argument: { readonly readerId: number; readonly isComplete: boolean }; result: readonly string[] };
  /** Opens a Volume ("": what is in the drive) to be read through; answers what lies there. */
  openScan: { argument: { readonly scanId: number; readonly volume: string }; result: Inspection };
  scan: { argument: { readonly scanId: number; readonly bytes: number }; result: ScanStep };
  closeScan: { argument: { readonly scanId: number }; result: null };
  space: { argument: null; result: { readonly free: number; readonly total: number } | null };
}

export type DeviceCallName = keyof DeviceCalls;

/** To the thread. */
export type ToDevice =
  | { readonly kind: "call"; readonly id: number; readonly name: DeviceCallName; readonly argument: unknown }
  | { readonly kind: "append"; readonly sessionId: number; readonly number: number; readonly batch: Uint8Array };

/** From the thread. */
export type FromDevice =
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly error: CarriedError }
  | { readonly kind: "report"; readonly report: EngineReport }
  /** A batch was taken in: its buffer (shared memory) may be used for another. */
  | { readonly kind: "spent"; readonly buffer: ArrayBuffer }
  /** A session whose batch could not be taken in; it is to be aborted. */
  | { readonly kind: "sessionFailed"; readonly sessionId: number; readonly error: CarriedError };
