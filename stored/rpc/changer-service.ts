import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { inspecting, whyNot } from "../changer/operate-drive.ts";
import { whileTelling } from "../changer/told-lines.ts";
import type { Changer } from "../changer/changer.ts";
import type { Drive } from "../changer/drive.ts";
import type { ChangerPlace, ChangerReply, ChangerRequest } from "#proto/stored.ts";
import type { DeviceHost } from "../device/device-host.ts";

/** What the service finds devices by. */
export interface ChangerServiceParts {
  /** How many drives the Device or Autochanger has. */
  readonly drivesOf: (device: string) => number;
  /** The drive of a Device or Autochanger name; undefined if there is none. */
  readonly hostOf: (device: string, drive: number) => DeviceHost | undefined;
}

/** A request that found its changer. */
interface Wanted {
  readonly request: ChangerRequest;
  readonly changer: Changer;
  readonly drive: Drive;
  readonly host: DeviceHost;
}

type Outcome = Pick<ChangerReply, "places" | "slots" | "drives">;

const NOTHING: Outcome = { places: [], slots: 0, drives: 0 };

/** What Directors ask of changers: to look, and to move media. */
export class ChangerService {
  readonly #parts: ChangerServiceParts;

  constructor(parts: ChangerServiceParts) {
    this.#parts = parts;
  }

  /** Carries out one request: lines while it works, the outcome at the end. DEVICE_UNKNOWN, CHANGER_NONE. */
  async *serve(request: ChangerRequest, signal: AbortSignal): AsyncGenerator<ChangerReply> {
    if (request.action === "drives") {
      yield { line: "", ok: true, ...NOTHING, drives: this.#parts.drivesOf(request.device) };
      return;
    }
    const wanted = this.#find(request);
    try {
      const outcome = yield* act(wanted, signal);
      yield { line: "", ok: true, ...outcome };
    } catch (error) {
      if (!(error instanceof OperatorError) || signal.aborted) throw error;
      yield { line: `3998 ${describeError(error)}`, ok: false, ...NOTHING };
    }
  }

  #find(request: ChangerRequest): Wanted {
    const host = this.#parts.hostOf(request.device, request.drive);
    if (host === undefined)
      throw new OperatorError("DEVICE_UNKNOWN", `"${request.device.slice(0, 200)}" has no drive ${request.drive}`);
    const { drive } = host;
    const changer = drive?.changer;
    if (drive === undefined || changer === undefined)
      throw new OperatorError(
        "CHANGER_NONE",
        `3993 Device "${host.name}" (${host.settings.archiveDevice}) not an autochanger device.`,
      );
    return { request, changer, drive, host };
  }
}

async function* act(wanted: Wanted, signal: AbortSignal): AsyncGenerator<ChangerReply, Outcome> {
  const { request, changer, drive } = wanted;
  const { action, slot } = request;
  switch (action) {
    case "slots":
    case "list":
    case "listall":
    case "loaded":
      yield line(`3306 Issuing autochanger "${action}" command.`);
      return await look(wanted, signal);
    case "labels":
      return yield* readLabels(wanted, signal);
    case "load":
      requireSlot(slot);
      yield* lines(async (tell) => (await drive.take({ ...cause(tell), slot }, signal))[Symbol.dispose]());
      return NOTHING;
    case "unload":
      yield* lines(async (tell) => await drive.empty(cause(tell)));
      return NOTHING;
    case "transfer": {
      requireSlot(slot);
      requireSlot(request.toSlot);
      using _ = await changer.turn.acquire(signal);
      await changer.transfer(drive, slot, request.toSlot);
      return NOTHING;
    }
    default:
      throw new OperatorError("JOB_REQUEST_INVALID", `changers know no "${action.slice(0, 100)}"`);
  }
}

async function look({ request, changer, drive }: Wanted, signal: AbortSignal): Promise<Outcome> {
  using _ = await changer.turn.acquire(signal);
  const drives = changer.drives.length;
  switch (request.action) {
    case "slots":
      return { places: [], slots: await changer.slots(drive), drives };
    case "list":
      return { places: await changer.list(drive), slots: 0, drives };
    case "listall":
      return { places: await changer.listAll(drive), slots: 0, drives };
    default: {
      const from = await changer.loaded(drive);
      const place = { kind: "drive", number: drive.index, full: from > 0, barcode: "", loadedFrom: from };
      return { places: [place], slots: 0, drives };
    }
  }
}

/** Loads a slot and reads the label of its medium: told as the barcode of the place. */
async function* readLabels({ request, drive, host }: Wanted, signal: AbortSignal): AsyncGenerator<ChangerReply, Outcome> {
  requireSlot(request.slot);
  signal.throwIfAborted();
  const work = inspecting(host, drive, request.slot);
  let step = await work.next();
  for (; step.done !== true; step = await work.next()) yield line(step.value.line);
  const found = step.value;
  const volume = found.kind === "labeled" ? found.label.volume : "";
  if (found.kind === "labeled") yield line(`3001 Volume=${volume} Slot=${request.slot}`);
  else yield line(`3902 No Volume label was read from the medium of slot ${request.slot}: ${whyNot(found)}`);
  const place: ChangerPlace = { kind: "slot", number: request.slot, full: true, barcode: volume, loadedFrom: 0 };
  return { places: [place], slots: 0, drives: 0 };
}

async function* lines(work: (tell: (line: string) => void) => Promise<void>): AsyncGenerator<ChangerReply> {
  for await (const reply of whileTelling(work)) yield line(reply.line);
}

function line(text: string): ChangerReply {
  return { line: text, ...NOTHING };
}

function cause(tell: (text: string) => void) {
  return { volume: "", client: "", job: "", tell };
}

function requireSlot(slot: number): void {
  if (slot < 1) throw new OperatorError("JOB_REQUEST_INVALID", `slot ${slot} is none: slots count from 1`);
}
