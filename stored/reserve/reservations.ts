import { OperatorError } from "#lib/errors/operator-error.ts";
import { onAbort } from "#lib/base/abort.ts";
import { must } from "#lib/base/assert.ts";
import { chooseDevice } from "./choose-device.ts";
import type { DeviceState, DeviceUse, DeviceWish } from "./choose-device.ts";

/** A device that a job holds; let go by disposing of it. */
export interface Reservation extends Disposable {
  readonly device: string;
}

/** Who is told while a job waits. */
export interface ReservationWaiter {
  /** Names the job in status. */
  readonly label: string;
  /** Why it waits now; told when that changes. */
  waits(reason: string, isBlocked: boolean): void;
}

interface Waiting {
  readonly wish: DeviceWish;
  readonly waiter: ReservationWaiter;
  readonly done: PromiseWithResolvers<string>;
  reason: string;
}

/** Gives devices to jobs: first come first served among those whose device is free. */
export class Reservations {
  readonly #devices = new Map<string, DeviceState>();
  readonly #queue: Waiting[] = [];

  constructor(devices: readonly Omit<DeviceState, "use">[]) {
    for (const device of devices) this.#devices.set(device.name, { ...device, use: { kind: "idle" } });
  }

  /** Lines for status: which job waits for what. */
  get waiting(): readonly { readonly label: string; readonly reason: string }[] {
    return this.#queue.map(({ waiter, reason }) => ({ label: waiter.label, reason }));
  }

  /** What the device is busy with. */
  useOf(device: string): DeviceUse {
    return must(this.#devices.get(device), `device ${device}`).use;
  }

  isBlocked(device: string): boolean {
    return must(this.#devices.get(device), `device ${device}`).isBlocked;
  }

  /** The operator unmounted the device (true) or mounted it again (false). */
  setBlocked(device: string, isBlocked: boolean): void {
    const state = must(this.#devices.get(device), `device ${device}`);
    this.#devices.set(device, { ...state, isBlocked });
    this.#serve();
  }

  /** The device's file system does not answer (true) or does again (false). */
  setHung(device: string, isHung: boolean): void {
    const state = must(this.#devices.get(device), `device ${device}`);
    this.#devices.set(device, { ...state, isHung });
    this.#serve();
  }

  /** Takes a device for something that must have it alone (label). DEVICE_BUSY if a job has it. */
  takeAlone(device: string): Disposable {
    const state = must(this.#devices.get(device), `device ${device}`);
    if (state.use.kind !== "idle")
      throw new OperatorError("DEVICE_BUSY", `device "${device}" is in use by ${state.use.jobs} job(s)`);
    this.#devices.set(device, { ...state, use: { kind: "read", jobs: Number.MAX_SAFE_INTEGER } });
    return {
      [Symbol.dispose]: () => {
        this.#devices.set(device, { ...must(this.#devices.get(device), "the device"), use: { kind: "idle" } });
        this.#serve();
      },
    };
  }

  /** Waits for a device. JOB_NO_DEVICE when none can ever do; rejects with the signal's reason when that aborts. */
  async reserve(wish: DeviceWish, waiter: ReservationWaiter, signal: AbortSignal): Promise<Reservation> {
    signal.throwIfAborted();
    const waiting: Waiting = { wish, waiter, done: Promise.withResolvers(), reason: "" };
    this.#queue.push(waiting);
    this.#serve();
    using _ = onAbort(signal, (reason) => {
      const at = this.#queue.indexOf(waiting);
      if (at >= 0) this.#queue.splice(at, 1);
      waiting.done.reject(reason);
    });
    const device = await waiting.done.promise;
    const reservation = this.#reservation(device);
    if (signal.aborted) reservation[Symbol.dispose]();
    signal.throwIfAborted();
    return reservation;
  }

  /** Looks through the queue, oldest first, for those that can go now. */
  #serve(): void {
    for (const waiting of [...this.#queue]) {
      const choice = chooseDevice(this.#devices, waiting.wish);
      if (choice.kind === "wait") {
        if (waiting.reason !== choice.reason) {
          waiting.reason = choice.reason;
          waiting.waiter.waits(choice.reason, choice.isBlocked);
        }
        continue;
      }
      this.#queue.splice(this.#queue.indexOf(waiting), 1);
      if (choice.kind === "never")
        waiting.done.reject(new OperatorError("JOB_NO_DEVICE", `no device can serve the job: ${choice.reason}`));
      else {
        this.#enter(choice.device, waiting.wish);
        waiting.done.resolve(choice.device);
      }
    }
  }

  #enter(name: string, wish: DeviceWish): void {
    const state = must(this.#devices.get(name), `device ${name}`);
    const jobs = (state.use.kind === "idle" ? 0 : state.use.jobs) + 1;
    const use: DeviceUse =
      wish.work.kind === "append" ? { kind: "append", pool: wish.work.pool, jobs } : { kind: "read", jobs };
    this.#devices.set(name, { ...state, use });
  }

  #reservation(device: string): Reservation {
    let isHeld = true;
    return {
      device,
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#leave(device);
      },
    };
  }

  #leave(name: string): void {
    const state = must(this.#devices.get(name), `device ${name}`);
    const { use } = state;
    if (use.kind === "idle") return;
    this.#devices.set(name, { ...state, use: use.jobs <= 1 ? { kind: "idle" } : { ...use, jobs: use.jobs - 1 } });
    this.#serve();
  }
}
