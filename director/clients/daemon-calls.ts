import type { AccurateChunk, EstimateReply, EstimateRequest } from "#proto/filed.ts";
import type { SetDebugRequest } from "#proto/common.ts";
import type { DeviceReply, DeviceRequest, LabelRequest } from "#proto/stored.ts";

/** Lines of a daemon's answer to `status`. */
export interface StatusLines {
  readonly lines: readonly string[];
}

/**
 * What console commands ask of one file daemon. Every call dials if needed, is bounded in time, and throws an OperatorError
 * (RPC codes) that names the client and its address.
 */
export interface FileDaemonCalls {
  status(options: { readonly sections?: readonly string[]; readonly api?: boolean }, signal: AbortSignal): Promise<StatusLines>;
  /** Sends what an accurate estimate compares with, before it is asked for. */
  sendAccurate(chunks: AsyncIterable<AccurateChunk>, signal: AbortSignal): Promise<void>;
  estimate(request: EstimateRequest, signal: AbortSignal): AsyncIterable<EstimateReply>;
  setDebug(request: SetDebugRequest, signal: AbortSignal): Promise<void>;
}

/** What console commands ask of one storage daemon; likewise. */
export interface StorageDaemonCalls {
  status(options: { readonly sections?: readonly string[]; readonly api?: boolean }, signal: AbortSignal): Promise<StatusLines>;
  label(request: LabelRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  mount(request: DeviceRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  unmount(request: DeviceRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  release(request: DeviceRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  setDebug(request: SetDebugRequest, signal: AbortSignal): Promise<void>;
}

/** Access to every daemon that the configuration names, by resource name. */
export interface DaemonDirectory {
  fileDaemon(client: string): FileDaemonCalls;
  storageDaemon(storage: string): StorageDaemonCalls;
}
