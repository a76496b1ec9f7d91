import { OperatorError } from "#lib/errors/operator-error.ts";
import { onAbort } from "#lib/base/abort.ts";
import { must } from "#lib/base/assert.ts";
import { chooseDevice } from "./choose-device.ts";
import type { DeviceChoice, DeviceState, DeviceUse, DeviceWish } from "./choose-device.ts";

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
  /** Most time to wait for a device that the operator has unmounted; undefined: no limit. */
  readonly blockedMsMax?: number;
}

/** What the reservations of a daemon depend on besides its devices. */
export interface ReservationRules {
  /** Most jobs of the daemon at once; 0: no limit. */
  readonly jobsMax?: number;
  /** What is in a device now. */
  readonly inside?: (device: string) => Pick<DeviceState, "volume" | "pool" | "isVolumeTaken"> | undefined;
}

/** A job lets this many others pass to devices that it could use itself; then they queue up behind it. */
const PASSED_MAX = 16;

/** Timers know no longer time: 24 days. */
const TIMER_MS_MAX = 2 ** 31 - 1;

interface Waiting {
  readonly wish: DeviceWish;
  readonly waiter: ReservationWaiter;
  readonly done: PromiseWithResolvers<string>;
  reason: string;
  /** Younger jobs that got a device which this one could use as well. */
  passed: number;
  /** Runs while it waits for an operator. */
  blockedTimer: NodeJS.Timeout | undefined;
}

/** Gives devices to jobs: first come first served among those whose device is free. */
export class Reservations {
  readonly #devices = new Map<string, DeviceState>();
  readonly #queue: Waiting[] = [];

  readonly #rules: ReservationRules;
  /** Jobs that have a device. */
  #jobs = 0;

  constructor(devices: readonly Omit<DeviceState, "use">[], rules: ReservationRules = {}) {
    this.#rules = rules;
    for (const device of devices) this.#devices.set(device.name, { ...device, use: { kind: "idle" } });
  }

  /** Lines for status: which job waits for what. */
  get waiting(): readonly { readonly label: string; readonly reason: string }[] {
    return this.#queue.map(({ waiter, reason }) => ({ label: waiter.label, reason }));
  }

  /** Something has changed that the choice of a device depends on. */
  lookAgain(): void {
    this.#serve();
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
    this.#devices.set(device, { ...state, use: { kind: "alone", jobs: 0 } });
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
    const waiting: Waiting = { wish, waiter, done: Promise.withResolvers(), reason: "", passed: 0, blockedTimer: undefined };
    this.#queue.push(waiting);
    this.#serve();
    using _ = onAbort(signal, (reason) => {
      const at = this.#queue.indexOf(waiting);
      if (at >= 0) this.#queue.splice(at, 1);
      clearTimeout(waiting.blockedTimer);
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
    // Devices that older jobs have waited for long enough.
    const kept = new Set<string>();
    const older: Waiting[] = [];
    for (const waiting of [...this.#queue]) {
      const choice = this.#choose(waiting.wish, kept);
      if (choice.kind === "wait") {
        this.#waits(waiting, choice);
        older.push(waiting);
        if (waiting.passed >= PASSED_MAX) for (const device of this.#fitting(waiting.wish)) kept.add(device);
        continue;
      }
      this.#queue.splice(this.#queue.indexOf(waiting), 1);
      clearTimeout(waiting.blockedTimer);
      if (choice.kind === "never")
        waiting.done.reject(new OperatorError("JOB_NO_DEVICE", `no device can serve the job: ${choice.reason}`));
      else {
        for (const other of older) if (this.#fitting(other.wish).includes(choice.device)) other.passed += 1;
        this.#enter(choice.device, waiting.wish);
        waiting.done.resolve(choice.device);
      }
    }
  }

  #choose(wish: DeviceWish, kept: ReadonlySet<string>): DeviceChoice {
    const { jobsMax = 0, inside } = this.#rules;
    const states = new Map([...this.#devices].map(([name, state]) => [name, { ...state, ...inside?.(name) }]));
    const choice = chooseDevice(states, wish);
    if (choice.kind !== "take") return choice;
    const busy = (reason: string): DeviceChoice => ({ kind: "wait", reason, isBlocked: false });
    if (jobsMax > 0 && this.#jobs >= jobsMax) return busy(`the storage daemon runs its most of ${jobsMax} jobs`);
    if (!kept.has(choice.device)) return choice;
    const left = wish.devices.filter((device) => !kept.has(device));
    const next = left.length === 0 ? choice : chooseDevice(states, { ...wish, devices: left });
    return next.kind === "take" && next !== choice ? next : busy(`a job that came earlier waits for "${choice.device}"`);
  }

  /** Devices that could serve the wish if nothing else was on them. */
  #fitting(wish: DeviceWish): readonly string[] {
    return wish.devices.filter((name) => {
      const state = this.#devices.get(name);
      if (state === undefined) return false;
      const alone = new Map([[name, { ...state, use: { kind: "idle" as const }, isBlocked: false, isHung: false }]]);
      return chooseDevice(alone, { ...wish, devices: [name] }).kind === "take";
    });
  }

  #waits(waiting: Waiting, choice: DeviceChoice & { readonly kind: "wait" }): void {
    const { waiter } = waiting;
    if (!choice.isBlocked) {
      clearTimeout(waiting.blockedTimer);
      waiting.blockedTimer = undefined;
    } else if (waiter.blockedMsMax !== undefined)
      waiting.blockedTimer ??= setTimeout(() => this.#expire(waiting), Math.min(waiter.blockedMsMax, TIMER_MS_MAX));
    if (waiting.reason === choice.reason) return;
    waiting.reason = choice.reason;
    waiter.waits(choice.reason, choice.isBlocked);
  }

  /** No operator has come in time. */
  #expire(waiting: Waiting): void {
    const at = this.#queue.indexOf(waiting);
    if (at < 0) return;
    this.#queue.splice(at, 1);
    waiting.done.reject(
      new OperatorError("JOB_NO_VOLUME", `no operator has mounted a device within the time allowed: ${waiting.reason}`),
    );
  }

  #enter(name: string, wish: DeviceWish): void {
    this.#jobs += 1;
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
    this.#jobs -= 1;
    const state = must(this.#devices.get(name), `device ${name}`);
    const { use } = state;
    if (use.kind === "idle" || use.kind === "alone") return;
    this.#devices.set(name, { ...state, use: use.jobs <= 1 ? { kind: "idle" } : { ...use, jobs: use.jobs - 1 } });
    this.#serve();
  }
}
