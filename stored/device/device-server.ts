import { randomUUID } from "node:crypto";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { must } from "#lib/base/assert.ts";
import { LABEL_PROBE_BYTES, readLabelBlock, writeLabelBlock } from "../volume/label-block.ts";
import { ChunkLocator } from "../store/chunk-locator.ts";
import { AppendEngine } from "./append-engine.ts";
import { checkEnd } from "./check-end.ts";
import { checkTapeEnd } from "../tape/check-tape-end.ts";
import { volumeBytes } from "./device.ts";
import { openDriver } from "./drivers.ts";
import { MediumScan } from "./medium-scan.ts";
import { PIPE_VOL_TYPE } from "./pipe-device.ts";
import { OpenReader } from "./open-reader.ts";
import type {
  AppendMounted,
  AppendWish,
  DeviceCallName,
  DeviceCalls,
  DeviceThreadOptions,
  Inspection,
  LabelWish,
} from "./device-protocol.ts";
import type { AppendCheck, CheckedEnd } from "./check-end.ts";
import type { Device, Medium } from "./device.ts";
import type { EngineReport } from "./append-engine.ts";
import type { VolumeLabel } from "../volume/volume-label.ts";

/** A tape of which the catalog knows nothing. */
const UNKNOWN_END = { catalogFiles: 0, catalogAddress: 0 };

type Handlers = {
  readonly [Name in DeviceCallName]: (
    argument: DeviceCalls[Name]["argument"],
  ) => DeviceCalls[Name]["result"] | Promise<DeviceCalls[Name]["result"]>;
};

/** One device with what is open on it: the calls of device-protocol.ts, made in the device's thread (or directly, in tests). */
export class DeviceServer {
  readonly engine: AppendEngine;
  readonly #options: DeviceThreadOptions;
  readonly #device: Device;
  readonly #readers = new Map<number, OpenReader>();
  readonly #scans = new Map<number, MediumScan>();
  readonly #handlers: Handlers;

  constructor(options: DeviceThreadOptions, report: (report: EngineReport) => void) {
    this.#options = options;
    this.#device = openDriver(options.device);
    this.engine = new AppendEngine(options.engine, report);
    const engine = this.engine;
    this.#handlers = {
      inspect: ({ volume }) => this.#inspect(volume),
      label: (wish) => this.#label(wish),
      mountAppend: (wish) => this.#mountAppend(wish),
      resume: () => {
        engine.resume();
        return null;
      },
      flush: () => {
        engine.flush();
        return null;
      },
      unmountAppend: async () => {
        return { warning: await engine.unmount() };
      },
      dropAppend: () => {
        engine.drop();
        return null;
      },
      begin: (start) => {
        engine.begin(start);
        return null;
      },
      end: ({ sessionId, ...facts }) => {
        engine.end(sessionId, facts);
        return null;
      },
      finish: async ({ sessionId, volumes }) => {
        await engine.sync();
        const references = engine.finish(sessionId, volumes);
        engine.abort(sessionId);
        return references;
      },
      abort: ({ sessionId }) => {
        engine.abort(sessionId);
        return null;
      },
      openRead: (wish) => {
        this.#openRead(wish);
        return null;
      },
      read: async ({ readerId, ...wish }) => await must(this.#readers.get(readerId), `reader ${readerId}`).read(wish),
      closeRead: async ({ readerId, isComplete }) => await this.#closeRead(readerId, isComplete),
      openScan: ({ scanId, volume }) => this.#openScan(scanId, volume),
      scan: ({ scanId, bytes }) => must(this.#scans.get(scanId), `scan ${scanId}`).step(bytes),
      closeScan: ({ scanId }) => {
        this.#scans.get(scanId)?.[Symbol.dispose]();
        this.#scans.delete(scanId);
        return null;
      },
      space: () => this.#device.space() ?? null,
    };
  }

  /** Makes a call by its name. */
  async call<Name extends DeviceCallName>(
    name: Name,
    argument: DeviceCalls[Name]["argument"],
  ): Promise<DeviceCalls[Name]["result"]> {
    const handler = this.#handlers[name] as (argument: DeviceCalls[Name]["argument"]) => Promise<DeviceCalls[Name]["result"]>;
    return await handler(argument);
  }

  #inspect(volume: string): Inspection {
    if (!this.#device.has(volume)) return { kind: "missing" };
    using medium = this.#device.open(volume, this.#device.keepsData ? "read" : "append");
    return inspectMedium(medium);
  }

  async #label(wish: LabelWish & { readonly replace: boolean }): Promise<number> {
    const { volume } = wish.label;
    const block = this.#labelBlock(wish, true);
    if (!wish.replace || !this.#device.has(volume)) {
      using medium = this.#device.create(volume, block);
      await medium.sync();
      return volumeBytes(medium);
    }
    using medium = this.#device.open(volume, "append");
    medium.relabel(block);
    return volumeBytes(medium);
  }

  #mountAppend(wish: AppendWish): AppendMounted {
    const { volume } = wish.label;
    if (wish.action === "create") {
      const medium = this.#device.create(volume, this.#labelBlock(wish, false));
      return this.#mounted(medium, wish, { nextNumber: 1, isLabelNew: true, checked: undefined });
    }
    const medium = this.#device.open(volume, "append");
    try {
      if (wish.action === "relabel") return this.#relabeled(medium, wish);
      const found = inspectMedium(medium);
      if (found.kind !== "labeled") throw notLabeled(this.#device.name, volume, found);
      if (found.label.volume !== volume) throw wrongLabel(this.#device.name, volume, found.label.volume);
      const isUnused = found.isPreLabel && volumeBytes(medium) <= labelBytes(medium);
      if (isUnused) return this.#relabeled(medium, wish, found.label);
      if (this.#device.keepsData && medium.tape === undefined && medium.end < wish.catalogBytes)
        throw this.#tooShort(volume, medium.end, wish.catalogBytes);
      const known = { labelBytes: labelBytes(medium), catalogBytes: wish.catalogBytes };
      let checked: CheckedEnd | undefined;
      if (medium.tape !== undefined)
        checked = checkTapeEnd(medium, medium.tape, this.#check, { ...known, ...UNKNOWN_END, ...wish.catalogEnd });
      else if (this.#device.keepsData) checked = checkEnd(medium, this.#check, known);
      const tail = checked?.tail;
      return this.#mounted(medium, wish, {
        nextNumber: wish.catalogBlocks + (tail?.blocks ?? 0) + 1,
        isLabelNew: false,
        checked,
      });
    } catch (error) {
      medium.close();
      throw error;
    }
  }

  /** `was`: what an operator labeled, and no job has written to. It stays that Volume. */
  #relabeled(medium: Medium, wish: AppendWish, was?: VolumeLabel): AppendMounted {
    const label = { ...wish.label, labelDate: was?.labelDate ?? wish.label.labelDate };
    medium.relabel(this.#labelBlock({ ...wish, label }, false, was?.origin?.volumeId));
    return this.#mounted(medium, wish, { nextNumber: 1, isLabelNew: true, checked: undefined });
  }

  get #check(): AppendCheck {
    return this.#options.engine.check ?? { mode: "Paranoid", writesEnd: false, requiresEnd: false };
  }

  #mounted(
    medium: Medium,
    wish: AppendWish,
    how: { readonly nextNumber: number; readonly isLabelNew: boolean; readonly checked: CheckedEnd | undefined },
  ): AppendMounted {
    const { nextNumber, isLabelNew, checked } = how;
    const mounted = {
      bytes: volumeBytes(medium),
      tapeEnd: medium.tape === undefined ? undefined : medium.end,
      notes: medium.tape?.takeNotes() ?? [],
      isLabelNew,
      tail: checked?.tail,
      steps: checked?.steps ?? [],
    };
    this.engine.mount(medium, { nextNumber, isFresh: isLabelNew }, { volumeBytesMax: wish.volumeBytesMax });
    return mounted;
  }

  #labelBlock(wish: LabelWish, isPreLabel: boolean, volumeId: string = randomUUID()): Uint8Array {
    const { uname, ...label } = wish.label;
    const { checksum, blockBytesMin, blockBytesMax } = this.#options.engine;
    const origin = uname === undefined ? undefined : { volumeId, blockBytesMin, blockBytesMax, uname };
    return writeLabelBlock({ ...label, origin }, { isPreLabel, session: wish.session, checksum });
  }

  #openRead({ readerId, volume, entries, locator }: DeviceCalls["openRead"]["argument"]): void {
    const open = this.#readers.get(readerId) ?? new OpenReader();
    this.#readers.set(readerId, open);
    open.leaveVolume();
    if (locator !== undefined) open.askAt(new ChunkLocator(locator));
    const medium = this.#device.open(volume, "read");
    try {
      const found = inspectMedium(medium);
      if (found.kind !== "labeled") throw notLabeled(this.#device.name, volume, found);
      if (found.label.volume !== volume) throw wrongLabel(this.#device.name, volume, found.label.volume);
      open.openVolume(volume, medium, entries);
    } catch (error) {
      medium.close();
      throw error;
    }
  }

  #openScan(scanId: number, volume: string): Inspection {
    if (this.#device.keepsData && !this.#device.has(volume) && this.#device.volType !== PIPE_VOL_TYPE)
      return { kind: "missing" };
    const medium = this.#device.open(volume, "read");
    const found = inspectMedium(medium);
    if (found.kind === "labeled") this.#scans.set(scanId, new MediumScan(medium));
    else medium[Symbol.dispose]();
    return found;
  }

  async #closeRead(readerId: number, isComplete: boolean): Promise<readonly string[]> {
    const open = this.#readers.get(readerId);
    if (open === undefined) return [];
    this.#readers.delete(readerId);
    const late = isComplete ? await open.finishVolume() : [];
    return [...late, ...open.close(isComplete)];
  }

  #tooShort(volume: string, found: number, expected: number): OperatorError {
    return new OperatorError(
      "VOLUME_SIZE_MISMATCH",
      `device "${this.#device.name}" cannot write on Volume "${volume}" because: The sizes do not match! Volume=${found} Catalog=${expected}`,
    );
  }
}

/** Looks at the label of an open Volume. */
function inspectMedium(medium: Medium): Inspection {
  const start = new Uint8Array(LABEL_PROBE_BYTES);
  try {
    const { label, isPreLabel } = readLabelBlock(start.subarray(0, medium.readAt(start, 0)));
    return { kind: "labeled", bytes: volumeBytes(medium), label, isPreLabel };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { kind: "foreign", bytes: volumeBytes(medium), code: error.code, reason: error.message };
  }
}

function labelBytes(medium: Medium): number {
  const start = new Uint8Array(LABEL_PROBE_BYTES);
  return readLabelBlock(start.subarray(0, medium.readAt(start, 0))).bytes;
}

function notLabeled(device: string, volume: string, found: Inspection): OperatorError {
  if (found.kind !== "foreign") return new OperatorError("VOLUME_NOT_FOUND", `device "${device}" has no Volume "${volume}"`);
  return new OperatorError(
    found.code,
    `device "${device}": what is there for Volume "${volume}" cannot be used: ${found.reason}`,
  );
}

function wrongLabel(device: string, wanted: string, found: string): OperatorError {
  return new OperatorError("VOLUME_WRONG_LABEL", `device "${device}" holds Volume "${found}", not "${wanted}"`);
}
