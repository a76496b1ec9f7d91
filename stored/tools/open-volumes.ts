import { readFile } from "node:fs/promises";
import { parseBootstrap } from "#lib/bootstrap/bootstrap-text.ts";
import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { LABEL_PROBE_BYTES, readLabelBlock } from "#stored/volume/label-block.ts";
import { volumeSteps } from "#stored/volume/select.ts";
import { openToolDevice } from "./tool-device.ts";
import type { Medium } from "#stored/device/device.ts";
import type { LabelBlock } from "#stored/volume/label-block.ts";
import type { VolumeStep } from "#stored/volume/select.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";
import type { ToolDevice } from "./tool-device.ts";
import type { ToolLine } from "./tool-line.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** A Volume that is open for reading. It is closed when the next one is asked for. */
export interface OpenVolume {
  readonly volume: string;
  readonly medium: Medium;
  /** Undefined: it cannot be read, and the operator said to go on. */
  readonly label: LabelBlock | undefined;
  readonly entries: readonly BootstrapEntry[];
}

/** What Volumes are read from which device. */
export interface VolumeWish {
  /** Name of a resource, or a path. */
  readonly device: string;
  readonly configFile: string | undefined;
  /** `V1|V2`. */
  readonly volumes: string | undefined;
  /** Path of a bootstrap file; it names the Volumes, too. */
  readonly bootstrap: string | undefined;
  /** Go on with Volumes whose label cannot be read. */
  readonly mustProceed: boolean;
}

/** The wish of a command line with Bacula's usual flags -c, -V, -b and -p; the device is its first argument. */
export function volumeWish(line: ToolLine, volumesFlag = "V"): VolumeWish {
  return {
    device: line.operands[0]!,
    configFile: line.value("c"),
    volumes: line.value(volumesFlag),
    bootstrap: line.value("b"),
    mustProceed: line.has("p"),
  };
}

/** Opens the Volumes of a tool one after the other; those that are not there are asked for. */
export class VolumeMounts {
  readonly device: ToolDevice;
  readonly steps: readonly VolumeStep[];
  readonly #mustProceed: boolean;
  readonly #voice: ToolVoice;
  readonly #signal: AbortSignal;

  private constructor(
    device: ToolDevice,
    steps: readonly VolumeStep[],
    options: { readonly mustProceed: boolean; readonly voice: ToolVoice; readonly signal: AbortSignal },
  ) {
    this.device = device;
    this.steps = steps;
    this.#mustProceed = options.mustProceed;
    this.#voice = options.voice;
    this.#signal = options.signal;
  }

  /** Finds the device and what is to be read. DEVICE_UNKNOWN, BOOTSTRAP_INVALID, and what a configuration can be. */
  static async open(wish: VolumeWish, voice: ToolVoice, signal: AbortSignal): Promise<VolumeMounts> {
    const device = await openToolDevice(wish.device, wish.configFile);
    voice.say(`Using device: "${device.facts.name}" for reading.`);
    const steps = await stepsOf(wish, device);
    if (steps.length === 0)
      throw new OperatorError("VOLUME_NOT_FOUND", "No volumes specified for reading.", {
        hint: "name them with -V 'Volume1|Volume2', or give a bootstrap file with -b",
      });
    return new VolumeMounts(device, steps, { mustProceed: wish.mustProceed, voice, signal });
  }

  /** The Volumes in order, each closed before the next is opened. */
  async *volumes(): AsyncGenerator<OpenVolume, void, undefined> {
    for (const step of this.steps) {
      const { medium, label } = await this.#mount(step.volume);
      try {
        this.#voice.message(
          `Ready to read from volume "${step.volume}" on ${this.device.facts.deviceType} device ${this.device.title}.`,
        );
        yield { volume: step.volume, medium, label, entries: step.entries };
      } finally {
        medium.close();
      }
    }
  }

  /** Opens a Volume; while it is not there, or another is in its place, the operator is asked to bring it. */
  async #mount(volume: string): Promise<{ readonly medium: Medium; readonly label: LabelBlock | undefined }> {
    for (;;) {
      try {
        return this.#tryOpen(volume);
      } catch (error) {
        if (!(error instanceof OperatorError) || !awaitable.has(error.code)) throw error;
        this.#voice.warning(
          `Read open ${this.device.facts.deviceType} device ${this.device.title} Volume "${volume}" failed: ERR=${describeError(error)}`,
        );
        const request = `Mount Volume "${volume}" on device ${this.device.title} and press return when ready: `;
        const isThere = await this.#voice.ask(request, this.#signal);
        if (isThere) continue;
        this.#voice.plain("");
        throw error;
      }
    }
  }

  #tryOpen(volume: string): { readonly medium: Medium; readonly label: LabelBlock | undefined } {
    const medium = this.device.driver.open(volume, "read");
    try {
      return { medium, label: this.#labelOf(medium, volume) };
    } catch (error) {
      medium.close();
      throw error;
    }
  }

  #labelOf(medium: Medium, volume: string): LabelBlock | undefined {
    const start = new Uint8Array(LABEL_PROBE_BYTES);
    const bytes = medium.readAt(start, 0);
    let label: LabelBlock;
    try {
      label = readLabelBlock(start.subarray(0, bytes));
    } catch (error) {
      if (!(error instanceof OperatorError) || !this.#mustProceed) throw error;
      this.#voice.error(`Volume "${volume}" at address 0: ${describeError(error)}`);
      return undefined;
    }
    if (label.label.volume === volume) return label;
    const text = `what is there for Volume "${volume}" is labeled "${label.label.volume}"`;
    // A copy under another name, given by its path, is meant by whoever gave it.
    if (this.device.volume !== volume) throw new OperatorError("VOLUME_WRONG_LABEL", text);
    this.#voice.warning(text);
    return label;
  }
}

/** Failures that an operator can mend by bringing the right medium. */
const awaitable: ReadonlySet<string> = new Set([
  "VOLUME_NOT_FOUND",
  "VOLUME_WRONG_LABEL",
  "VOLUME_NOT_LABELED",
  "DEVICE_OPEN_FAILED",
]);

async function stepsOf(wish: VolumeWish, device: ToolDevice): Promise<readonly VolumeStep[]> {
  if (wish.bootstrap !== undefined) return volumeSteps(parseBootstrap(await textOf(wish.bootstrap), wish.bootstrap));
  const names = wish.volumes?.split("|").filter((name) => name !== "") ?? (device.volume === undefined ? [] : [device.volume]);
  return names.map((volume) => ({ volume, mediaType: "", entries: [wholeVolume(volume)] }));
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new OperatorError("BOOTSTRAP_INVALID", `Unable to open bootstrap file ${path}`, { cause });
  }
}

/** The entry of a bootstrap that selects all of a Volume. */
function wholeVolume(volume: string): BootstrapEntry {
  return {
    volume, mediaType: "", device: "", slot: 0, volSessionId: 0, volSessionTime: 0, addresses: [], fileIndexes: [], count: 0,
    fileRegex: "", session: undefined, jobId: 0, streams: [],
  }; // prettier-ignore
}
