import { Worker } from "node:worker_threads";
import { impossible } from "#lib/base/assert.ts";
import { toTransfer } from "#lib/base/shared-buffer.ts";
import { reuseReceived } from "#lib/rpc/received-buffers.ts";
import { uncarried } from "#lib/errors/carried-error.ts";
import { ownBytes } from "./own-bytes.ts";
import { WaitingCalls } from "./waiting-calls.ts";
import { endSoon } from "../watch/end-soon.ts";
import type { DeviceCallName, DeviceCalls, DeviceThreadOptions, FromDevice, ToDevice } from "./device-protocol.ts";
import type { MessagePort } from "node:worker_threads";
import type { EngineReport } from "./append-engine.ts";

/** What may be given away to another thread. */
export type Transfer = ArrayBuffer | MessagePort;

/** Who hears what the thread tells unasked. */
export interface DeviceListener {
  report(report: EngineReport): void;
  sessionFailed(sessionId: number, error: Error): void;
  /** The thread itself has ended: nothing more can be done with the device. */
  died(error: Error): void;
}

/** The main thread's end of a device's thread. */
export class DeviceThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #listener: DeviceListener;
  readonly #calls = new WaitingCalls();

  constructor(options: DeviceThreadOptions, listener: DeviceListener) {
    this.#listener = listener;
    this.#worker = new Worker(new URL("./device-worker.ts", import.meta.url), {
      workerData: options,
      name: `device ${options.device.name}`,
    });
    this.#worker.on("message", (message: FromDevice) => this.#receive(message));
    this.#worker.on("error", (error) => this.#die(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on("exit", () => this.#die(new Error("the device's thread has ended")));
  }

  /** Makes a call in the thread; buffers in `transfer` are given away. Rejects with the OperatorError that was thrown there. */
  async call<Name extends DeviceCallName>(
    name: Name,
    argument: DeviceCalls[Name]["argument"],
    transfer: readonly Transfer[] = [],
  ): Promise<DeviceCalls[Name]["result"]> {
    return await this.#calls.make((id) => this.#post({ kind: "call", id, name, argument }, transfer));
  }

  /** Hands a batch over. Its buffer is given away when it belongs to the batch alone; else the batch is copied. */
  append(sessionId: number, number: number, batch: Uint8Array): void {
    const owned = ownBytes(batch);
    this.#post({ kind: "append", sessionId, number, batch: owned }, [owned.buffer]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#calls.refuse(new Error("the device's thread was stopped"));
    await endSoon(this.#worker);
  }

  #post(message: ToDevice, transfer: readonly Transfer[] = []): void {
    this.#worker.postMessage(message, toTransfer(transfer));
  }

  #receive(message: FromDevice): void {
    switch (message.kind) {
      case "result":
        this.#calls.resolve(message.id, message.value);
        return;
      case "failure":
        this.#calls.reject(message.id, message.error);
        return;
      case "spent":
        reuseReceived(new Uint8Array(message.buffer));
        return;
      case "report":
        this.#listener.report(message.report);
        return;
      case "sessionFailed":
        this.#listener.sessionFailed(message.sessionId, uncarried(message.error));
        return;
      default:
        impossible(message, "device thread");
    }
  }

  #die(error: Error): void {
    if (this.#calls.end(error)) this.#listener.died(error);
  }
}
