import { DeviceThread } from "./device-thread.ts";
import { PIPE_VOL_TYPE } from "./pipe-device.ts";
import { RewindLimit } from "./rewind-limit.ts";
import { hasDriver, volTypeOf } from "./drivers.ts";
import { BLOCK_BYTES_DEFAULT, BLOCK_BYTES_LEAST } from "../volume/format.ts";
import { Rate } from "./rate.ts";
import { SpoolBudget } from "../spool/spool-budget.ts";
import { DeviceTrouble } from "../watch/device-trouble.ts";
import type { DeviceCallName, DeviceCalls } from "./device-protocol.ts";
import type { DeviceOperation } from "../config/device.ts";
import type { Drive } from "../changer/drive.ts";
import type { DeviceListener, Transfer } from "./device-thread.ts";
import type { StoreSettings } from "../chunks/store-calls.ts";
import type { StoreHost } from "../store/store-host.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";
import type { RewindFacts } from "../tape/rewind.ts";
import type { TapeHabits } from "../tape/tape-medium.ts";
import type { AppendCheck } from "./check-end.ts";
import type { EngineReport } from "./append-engine.ts";
import type { Places } from "../space/places.ts";
import type { VolumeFacts } from "../mount/volume-facts.ts";

/** What a Device resource says of a tape drive. Bytes. */
export interface TapeSettings {
  /** 0: what each tape was made with. */
  readonly capacity: number;
  /** A file mark is written after so many; 0: only where the tape is left. */
  readonly fileBytesMax: number;
  readonly habits: TapeHabits;
  readonly rewinding: RewindFacts;
  /** How long a rewind may take, milliseconds; 0: for ever. */
  readonly rewindMsMax: number;
}

/** A Device resource as the daemon uses it; bytes, 0: none. */
export interface DeviceSettings {
  readonly name: string;
  readonly deviceType: string;
  readonly archiveDevice: string;
  /** Device Type File: the Archive Device is a drive, whose medium is one file, and no directory of Volumes. */
  readonly isDrive?: boolean;
  readonly mediaType: string;
  readonly labelMedia: boolean;
  /** Automatic Mount: what is in the drive is looked at when the daemon starts. */
  readonly mountsAtStart?: boolean;
  readonly isEnabled: boolean;
  readonly isAutoSelect: boolean;
  readonly isReadOnly: boolean;
  /** Longest gap between two looks for a medium that was asked for. */
  readonly pollMs?: number;
  /** Run after each job; what it says is told as a warning. "": none. */
  readonly alertCommand?: string;
  /** What Allowed Operations leaves out. */
  readonly forbidden?: readonly DeviceOperation[];
  readonly jobsMax: number;
  readonly blockBytesMin: number;
  readonly blockBytesMax: number;
  readonly blockChecksum: boolean;
  readonly volumeBytesMax: number;
  readonly fileBytesMax: number;
  /** Undefined: its media are no tapes. */
  readonly tape?: TapeSettings | undefined;
  /** The store of chunks beside its Volumes; undefined: it has none. */
  readonly store: StoreSettings | undefined;
  /** Where a file system must be mounted before anything is written; "": nothing is said. */
  readonly mountPoint: string;
  /** Free bytes that are left on the file system of the Volumes. */
  readonly freeBytesMin: number;
  /** How long a job waits for room when nobody can make any, milliseconds. */
  readonly roomWaitMs: number;
  /** Most bytes of one client's chunks. */
  readonly clientQuotaBytes: number;
  /** How often opening is tried again, how long between two tries and all in all, milliseconds. */
  readonly openRetries: number;
  readonly openRetryMs: number;
  readonly openWaitMs: number;
  readonly endCodes: readonly string[];
  readonly protectCodes: readonly string[];
  readonly ignoreCloseErrors: boolean;
  /** How long a program or pipe may stand still, milliseconds; 0: for ever. */
  readonly ioTimeoutMs: number;
  readonly appendCheck: AppendCheck;
  readonly formatCommand: string;
  /** Whether what was written or read is kept out of the page cache. */
  readonly isDirect: boolean;
  /** Where jobs collect data before it is written; "": the daemon's working directory. */
  readonly spoolDirectory: string;
  /** Most bytes collected by all jobs, and by one job unless it says otherwise. */
  readonly spoolBytesMax: number;
  readonly jobSpoolBytesMax: number;
  /** How long a probe of its file system may take, and how often one is made; milliseconds, 0: none is made. */
  readonly probeLimitMs: number;
  readonly probeIntervalMs: number;
}

/** Calls that open a program or pipe. */
const opening: ReadonlySet<DeviceCallName> = new Set(["label", "mountAppend", "openRead", "openScan"]);

/** A device of the daemon: its settings, its thread (started when first needed), and what the status shows of it. */
export class DeviceHost implements AsyncDisposable {
  readonly settings: DeviceSettings;
  /** The store of chunks beside its Volumes; undefined: it has none. */
  readonly store: StoreHost | undefined;
  #thread: DeviceThread | undefined;
  #listener: DeviceListener | undefined;
  #nextReader = 1;
  readonly #rewinds: RewindLimit;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #place: Disposable | undefined;
  /** The Volume that is appended to, for status. */
  appending: VolumeFacts | undefined;
  /** Volumes that are read, by reader. */
  readonly reading = new Map<number, string>();
  /** What the device is waiting for or doing, for status; "" if nothing. */
  activity = "";
  /** Looks whether its directory is mounted and writable; undefined: nobody does. */
  readonly places: Places | undefined;
  /** What can change its medium; undefined: the device is a directory of Volumes. */
  drive: Drive | undefined;
  /** How fast it writes the Volume at hand, and reads: for status. */
  readonly writeRate = new Rate();
  readonly readRate = new Rate();
  /** Whether its file system answers. */
  readonly trouble = new DeviceTrouble();
  /** What its jobs collect before it is written. */
  readonly spool: SpoolBudget;

  constructor(settings: DeviceSettings, store?: StoreHost, places?: Places) {
    this.settings = settings;
    this.places = places;
    this.spool = new SpoolBudget({ bytesMax: settings.spoolBytesMax, jobBytesMax: settings.jobSpoolBytesMax });
    this.store = store;
    this.#rewinds = new RewindLimit({
      maxMs: settings.tape?.rewindMsMax ?? 0,
      title: this.title,
      trouble: this.trouble,
    });
  }

  get name(): string {
    return this.settings.name;
  }

  /** The medium of the Volume that is appended to stays in the drive until it is let go of. */
  keepMedium(place: Disposable, volume: string, pool: string): void {
    this.#place?.[Symbol.dispose]();
    this.#place = place;
    this.drive?.saw(volume, pool);
  }

  letGoOfMedium(): void {
    this.#place?.[Symbol.dispose]();
    this.#place = undefined;
  }

  /** Whether a driver for its Device Type is there. */
  get hasDriver(): boolean {
    return hasDriver(this.settings.deviceType);
  }

  /** Bacula's VolType number. */
  get volType(): number {
    return volTypeOf(this.settings.deviceType);
  }

  /** Whether it writes to a program or a named pipe, through which a Volume goes once. */
  get isPipe(): boolean {
    return this.volType === PIPE_VOL_TYPE;
  }

  /** Whether what is written can be read again. */
  get keepsData(): boolean {
    return this.volType !== 11;
  }

  /** What messages call it: `File device "D1" (/backup)`. */
  get title(): string {
    return `${this.settings.deviceType} device "${this.name}" (${this.settings.archiveDevice})`;
  }

  /** Who hears the thread's reports. One at a time: the Appender of the device. */
  listen(listener: DeviceListener): void {
    this.#listener = listener;
  }

  async call<Name extends DeviceCallName>(
    name: Name,
    argument: DeviceCalls[Name]["argument"],
    transfer: readonly Transfer[] = [],
  ): Promise<DeviceCalls[Name]["result"]> {
    // Here and not in the thread: who gives up while the call waits for its turn there is not forgotten.
    if (opening.has(name)) Atomics.store(this.#stop, 0, 0);
    const thread = this.#open();
    const undo = name === "mountAppend" ? async () => await thread.call("dropAppend", null) : undefined;
    return await this.#rewinds.guarded(thread.call(name, argument, transfer), undo);
  }

  /** Opens a Volume for a reader. Where there is a store, the device's thread can ask it where chunks lie. */
  async openRead(readerId: number, volume: string, entries: readonly BootstrapEntry[]): Promise<void> {
    const locator = await this.store?.locator();
    await this.call("openRead", { readerId, volume, entries, locator }, locator === undefined ? [] : [locator]);
  }

  /** Ends a wait for a program or pipe in which the device's thread may be: nobody waits for it any more. */
  interrupt(): void {
    Atomics.store(this.#stop, 0, 1);
  }

  append(sessionId: number, number: number, batch: Uint8Array): void {
    this.#open().append(sessionId, number, batch);
  }

  newReaderId(): number {
    return this.#nextReader++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.[Symbol.asyncDispose]();
  }

  #open(): DeviceThread {
    if (this.#thread !== undefined) return this.#thread;
    const { settings } = this;
    const blockBytesMax =
      settings.blockBytesMax === 0 ? BLOCK_BYTES_DEFAULT : Math.max(settings.blockBytesMax, BLOCK_BYTES_LEAST);
    const engine = {
      blockBytesMax,
      blockBytesMin: settings.blockBytesMin,
      checksum: settings.blockChecksum,
      regionBytesMax: settings.fileBytesMax,
      fileBytesMax: settings.tape?.fileBytesMax ?? 0,
      endCodes: settings.endCodes,
      protectCodes: settings.protectCodes,
      ignoreCloseErrors: settings.ignoreCloseErrors,
      check: settings.appendCheck,
    };
    this.#thread = new DeviceThread(
      {
        device: {
          name: settings.name,
          deviceType: settings.deviceType,
          archiveDevice: settings.archiveDevice,
          isDrive: settings.isDrive === true,
          isDirect: settings.isDirect,
          ...(settings.tape === undefined
            ? {}
            : { tape: { ...settings.tape, rewinding: { ...settings.tape.rewinding, since: this.#rewinds.since } } }),
          freeBytesMin: settings.freeBytesMin,
          pipe: { timeoutMs: settings.ioTimeoutMs, openWaitMs: settings.openWaitMs, stop: this.#stop },
        },
        engine,
        hasStore: this.store !== undefined,
      },
      {
        report: (report: EngineReport) => this.#listener?.report(report),
        sessionFailed: (sessionId, error) => this.#listener?.sessionFailed(sessionId, error),
        died: (error) => {
          this.#thread = undefined;
          this.#listener?.died(error);
        },
      },
    );
    return this.#thread;
  }
}
